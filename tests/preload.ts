import { afterAll, setDefaultTimeout } from "bun:test";
import { removeProjects } from "./support/project.ts";
import { stopServers } from "./support/servers.ts";

// The first test on a server also waits for initdb.
setDefaultTimeout(60_000);

// A preload file's hook runs once, after the last test of the whole run.
afterAll(async () => {
  await stopServers();
  await removeProjects();
});
