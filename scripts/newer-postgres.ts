import { join } from "node:path";
import { newerNames, readNames, renderNames, type Names } from "../tests/support/newer-names.ts";
import { ROOT } from "../tests/support/postgres-binaries.ts";
import { type Major, startServer, stopServers } from "../tests/support/servers.ts";

const MAJORS: readonly Major[] = [14, 15, 16, 17, 18];

const known: (readonly [Major, Names])[] = [];
for (const major of MAJORS) {
  const server = await startServer({ major });
  known.push([major, await readNames((sql) => server.sql(sql))]);
  await server.stop();
}
const file = join(ROOT, "src", "sql", "newer-names.ts");
await Bun.write(file, renderNames(newerNames(known)));
await stopServers();
console.log(`Wrote ${file}`);
