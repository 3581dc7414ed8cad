import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { temporaryProject } from "../../support/project.ts";

const LOCK = join(import.meta.dir, "..", "..", "..", "src", "files", "lock.ts");

test("one process at a time has a folder's lock, also where those before it were killed with it", async () => {
  await using project = await temporaryProject({ count: "0" });
  // Reading and writing apart loses counts as soon as two do it at once.
  const script = `
    import { readFileSync, writeFileSync } from "node:fs";
    import { withFolderLock } from ${JSON.stringify(LOCK)};
    for (let i = 0; i < 20; i++) {
      await withFolderLock(${JSON.stringify(project.dir)}, ".", async () => {
        const count = Number(readFileSync("count", "utf8"));
        await Bun.sleep(1);
        writeFileSync("count", String(count + 1));
        if (process.argv.includes("die") && i === 9) process.kill(process.pid, "SIGKILL");
      });
    }`;
  await project.write("work.ts", script);
  const start = (...args: string[]): Promise<number> =>
    Bun.spawn([process.execPath, "work.ts", ...args], { cwd: project.dir, stderr: "inherit" }).exited;
  await Promise.all([start(), start("die"), start(), start("die")]);
  expect(await project.read("count")).toBe("60");
  // The last lock may be that of one that was killed.
  await start();
  expect(readdirSync(project.dir).toSorted()).toEqual(["count", "work.ts"]);
});
