import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { newestServer, serverEngines } from "../../support/engines.ts";
import { placeOf } from "../failure.ts";
import { migrating } from "./migrating.ts";

const TYPESCRIPT = `import { Migration } from "confiture";
export default class Four extends Migration {
  up() { this.execute("CREATE TABLE four (id int)"); }
  down() { this.execute("DROP TABLE four"); }
}
`;

// How files are read is the same on every engine, and the embedded one takes its time to start.
for (const engine of newestServer) {
  describe(engine.name, () => {
    test("every form goes up and down again", async () => {
      await using m = await migrating(engine, {
        "001_pair.up.sql": "CREATE TABLE one (id int);",
        "001_pair.down.sql": "DROP TABLE one;",
        "002_sections.sql":
          "-- migrate:up\nCREATE TABLE two (id int);\nINSERT INTO two VALUES (1);\n\n-- migrate:down\nDROP TABLE two;\n",
        "003_plain.up.sql": "CREATE TABLE three (id int)",
        "003_plain.down.sql": "-- migrate:down\nDROP TABLE three",
        "004_typescript.ts": TYPESCRIPT,
      });
      const tables = (): Promise<object[]> =>
        m.query("SELECT relname FROM pg_class WHERE relname IN ('one', 'two', 'three', 'four') ORDER BY 1");

      expect(await m.up()).toEqual({
        results: ["001 done", "002 done", "003 done", "004 done"],
        error: undefined,
        refused: false,
      });
      expect(await tables()).toHaveLength(4);
      expect(await m.up()).toEqual({ results: [], error: undefined, refused: false });

      expect((await m.down({ to: "0" })).results).toEqual(["004 done", "003 done", "002 done", "001 done"]);
      expect(await tables()).toEqual([]);
      expect(await m.recorded()).toEqual([]);
    });

    test("the ledger's row says what was applied, when, by whom, and for how long", async () => {
      const file = "-- migrate:up\r\nCREATE TABLE one (id int);\r\nSELECT pg_sleep(0.06);\r\n";
      await using m = await migrating(engine, { "007_first_one.sql": file });
      const before = Date.now();
      expect((await m.up()).error).toBeUndefined();
      const [row] = await m.query(
        "SELECT *, extract(epoch FROM applied_at)::float8 * 1000 AS at FROM confiture_migrations",
      );
      expect(row).toMatchObject({
        version: "007",
        name: "first_one",
        checksum: createHash("sha256").update(file.replaceAll("\r\n", "\n")).digest("hex"),
        applied_by: "postgres",
        tool_version: "9.8.7",
        state: "applied",
        statements_done: null,
        statements_total: null,
      });
      expect(Number(row?.["execution_ms"])).toBeWithin(60, 30_000);
      expect(row?.["at"]).toBeWithin(before - 1000, Date.now() + 1000);
    });

    test("1, 2, 10 and a timestamp run in the order of their numbers", async () => {
      const step = (n: string): string => `INSERT INTO steps (name) VALUES ('${n}')`;
      await using m = await migrating(engine, {
        "10_c.sql": step("10"),
        "2_b.sql": step("2"),
        "20251012103000_e.sql": step("20251012103000"),
        "1_a.sql": "CREATE TABLE steps (id serial, name text)",
        "0011_d.up.sql": step("0011"),
        "20251012103000123456_f.sql": step("later"),
      });
      expect((await m.up()).error).toBeUndefined();
      expect(await m.query("SELECT name FROM steps ORDER BY id")).toEqual(
        ["2", "10", "0011", "20251012103000", "later"].map((name) => ({ name })),
      );
    });
  });
}

// What is wrong with the files themselves is told before any connection is made.
describe.each([
  ["two of one version", ["001_a.sql", "001_b.sql"], "migration_duplicate"],
  ["two of one version across forms", ["001_a.sql", "001_a.ts"], "migration_duplicate"],
  ["two of one version with other zeros", ["01_a.up.sql", "1_b.sql"], "migration_duplicate"],
  ["two ways back", ["001_a.up.sql", "001_a.down.sql", "001_b.down.sql"], "migration_duplicate"],
] as const)("%s", (_what, files, code) => {
  test("is refused without a connection", async () => {
    const nowhere = {
      engine: "server",
      host: "127.0.0.1",
      port: 1,
      database: "none",
      user: "none",
      tls: { mode: "disable" },
      connectTimeout: 100,
      applicationName: "tests",
    } as const;
    const engine = {
      ...serverEngines[0]!,
      fresh: async () => ({
        target: nowhere,
        url: undefined,
        query: () => Promise.reject(new Error("no database")),
        drop: async () => {},
        [Symbol.asyncDispose]: async () => {},
      }),
    };
    await using m = await migrating(engine, Object.fromEntries(files.map((name) => [name, "SELECT 1"])));
    for (const { error, refused } of [await m.up(), await m.down()]) {
      expect(error).toMatchObject({ code, exitCode: 7 });
      expect(refused).toBe(true);
      expect(files.map((name) => `db/migrations/${name}`)).toContain(placeOf(error));
    }
  });
});
