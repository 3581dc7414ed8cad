import { expect, test } from "bun:test";
import { runBinary } from "../support/cli.ts";
import { temporaryProject } from "../support/project.ts";
import { readDocument } from "./document.ts";
import { cliProject, OLDEST_AND_NEWEST } from "./project.ts";

test.each(OLDEST_AND_NEWEST)("PostgreSQL %d: status and config show say what answers", async (major) => {
  await using project = await cliProject({ "db/migrations/001_a.sql": "SELECT 1;" }, { major });
  const engine = {
    name: "PostgreSQL",
    version: expect.stringMatching(new RegExp(`^${major}\\.`)),
    embedded: false,
    citus: null,
  };
  expect(readDocument(await project.succeed(["migrate", "status", "--format", "json"]))).toMatchObject({ engine });
  expect((await project.succeed(["migrate", "status", "--verbose"])).stderr).toContain(`PostgreSQL ${major}.`);
  const shown = await project.succeed(["config", "show", "--connect", "--format", "json"]);
  expect(readDocument(shown)).toMatchObject({ engine });
  expect((await project.succeed(["config", "show", "--connect"])).stdout).toContain(`PostgreSQL ${major}.`);
});

test("config show works without a server, and asks one only when told to", async () => {
  await using project = await temporaryProject({
    "db/environments/local.yaml": "database: postgres://someone@127.0.0.1:1/nowhere\n",
    "db/environments/inside.yaml": "database:\n  engine: embedded\n  path: ':memory:'\n",
  });
  const options = { cwd: project.dir, timeout: 60_000 };
  const shown = await runBinary(["config", "show", "--format", "json"], options);
  expect(readDocument(shown)).toMatchObject({ exitCode: 0, engine: null });
  const asked = await runBinary(["config", "show", "--connect", "--format", "json"], options);
  expect(readDocument(asked)).toMatchObject({ exitCode: 5, error: { code: "connect_failed" } });
  const inside = await runBinary(["config", "show", "--connect", "-e", "inside"], options);
  expect(inside).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/PostgreSQL 18\S* \(embedded\)/) });
});
