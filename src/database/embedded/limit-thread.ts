import { workerData } from "node:worker_threads";
import { WatchedWork } from "./limit.ts";

new WatchedWork((workerData as { readonly shared: SharedArrayBuffer }).shared).watch();
