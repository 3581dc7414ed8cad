import { describe, expect, test } from "bun:test";
import { chmod, cp } from "node:fs/promises";
import { BINARY, builtBinary, runBinary } from "../support/cli.ts";
import { temporaryProject } from "../support/project.ts";

const NAMELESS = ["--reuid=12345", "--regid=12345", "--clear-groups"];

describe.skipIf(process.platform !== "linux" || process.getuid?.() !== 0)(
  "a numeric user without a name and without HOME, as in a container",
  () => {
    const run = async (args: readonly string[], env: Readonly<Record<string, string>>) => {
      await builtBinary();
      await using project = await temporaryProject({
        "db/environments/local.yaml": "database:\n  engine: embedded\n  path: ':memory:'\n",
        "db/schema/a.sql": "CREATE TABLE a (id int);\n",
        "db/migrations/001_a.sql": "CREATE TABLE a (id int);\n",
      });
      const copy = project.path("confiture");
      await cp(BINARY, copy);
      for (const path of [project.path(".."), project.dir, copy]) await chmod(path, 0o755);
      return await runBinary([...NAMELESS, copy, ...args], {
        binary: "setpriv",
        cwd: project.dir,
        env: { HOME: "", ...env },
      });
    };

    test.each(["config show", "migrate status", "verify"])("%s", async (line) => {
      expect(await run(line.split(" "), {})).toMatchObject({ exitCode: 0 });
    });

    test.each(["config show", "migrate test", "verify", "lint --all", "build --output /dev/null"])(
      "what asks no server needs no user of one: %s",
      async (line) => {
        const { exitCode, stderr } = await run(line.split(" "), { CONFITURE_DATABASE_URL: "postgres://127.0.0.1:1/x" });
        expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.not.stringContaining("error:") });
      },
    );

    test("a server's user has to be given", async () => {
      const { exitCode, stderr } = await run(["migrate", "status"], {
        CONFITURE_DATABASE_URL: "postgres://127.0.0.1:1/x",
      });
      expect(exitCode).toBe(4);
      expect(stderr).toContain("PGUSER");
    });
  },
);

test.skipIf(process.platform === "win32").each([
  ["without USER", {}],
  ["with another USER", { USER: "bob", LOGNAME: "bob" }],
])("the user is the one whose rights the process has, as for psql, %s", async (_what, env) => {
  const url = "postgres://127.0.0.1:1/x";
  const { stdout } = await runBinary(["config", "show", "--database-url", url], { env });
  const name = Bun.spawnSync(["id", "-un"]).stdout.toString().trim();
  expect(stdout).toMatch(new RegExp(`^database\\.user +${RegExp.escape(name)} `, "m"));
});
