import { describe, expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { status } from "#migrate/status.ts";
import { steerFill } from "#migrate/fill/steer-fill.ts";
import { engines, newestServer, serverEngines } from "../../support/engines.ts";
import { type Migrating, migrating, type Outcome } from "./migrating.ts";

/** Every change to a row leaves one here: none may come twice. */
const USERS = `CREATE TABLE users (id bigint PRIMARY KEY, full_name text, first_name text);
CREATE TABLE done (id bigint, old text, new text);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN INSERT INTO done VALUES (NEW.id, OLD.first_name, NEW.first_name); RETURN NULL; END $$;
CREATE TRIGGER note AFTER UPDATE ON users FOR EACH ROW EXECUTE FUNCTION note();
INSERT INTO users SELECT i * 3, 'Ada ' || i FROM generate_series(1, 900) AS i;`;

const fill = (options = ""): string => `-- migrate:up backfill:public.users triggers:on ${options}
UPDATE users SET first_name = split_part(full_name, ' ', 1)
 WHERE first_name IS NULL AND full_name IS NOT NULL -- what is not done yet
;

-- migrate:down
`;

async function one<Row extends object>(m: Migrating, sql: string): Promise<Row> {
  const [row] = await m.query<Row>(sql);
  return row!;
}

/** Rows that are not as they should be, and rows that were done more than once. */
async function wrong(m: Migrating): Promise<{ readonly left: number; readonly twice: number }> {
  return await one(
    m,
    `SELECT (SELECT count(*)::int FROM users WHERE first_name IS DISTINCT FROM split_part(full_name, ' ', 1)) AS left,
            (SELECT count(*)::int FROM (SELECT FROM done GROUP BY id HAVING count(*) > 1) AS d) AS twice`,
  );
}

/** What is wrong, the statement, what follows `backfill:`, and what the error says. */
const REFUSED: readonly (readonly [string, string, string, RegExp])[] = [
  ["several statements", "UPDATE t SET b = 1 WHERE b IS NULL; SELECT 1", "t", /more than one statement/],
  ["another statement", "TRUNCATE t", "t", /one UPDATE, DELETE or INSERT/],
  ["no condition", "UPDATE t SET b = 1", "t", /no WHERE/],
  ["a condition that stays true", "UPDATE t SET b = a WHERE a > 0", "t", /second run does/],
  ["its own key", "UPDATE t SET id = id + 1 WHERE b IS NULL", "t", /changes id/],
  ["random values", "UPDATE t SET b = random() WHERE b IS NULL", "t", /another value every time/],
  ["the time of day", "UPDATE t SET c = current_timestamp WHERE c IS NULL", "t", /another value every time/],
  ["a random condition", "UPDATE t SET b = 1 WHERE b IS NULL AND random() < 0.5", "t once:true", /in the condition/],
  ["an aggregate", "INSERT INTO s SELECT max(a) FROM t WHERE true", "t", /looks at all rows/],
  ["LIMIT", "INSERT INTO s SELECT a FROM t WHERE true LIMIT 3", "t", /part of the rows/],
  ["another table", "UPDATE s SET a = 1 WHERE a IS NULL", "t", /is about/],
  ["a view", "UPDATE v SET b = 1 WHERE b IS NULL", "v", /is no table/],
  ["no key", "UPDATE s SET a = 1 WHERE a IS NULL", "s", /no primary key/],
  ["a key that may be null", "UPDATE t SET b = 1 WHERE b IS NULL", "t key:u", /may be null/],
  ["columns without an index", "UPDATE t SET b = 1 WHERE b IS NULL", "t key:a", /No unique index/],
  ["the partition key", "UPDATE p SET at = 2 WHERE at = 1", "p", /is partitioned/],
  ["pages of several tables", "UPDATE p SET b = 2 WHERE b IS NULL", "p key:ctid", /in several tables/],
  ["an unchecked foreign key", "UPDATE g SET t = 2 WHERE t IS NULL", "g triggers:off", /g_t_fkey would not be checked/],
  [
    "rows that change others",
    "WITH x AS (DELETE FROM s RETURNING a) UPDATE t SET b = 1 WHERE b IS NULL",
    "t",
    /WITH clause/,
  ],
  ["a trigger that nobody spoke of", "UPDATE g SET b = 1 WHERE b IS NULL", "g", /trigger touch/],
];

function refusal({ error }: Outcome): string {
  return `${error?.code}: ${error?.message}`;
}

for (const engine of engines) {
  describe(engine.name, () => {
    test.each([
      [
        "a trigger",
        "CREATE FUNCTION skip() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.id % 2 = 0 THEN RETURN NULL; END IF; RETURN NEW; END $$; CREATE TRIGGER skip BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION skip()",
        true,
      ],
      ["a rule", "CREATE RULE skip AS ON UPDATE TO users WHERE OLD.id % 2 = 0 DO INSTEAD NOTHING", true],
      ["nothing", "SELECT", false],
    ])("says at its end that its WHERE still finds rows, which %s keeps as they are", async (_what, sql, isTold) => {
      await using m = await migrating(engine, {
        "001_users.sql": `${USERS}\n${sql};`,
        "002_fill.sql": fill("batch:300"),
      });
      expect(await m.up()).toMatchObject({ error: undefined, results: ["001 done", "002 done"] });
      expect(m.events.some(({ type }) => type === "fill-rows-left")).toBe(isTold);
    });

    test("a backfill goes through the table in batches, and is recorded like any migration", async () => {
      await using m = await migrating(engine, { "001_users.sql": USERS, "002_fill.sql": fill() });
      expect(await m.up()).toMatchObject({ error: undefined, results: ["001 done", "002 done"] });
      expect(await wrong(m)).toEqual({ left: 0, twice: 0 });
      expect(
        await one(
          m,
          "SELECT rows_changed::int, sweep, position, finished_at IS NOT NULL AS finished FROM confiture_migrations_progress",
        ),
      ).toEqual({ rows_changed: 900, sweep: 1, position: ["2700"], finished: true });
      expect(await m.standings()).toEqual(["001 applied", "002 applied"]);
      expect(await m.up()).toMatchObject({ error: undefined, results: [] });
      expect(await m.down()).toMatchObject({ error: undefined, results: ["002 done"] });
    });

    test("stopped between any two batches, it goes on with the next row", async () => {
      await using m = await migrating(engine, { "001_users.sql": USERS, "002_fill.sql": fill("batch:300") });
      await m.up({ to: "001" });
      let stops = 0;
      for (;;) {
        const stop = new AbortController();
        // Told while the first batch of this run is about to be begun.
        const outcome = await m.up(
          {},
          {
            signal: stop.signal,
            onEvent: ({ type }) => type === "started" && setTimeout(() => stop.abort(), 1),
          },
        );
        if (outcome.error === undefined) break;
        expect(outcome.error.code).toBe("interrupted");
        // Each run of the embedded engine opens it anew, which takes a second.
        if (++stops > (engine.kind === "server" ? 5 : 1)) {
          expect(await m.up()).toMatchObject({ error: undefined });
          break;
        }
      }
      expect(await wrong(m)).toEqual({ left: 0, twice: 0 });
    });

    test("keys of several columns, of text and uuid, pages, rows to delete and rows to copy", async () => {
      await using m = await migrating(engine, {
        "001_tables.sql": `CREATE TABLE lines (tenant uuid, "Line No" text COLLATE "C", amount int, total int, PRIMARY KEY (tenant, "Line No"));
INSERT INTO lines SELECT md5((i % 7)::text)::uuid, 'é' || i, i FROM generate_series(1, 700) AS i;
CREATE TABLE log (note text, level int);
INSERT INTO log SELECT repeat('x', i % 90), NULL FROM generate_series(1, 900) AS i;
CREATE TABLE copied (tenant uuid, line text, twice int, PRIMARY KEY (tenant, line));`,
        "002_composite.sql": `-- migrate:up backfill:lines batch:90
UPDATE ONLY public.lines AS l SET total = a.amount * 2 FROM lines AS a
 WHERE a.tenant = l.tenant AND a."Line No" = l."Line No" AND l.total IS NULL;`,
        "003_pages.sql": `-- migrate:up backfill:log key:ctid batch:100
WITH levels AS (SELECT 1 AS level) UPDATE log SET level = (SELECT level FROM levels) WHERE level IS NULL`,
        "004_copy.sql": `-- migrate:up backfill:lines batch:100
INSERT INTO copied SELECT l.tenant, l."Line No", l.amount * 2 FROM lines AS l JOIN log AS g ON false OR g.note = 'x'
ON CONFLICT DO NOTHING;`,
        "005_delete.sql": `-- migrate:up backfill:lines key:tenant,"Line No" batch:50
DELETE FROM lines USING log WHERE amount % 2 = 0 AND log.note = 'x';`,
      });
      expect(await m.up()).toMatchObject({
        error: undefined,
        results: ["001 done", "002 done", "003 done", "004 done", "005 done"],
      });
      expect(
        await one(
          m,
          `SELECT (SELECT count(*)::int FROM lines WHERE total = amount * 2) AS filled, (SELECT count(*)::int FROM lines) AS kept,
                  (SELECT count(*)::int FROM log WHERE level IS DISTINCT FROM 1) AS pages,
                  (SELECT count(*)::int FROM copied) AS copied`,
        ),
      ).toEqual({ filled: 350, kept: 350, pages: 0, copied: 700 });
    });
  });
}

for (const engine of newestServer) {
  describe(engine.name, () => {
    test("what would come out differently in batches is refused, and nothing is recorded", async () => {
      await using m = await migrating(engine, {
        "001_t.sql": `CREATE TABLE t (id int PRIMARY KEY, a int, b float8, c timestamptz, u int UNIQUE); CREATE TABLE s (a int);
INSERT INTO t SELECT i, i FROM generate_series(1, 5) AS i;
CREATE VIEW v AS SELECT * FROM t; CREATE TABLE p (id int, at int, b int, PRIMARY KEY (id, at)) PARTITION BY LIST (at);
CREATE TABLE g (id int PRIMARY KEY, b int, t int REFERENCES t); CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER touch BEFORE UPDATE ON g FOR EACH ROW EXECUTE FUNCTION touch();`,
      });
      await m.up();
      for (const [what, sql, marker, message] of REFUSED) {
        await m.write("002_fill.sql", `-- migrate:up backfill:${marker}\n${sql}`);
        const outcome = await m.up();
        expect(`${what}: ${refusal(outcome)}`).toMatch(message);
        expect(outcome.error).toMatchObject({ code: "backfill_refused", location: { line: 2 } });
        expect(outcome.error?.hint).toBeDefined();
      }
      expect(await m.standings()).toEqual(["001 applied", "002 pending"]);
    });

    test("one that stopped in its first batch is paused, and so is one that nobody has begun", async () => {
      await using m = await migrating(engine, { "001_users.sql": USERS, "002_fill.sql": fill("batch:100") });
      await m.up({ to: "001" });
      await steerFill(m.options, undefined, { kind: "pause" });
      const run = async (): Promise<Outcome> => {
        const stop = new AbortController();
        return await m.up({}, { signal: stop.signal, onEvent: ({ type }) => type === "fill-waiting" && stop.abort() });
      };
      expect(await run()).toMatchObject({ error: { code: "interrupted" } });
      await m.query("ALTER TABLE users ADD CONSTRAINT stops CHECK (id <> 3 OR first_name IS NULL)");
      await steerFill(m.options, "002", { kind: "resume" });
      expect(await m.up()).toMatchObject({ error: { code: "backfill_failed" } });
      expect(await m.standings()).toContain("002 pending");
      await steerFill(m.options, "002", { kind: "pause" });
      await m.query("ALTER TABLE users DROP CONSTRAINT stops");
      expect(await run()).toMatchObject({ error: { code: "interrupted" } });
      expect(await wrong(m)).toMatchObject({ left: 900 });
      await steerFill(m.options, "002", { kind: "resume" });
      expect(await m.up()).toMatchObject({ error: undefined, results: ["002 done"] });
      expect(await wrong(m)).toEqual({ left: 0, twice: 0 });
    });

    test("a row that cannot be done stops it there; put right, it goes on", async () => {
      await using m = await migrating(engine, {
        "001_t.sql":
          "CREATE TABLE t (id int PRIMARY KEY, a text, b int); INSERT INTO t SELECT i, i::text FROM generate_series(1, 500) AS i; UPDATE t SET a = 'x' WHERE id = 301",
        "002_fill.sql": "-- migrate:up backfill:t batch:100\nUPDATE t SET b = a::int WHERE b IS NULL;",
      });
      const outcome = await m.up();
      expect(outcome.results).toEqual(["001 done", "002 failed"]);
      expect(refusal(outcome)).toMatch(
        /^backfill_failed: Backfill 002_fill stopped with the rows behind id 300 up to id 400/,
      );
      expect(await m.standings()).toEqual(["001 applied", "002 filling"]);
      await m.query("UPDATE t SET a = '301' WHERE id = 301");
      expect(await m.up()).toMatchObject({ error: undefined, results: ["002 done"] });
      expect(await one(m, "SELECT count(*)::int AS n FROM t WHERE b = id")).toEqual({ n: 500 });
    });

    test("gaps between keys and rows that are filled already are no end", async () => {
      await using m = await migrating(engine, {
        "001_t.sql": `CREATE TABLE t (id bigint PRIMARY KEY, a text);
INSERT INTO t SELECT i, CASE WHEN i > 40 THEN 'done' END FROM generate_series(1, 300) AS i;
INSERT INTO t SELECT 1000000000000 * i, CASE WHEN i = 7 THEN 'done' END FROM generate_series(1, 10) AS i;`,
        "002_fill.sql": "-- migrate:up backfill:t batch:20\nUPDATE t SET a = 'filled' WHERE a IS NULL;",
      });
      expect(await m.up()).toMatchObject({ error: undefined });
      expect(await one(m, "SELECT count(*) FILTER (WHERE a = 'filled')::int AS n, count(*)::int AS of FROM t")).toEqual(
        {
          n: 49,
          of: 310,
        },
      );
      expect(await one(m, "SELECT rows_changed::int AS n FROM confiture_migrations_progress")).toEqual({ n: 49 });
    });

    test("triggers:off leaves alone what a trigger would change besides", async () => {
      await using m = await migrating(engine, {
        "001_t.sql": `CREATE TABLE t (id int PRIMARY KEY, a int, b int, updated_at timestamptz);
INSERT INTO t SELECT i, i FROM generate_series(1, 50) AS i;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.updated_at := now(); RETURN NEW; END';
CREATE TRIGGER touch BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION touch();`,
        "002_fill.sql": "-- migrate:up backfill:t batch:20 triggers:off\nUPDATE t SET b = a WHERE b IS NULL;",
      });
      expect(await m.up()).toMatchObject({ error: undefined });
      expect(await one(m, "SELECT count(b)::int AS b, count(updated_at)::int AS touched FROM t")).toEqual({
        b: 50,
        touched: 0,
      });
      await m.query("UPDATE t SET a = 1 WHERE id = 1");
      expect(await one(m, "SELECT count(updated_at)::int AS touched FROM t")).toEqual({ touched: 1 });
    });

    test("backfills alone, or everything else, also while one of them stands still", async () => {
      await using m = await migrating(engine, { "001_users.sql": USERS, "002_fill.sql": fill("batch:100") });
      expect(await m.up({ backfills: "only" })).toMatchObject({ error: undefined, results: [] });
      await m.up({ to: "001" });
      await m.query("ALTER TABLE users ADD CONSTRAINT stops CHECK (id <> 1500 OR first_name IS NULL)");
      await m.write("003_other.sql", "CREATE TABLE other ();");
      expect(await m.up({ backfills: "only" })).toMatchObject({ results: ["002 failed"] });
      expect(await m.up({ backfills: "without" })).toMatchObject({ error: undefined, results: ["003 done"] });
      await m.query("ALTER TABLE users DROP CONSTRAINT stops");
      await m.write("004_more.sql", "CREATE TABLE more ();");
      expect(await m.up({ backfills: "only" })).toMatchObject({ error: undefined, results: ["002 done"] });
      expect(await m.standings()).toEqual(["001 applied", "002 applied", "003 applied", "004 pending"]);
      expect(await wrong(m)).toEqual({ left: 0, twice: 0 });
    });

    test("paused, told to go slower, and let go on", async () => {
      await using m = await migrating(engine, { "001_users.sql": USERS, "002_fill.sql": fill("batch:100") });
      await m.up({ to: "001" });
      // Nothing but the beginning.
      expect((await m.up({ timeLimit: 1e-6 })).results).toEqual(["002 not-run"]);
      const stop = new AbortController();
      await m.up(
        {},
        {
          signal: stop.signal,
          throttle: { pauseWhen: "SELECT true" },
          onEvent: ({ type }) => type === "fill-waiting" && stop.abort(),
        },
      );
      const [, filling] = (await status(m.options)).history;
      expect(filling).toMatchObject({
        standing: "filling",
        progress: { waits: "for pause_when, which says so", batches: 0 },
      });
      await steerFill(m.options, undefined, { kind: "pause" });
      const again = new AbortController();
      await m.up({}, { signal: again.signal, onEvent: ({ type }) => type === "fill-waiting" && again.abort() });
      expect((await status(m.options)).history[1]?.progress?.waits).toMatch(/^paused by /);
      await steerFill(m.options, "002", { kind: "throttle", batch: 450, pause: null });
      await steerFill(m.options, "002", { kind: "resume" });
      expect(await m.up()).toMatchObject({ error: undefined, results: ["002 done"] });
      // Two batches of the first pass, two of the sweep.
      expect(await one(m, "SELECT batches::int FROM confiture_migrations_progress")).toEqual({ batches: 4 });
      expect(await wrong(m)).toEqual({ left: 0, twice: 0 });
    });
  });
}

for (const engine of serverEngines) {
  describe(engine.name, () => {
    test("its session is ended by force again and again, and no row is left out or done twice", async () => {
      await using m = await migrating(engine, { "001_users.sql": USERS, "002_fill.sql": fill("batch:30 pause:2ms") });
      await m.up({ to: "001" });
      const over = new AbortController();
      let ended = 0;
      const killer = (async () => {
        while (!over.signal.aborted) {
          const rows = await m
            .query<{ ended: boolean }>(
              `SELECT pg_terminate_backend(pid) AS ended FROM pg_stat_activity
                WHERE application_name = 'confiture' AND datname = current_database() AND query ~ 'UPDATE|update|commit'`,
            )
            .catch(() => []);
          ended += rows.length;
          await Bun.sleep(30);
          if (ended > 12) return;
        }
      })();
      for (let run = 0; run < 60; run++) {
        const outcome = await m.up();
        if (outcome.error === undefined && (await m.standings())[1] === "002 applied") break;
        expect(["connection_lost", "lock_held", undefined]).toContain(outcome.error?.code as never);
      }
      over.abort();
      await killer;
      expect(await m.standings()).toEqual(["001 applied", "002 applied"]);
      expect(await wrong(m)).toEqual({ left: 0, twice: 0 });
    });
  });
}

for (const engine of newestServer) {
  describe(engine.name, () => {
    test("an urgent migration runs meanwhile; what names the table waits for the backfill", async () => {
      await using m = await migrating(engine, {
        "001_users.sql": USERS,
        "002_fill.sql": fill("batch:100 change:names"),
        "003_check.sql":
          "-- migrate:up after:002\nALTER TABLE users ADD CHECK (first_name IS NOT NULL);\n-- migrate:down\nSELECT 1",
        "004_urgent.sql": "CREATE TABLE urgent ()",
        "005_more.sql": "ALTER TABLE users ADD COLUMN more int",
      });
      await m.up({ to: "001" });
      let go: () => void = () => {};
      const begun = new Promise<void>((resolve) => (go = resolve));
      const first = m.up(
        {},
        {
          throttle: { pauseWhen: "SELECT to_regclass('urgent') IS NULL" },
          onEvent: ({ type }) => type === "fill-waiting" && go(),
        },
      );
      await begun;
      expect(await m.up({}, { lockWait: 0 })).toMatchObject({
        error: { code: "lock_held", message: expect.stringContaining("Another runner works on backfill 002") },
        results: ["002 unfinished", "003 not-run", "004 not-run", "005 not-run"],
      });
      const second = await m.up();
      expect(second).toMatchObject({ error: undefined, results: ["002 unfinished", "004 done"] });
      expect(await first).toMatchObject({ error: undefined, results: ["002 done", "003 done", "005 done"] });
      expect(await wrong(m)).toEqual({ left: 0, twice: 0 });
    });

    test("a locked row makes the batch smaller and is tried again", async () => {
      await using m = await migrating(
        engine,
        { "001_users.sql": USERS, "002_fill.sql": fill("batch:400") },
        { lockTimeout: 50 },
      );
      await m.up({ to: "001" });
      await m.query("BEGIN");
      await m.query("SELECT FROM users WHERE id = 600 FOR UPDATE");
      const retries: string[] = [];
      const run = m.up({}, { onEvent: ({ type }) => type === "retrying" && retries.push(type) });
      while (retries.length < 2) await Bun.sleep(10);
      await m.query("COMMIT");
      expect(await run).toMatchObject({ error: undefined, results: ["002 done"] });
      expect(await wrong(m)).toEqual({ left: 0, twice: 0 });
    });
  });
}

for (const engine of newestServer) {
  test(`${engine.name}: a backfill that was edited on its way goes on with the old text, or begins again`, async () => {
    const half = (divisor: string): string =>
      `-- migrate:up backfill:t batch:1\nUPDATE t SET b = 10 / (id - ${divisor}) WHERE b IS NULL;\n`;
    await using m = await migrating(engine, {
      "001_t.sql": "CREATE TABLE t (id int PRIMARY KEY, b int);\nINSERT INTO t SELECT generate_series(1, 3);",
      "002_fill.sql": half("2"),
    });
    expect((await m.up()).results).toEqual(["001 done", "002 failed"]);
    await m.write("002_fill.sql", half("9"));
    const outcome = await m.up();
    expect(refusal(outcome)).toContain("was edited after it had begun: a part of its rows is done by the old text");
    const { acceptEdited, resolveMigration } = await import("#migrate/record.ts");
    expect(acceptEdited(m.options, "002", { different: true })).rejects.toMatchObject({ code: "accept_refused" });
    await resolveMigration(m.options, "002", "rolled-back");
    await m.query("UPDATE t SET b = NULL");
    expect(await m.up()).toMatchObject({ error: undefined, results: ["002 done"] });
  });
}

for (const engine of newestServer) {
  test(`${engine.name}: TypeScript asks for a backfill, which is stopped and goes on as one in SQL`, async () => {
    const table = USERS.replaceAll("users", "people");
    await using m = await migrating(engine, {
      "001_people.sql": table,
      "002_fill.ts": `import { Migration } from "confiture";
export default class Fill extends Migration {
  up() {
    const separator = " ";
    this.backfill({ table: "public.people", change: "names", batch: 70, triggers: "on",
      sql: \`UPDATE people SET first_name = split_part(full_name, '\${separator}', 1) WHERE first_name IS NULL AND full_name IS NOT NULL\` });
  }
  down() {}
}`,
      "003_contract.sql": "-- migrate:up phase:contract change:names\nALTER TABLE people DROP COLUMN full_name;",
    });
    await m.up({ to: "001" });
    await m.query("ALTER TABLE people ADD CONSTRAINT stops CHECK (id <> 1500 OR first_name IS NULL)");
    expect(await m.up()).toMatchObject({ results: ["002 failed"], error: { code: "backfill_failed" } });
    expect(await m.query("SELECT batches::int AS batches FROM confiture_migrations_progress")).toEqual([
      { batches: 7 },
    ]);
    expect(await m.standings()).toContain("002 filling");
    await m.query("ALTER TABLE people DROP CONSTRAINT stops");
    // The contract waits for it.
    expect(await m.up({ contracts: ["names"], backfills: "without" })).toMatchObject({ results: [] });
    expect(await m.up({ contracts: ["names"] })).toMatchObject({ error: undefined });
    expect(await m.query("SELECT count(*)::int AS n FROM people WHERE first_name = 'Ada'")).toEqual([{ n: 900 }]);
    expect(await m.query("SELECT FROM done GROUP BY id HAVING count(*) > 1")).toEqual([]);
  });
}

test("a TypeScript backfill does nothing else, and what planning needs of it is in its text", async () => {
  const code = (body: string): string =>
    `import { Migration } from "confiture";\nexport default class Fill extends Migration {\n  async up() {\n${body}\n  }\n}`;
  const fillT = 'this.backfill({ table: "t", sql: "UPDATE t SET b = 1 WHERE b IS NULL" });';
  const refusals: readonly (readonly [string, RegExp])[] = [
    [`await this.execute("SELECT 1"); ${fillT}`, /and for something else: SELECT 1/],
    [`const rows = await this.query("SELECT 2"); ${fillT}`, /and for something else: SELECT 2/],
    [`${fillT} ${fillT}`, /more than one backfill/],
    [`if (1 > 2) ${fillT}`, /does not come to its this.backfill/],
    [`const name = "t"; ${fillT.replace('"t"', "name")}`, /table of its backfill is no plain text/],
    [fillT.replace('"t",', '"t", batch: -1,'), /no number of rows/],
    [fillT.replace("UPDATE t SET b = 1 WHERE b IS NULL", "TRUNCATE t"), /one UPDATE, DELETE or INSERT/],
  ];
  await using m = await migrating(newestServer[0]!, { "001_t.sql": "CREATE TABLE t (id int PRIMARY KEY, b int);" });
  // A file of its own each: a process imports one once.
  for (const [index, [body, message]] of refusals.entries()) {
    await m.write(`002_fill${index}.ts`, code(body));
    expect(refusal(await m.up())).toMatch(message);
    expect(await m.standings()).toContain("002 pending");
    await rm(m.project.path(`db/migrations/002_fill${index}.ts`));
  }
  await m.write("002_fill.ts", code(fillT));
  expect(await m.up()).toMatchObject({ error: undefined });
});
