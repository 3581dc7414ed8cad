import { expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, readdirSync } from "node:fs";
import { dirname } from "node:path";
import { BINARY, runBinary, type RunResult } from "../support/cli.ts";
import { temporaryProject } from "../support/project.ts";

setDefaultTimeout(120_000);

const isRoot = process.getuid?.() === 0;
const setpriv = Bun.which("setpriv");
const NOBODY = ["--reuid", "65534", "--regid", "65534", "--clear-groups", BINARY];

// Root may write everywhere, and so runs it as nobody.
test.skipIf(process.platform === "win32" || (isRoot && setpriv === null))(
  "an embedded database that may not be written to says what it needs, and is not called broken",
  async () => {
    await using project = await temporaryProject({
      "db/environments/local.yaml": "database:\n  engine: embedded\n  path: kept/local\n",
      "db/migrations/001_users.sql": "CREATE TABLE users (id int);\n",
    });
    for (const folder of [dirname(project.dir), project.dir]) chmodSync(folder, 0o755);
    expect(await runBinary(["migrate", "up"], { cwd: project.dir })).toMatchObject({ exitCode: 0 });
    const kept = project.path("kept");
    const paths = readdirSync(kept, { recursive: true, encoding: "utf8" }).map((name) => `${kept}/${name}`);
    const readable = (isFolder: boolean): number => (isFolder ? 0o555 : 0o444);
    const folders = new Set(paths.map((path) => path.replace(/\/[^/]*$/, "")));
    for (const path of paths) chmodSync(path, readable(folders.has(path)));
    const status = async (): Promise<RunResult> => {
      const args = ["migrate", "status"];
      if (!isRoot) return await runBinary(args, { cwd: project.dir });
      return await runBinary([...NOBODY, ...args], { cwd: project.dir, binary: setpriv! });
    };
    // First all of it, then with the folders around the files writable.
    for (const [writable, inTheWay] of [
      [[], "kept"],
      [["kept"], "kept/local"],
      [["kept", "kept/local"], "kept/local/PG_VERSION"],
    ] as const) {
      chmodSync(kept, 0o555);
      for (const path of writable) chmodSync(project.path(path), 0o777);
      const { exitCode, stderr } = await status();
      expect(exitCode).toBe(1);
      expect(stderr).toContain(`cannot be opened: permission denied (${project.path(inTheWay)})`);
      expect(stderr).toContain("both folders have to be writable");
      expect(stderr).not.toContain("Delete");
    }
    for (const path of paths) chmodSync(path, 0o777);
    expect(await status()).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("001_users (applied") });
  },
);
