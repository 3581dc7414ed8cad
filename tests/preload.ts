import { afterAll, setDefaultTimeout } from "bun:test";
import { removeProjects } from "./support/project.ts";

// The first test on a server also waits for initdb.
setDefaultTimeout(60_000);

// After each file of a worker, and once where there are no workers. Servers stay for the files that follow.
afterAll(removeProjects);
