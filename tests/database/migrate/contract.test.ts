import { describe, expect, test } from "bun:test";
import { resume } from "#migrate/migrator.ts";
import { newestServer } from "../../support/engines.ts";
import { migrating, type Outcome, outcomeOf } from "./migrating.ts";

const EXPAND = `-- migrate:up phase:expand change:names
ALTER TABLE users ADD COLUMN first_name text;
CREATE FUNCTION split() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN NEW.first_name := split_part(NEW.full_name, ' ', 1); RETURN NEW; END $$;
CREATE TRIGGER "~split" BEFORE INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION split();
ALTER TABLE users ADD CONSTRAINT named CHECK (first_name <> '') NOT VALID;`;

const FILES = {
  "001_users.sql": `CREATE TABLE users (id bigint PRIMARY KEY, full_name text NOT NULL);
INSERT INTO users SELECT i, 'Ada ' || i FROM generate_series(1, 300) AS i;`,
  "002_expand.sql": EXPAND,
  "003_fill.sql": `-- migrate:up backfill:users change:names batch:100
UPDATE users SET first_name = split_part(full_name, ' ', 1) WHERE first_name IS NULL;`,
  "004_validate.sql": "-- migrate:up after:003\nALTER TABLE users VALIDATE CONSTRAINT named;",
  "005_contract.sql": `-- migrate:up phase:contract change:names after:003
DROP TRIGGER IF EXISTS "~split" ON users;
DROP FUNCTION split();
ALTER TABLE users DROP COLUMN full_name;`,
};

function refusal({ error }: Outcome): string {
  return `${error?.code}: ${error?.message}`;
}

for (const engine of newestServer) {
  describe(engine.name, () => {
    const ADD = 'ALTER TABLE "T" ADD';
    test.each([
      ["NOT VALID before", `${ADD} CONSTRAINT "no null" CHECK (a IS NOT NULL) NOT VALID;`, "(a IS NOT NULL)"],
      ["stopped at", `${ADD} CONSTRAINT "no null" CHECK (a IS NOT NULL) NOT VALID;`, "(a IS NOT NULL)"],
      [
        "rolled back with it",
        `SELECT 'é'; ${ADD} CONSTRAINT "no null" CHECK ( (a) IS NOT NULL ) NOT VALID;`,
        "(a) IS NOT NULL",
      ],
    ])("rows that keep a constraint from being validated are found by a query: %s", async (how, add, condition) => {
      const validate = 'ALTER TABLE "T" VALIDATE CONSTRAINT "no null";';
      const isStopped = how === "stopped at";
      const files =
        how !== "NOT VALID before"
          ? { "002_c.sql": `${isStopped ? "-- migrate:up transaction:false\n" : ""}${add}\n${validate}` }
          : { "002_c.sql": add, "003_v.sql": `-- migrate:up transaction:false\n${validate}` };
      await using m = await migrating(engine, {
        "001_t.sql": 'CREATE TABLE "T" (a int); INSERT INTO "T" VALUES (1), (NULL);',
        ...files,
      });
      const { error } = await m.up();
      expect(error?.hint).toStartWith(
        `Put the rows right that violate "no null"${isStopped ? "" : ", then run the command again"}. They are found by: SELECT * FROM public."T" WHERE NOT (${condition});`,
      );
      const query = /SELECT .*(?=;)/.exec(error?.hint ?? "")![0];
      expect(await m.query(query)).toEqual([{ a: null }]);
      await m.query('DELETE FROM "T" WHERE a IS NULL');
      expect((await (isStopped ? outcomeOf(resume(m.options, "002", false)) : m.up())).error).toBeUndefined();
    });

    test("rows that a statement fails on are found by a query, and none is named that finds nothing", async () => {
      await using m = await migrating(engine, {
        "001_t.sql": "CREATE TABLE t (a bigint); INSERT INTO t VALUES (-1), (3e9);",
      });
      expect((await m.up()).error).toBeUndefined();
      const statements: readonly (readonly [sql: string, query?: string])[] = [
        ["ALTER TABLE t ADD CHECK (a > 0)", "SELECT * FROM public.t WHERE NOT (a > 0)"],
        ["ALTER TABLE t ALTER a TYPE int", "SELECT * FROM t WHERE a NOT BETWEEN -2147483648 AND 2147483647"],
        [
          "ALTER TABLE t RENAME a TO b; ALTER TABLE t ADD a int;\nUPDATE t SET a = b::smallint",
          "SELECT * FROM t WHERE a NOT BETWEEN -32768 AND 32767",
        ],
        ["ALTER TABLE t ADD c int CHECK (c > 0) DEFAULT 0"],
        ["ALTER TABLE t ADD c int DEFAULT 0; ALTER TABLE t ADD CHECK (c > 0)"],
        ["ALTER TABLE t ADD c bigint DEFAULT 3e9;\nUPDATE t SET a = c::int"],
      ];
      for (const [sql, query] of statements) {
        await m.write("002_t.sql", sql);
        const { error } = await m.up();
        expect(error?.server?.sqlstate).toMatch(/^2[23]/);
        expect([sql, /SELECT [^;]*/.exec(error?.hint ?? "")?.[0]]).toEqual([sql, query]);
        if (query !== undefined) expect(await m.query(query)).toHaveLength(1);
      }
    });

    test("a contract waits to be asked for, and is refused for as long as something would be lost", async () => {
      await using m = await migrating(engine, FILES);
      expect(await m.up({ to: "003" })).toMatchObject({ error: undefined });
      const contract = { contracts: ["names"], to: "005" };
      await m.write("004_validate.sql", "-- migrate:up after:003\nSELECT 1;");
      // What this run has done was the last thing before both releases may work.
      const { up } = await import("#migrate/migrator.ts");
      expect(await up(m.options, {})).toMatchObject({
        error: undefined,
        results: [{ outcome: "done" }],
        held: [
          { why: expect.stringMatching(/^the new release can go out; .*\(confiture migrate up --contract names\)$/) },
        ],
      });
      expect(await m.standings()).toEqual(["001 applied", "002 applied", "003 applied", "004 applied", "005 pending"]);

      const refusals: readonly (readonly [string, string, RegExp])[] = [
        ["SELECT 1", "ALTER TABLE users VALIDATE CONSTRAINT named", /constraint named of "?users"? is not validated/],
        [
          "ALTER TABLE users DISABLE TRIGGER USER ;; UPDATE users SET first_name = NULL WHERE id = 7",
          "UPDATE users SET first_name = 'Ada' WHERE id = 7 ;; ALTER TABLE users ENABLE TRIGGER USER",
          /rows again that its WHERE finds/,
        ],
        [
          'ALTER TABLE users DISABLE TRIGGER "~split"',
          'ALTER TABLE users ENABLE TRIGGER "~split"',
          /trigger ~split of "?users"? is disabled/,
        ],
        [
          'ALTER TABLE users ENABLE REPLICA TRIGGER "~split"',
          'ALTER TABLE users ENABLE ALWAYS TRIGGER "~split"',
          /trigger ~split of "?users"? is disabled/,
        ],
        [
          `CREATE OR REPLACE FUNCTION split() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'`,
          `CREATE OR REPLACE FUNCTION split() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN NEW.first_name := split_part(NEW.full_name, ' ', 1); RETURN NEW; END $$`,
          /or its function was changed, disabled or replaced since the backfill 003_fill began/,
        ],
        [
          'CREATE TRIGGER "~~later" BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION split()',
          'DROP TRIGGER "~~later" ON users',
          /trigger ~~later fires behind ~split/,
        ],
        [
          'ALTER TRIGGER "~split" ON users RENAME TO gone',
          'ALTER TRIGGER gone ON users RENAME TO "~split"',
          /trigger ~split of "?users"?, which it drops, is not there/,
        ],
      ];
      for (const [breaks, mends, message] of refusals) {
        for (const sql of breaks.split(" ;; ")) await m.query(sql);
        const outcome = await m.up(contract);
        expect(`${breaks}: ${refusal(outcome)}`).toMatch(message);
        expect(outcome).toMatchObject({ results: ["005 failed"], error: { code: "contract_refused" } });
        expect(outcome.error?.hint).toMatch(/^Nothing was changed/);
        for (const sql of mends.split(" ;; ")) await m.query(sql);
      }
      // Everything is as it was, and what happened in between was missed all the same.
      const outcome = await m.up(contract);
      expect(refusal(outcome)).toMatch(/was changed, disabled or replaced since the backfill 003_fill began/);
      expect(outcome.error?.hint).toContain("changes the ledger only, and rows that are filled stay as they are");
      expect(await m.standings()).toContain("005 pending");
      const { resolveMigration } = await import("#migrate/record.ts");
      await resolveMigration(m.options, "003", "rolled-back");
      expect(await m.up(contract)).toMatchObject({ error: undefined, results: ["003 done", "005 done"] });
      // A job that was killed behind the commit asks once more.
      expect(await m.up(contract)).toMatchObject({ error: undefined, results: [] });
      expect(refusal(await m.up({ contracts: ["other"] }))).toMatch(/There is no pending contract "other"/);
      expect(await m.query("SELECT count(*)::int AS n FROM users WHERE first_name = 'Ada'")).toEqual([{ n: 300 }]);
    });

    test("an expand that lets the old release find something else is refused before it runs", async () => {
      const first = { "001_users.sql": "CREATE TABLE users (id serial, name text DEFAULT 'x');" };
      for (const sql of [
        "CREATE RULE swallow AS ON INSERT TO users DO INSTEAD NOTHING",
        "ALTER TABLE users ALTER COLUMN name DROP DEFAULT",
        "ALTER TABLE users ALTER name SET NOT NULL",
        "CREATE OR REPLACE VIEW names AS SELECT 'x'::text AS name",
        "SELECT setval('users_id_seq', 1)",
        "ALTER SEQUENCE users_id_seq RESTART",
      ]) {
        await using m = await migrating(engine, { ...first, "002_expand.sql": `-- migrate:up phase:expand\n${sql};` });
        const outcome = await m.up();
        expect(`${sql}: ${refusal(outcome)}`).toMatch(
          /only adds, and this (?:changes what is there|lets INSERT on users do nothing)/,
        );
      }
    });

    test("a trigger that came after the backfill had begun has missed rows", async () => {
      await using m = await migrating(engine, {
        ...FILES,
        "002_expand.sql": EXPAND.replace(/^CREATE TRIGGER.*$/m, "").replace(/^ALTER TABLE users ADD CONS.*$/m, ""),
        "004_validate.sql": `CREATE TRIGGER "~split" BEFORE INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION split();`,
      });
      const outcome = await m.up({ contracts: ["names"] });
      expect(refusal(outcome)).toMatch(/was not there when the backfill 003_fill began/);
      // The way out that the message names: the backfill again, with the trigger in place.
      const { resolveMigration } = await import("#migrate/record.ts");
      await resolveMigration(m.options, "003", "rolled-back");
      expect(await m.up({ contracts: ["names"] })).toMatchObject({
        error: undefined,
        results: ["003 done", "005 done"],
      });
    });

    test("a contract whose backfill is not done stays where it is, asked for or not", async () => {
      await using m = await migrating(engine, { ...FILES, "004_validate.sql": "SELECT 1" });
      const held = {
        code: "contract_refused",
        message: expect.stringContaining("005_contract was asked for and waits"),
      };
      expect(await m.up({ contracts: ["names"], backfills: "without" })).toMatchObject({
        error: held,
        results: ["001 done", "002 done", "004 done"],
      });
      expect(await m.up({ contracts: ["names"], backfills: "without" })).toMatchObject({ error: held, results: [] });
      expect(await m.up({ backfills: "without" })).toMatchObject({ error: undefined, results: [] });
      const { status } = await import("#migrate/status.ts");
      await m.write("004_validate.sql", "-- migrate:up change:names\nSELECT 2");
      const whys = JSON.stringify(await status(m.options));
      expect(whys).not.toContain("the new release can go out");
      await m.write("004_validate.sql", "SELECT 1");
      // Nor has a run done what it was asked for where its time is over before the contract; without one it goes on the next time.
      const late = await m.up({ contracts: ["names"], timeLimit: 1e-6 });
      expect(late).toMatchObject({ results: ["003 not-run", "005 not-run"], refused: false });
      expect(refusal(late)).toMatch(/^contract_refused: 005_contract was asked for and has not run: the time was over/);
      expect(await m.up({ timeLimit: 1e-6 })).toMatchObject({ error: undefined, results: ["003 not-run"] });
      // By itself, where the environment lets contracts run so.
      await m.query("ALTER TABLE users DROP CONSTRAINT named");
      expect(await m.up({ contractsByThemselves: true })).toMatchObject({
        error: undefined,
        results: ["003 done", "005 done"],
      });
    });

    test("one that is recorded as done without having run is seen by its rows", async () => {
      await using m = await migrating(engine, FILES);
      await m.up({ to: "002" });
      const { resolveMigration } = await import("#migrate/record.ts");
      await resolveMigration(m.options, "003", "applied");
      expect(refusal(await m.up({ contracts: ["names"] }))).toMatch(/rows again that its WHERE finds/);
    });
  });
}
