import { describe, expect, test } from "bun:test";
import type { MigrateEvent } from "#migrate/events.ts";
import { up } from "#migrate/migrator.ts";
import { oldestServer } from "../../support/engines.ts";
import { few } from "../../support/long.ts";
import { type Passing, tcpProxy, type Verdict } from "../../support/tcp-proxy.ts";
import { migrating, type Migrating, type Outcome, outcomeOf } from "./migrating.ts";

const LOG = "CREATE TABLE log (version text);\n";
/** Leaves a row each time it is run. */
const logged = (version: string): string =>
  `-- migrate:up\nCREATE TABLE t${version} (id int);\nINSERT INTO log VALUES ('${version}');\n-- migrate:down\nDROP TABLE t${version};\nINSERT INTO log VALUES ('back ${version}');\n`;

/** The same as TypeScript, with more code in its `up`. */
const code = (version: string, more = ""): string =>
  `import { Migration } from "confiture";
export default class extends Migration {
  up() { ${more} this.execute("CREATE TABLE t${version} (id int); INSERT INTO log VALUES ('${version}')"); }
}
`;

/** PostgreSQL finds out about these two only at COMMIT, and they are no constraint that could be checked before. */
const FAILS_AT_COMMIT =
  "CREATE TEMP TABLE p (id int PRIMARY KEY) ON COMMIT DELETE ROWS;\nCREATE TEMP TABLE c (id int REFERENCES p) ON COMMIT PRESERVE ROWS;\n";

/** Where the answers to COMMIT end, with the ReadyForQuery behind each. */
function endsOfCommits(bytes: Buffer): number[] {
  return [...bytes.toString("latin1").matchAll(/COMMIT\0Z.{5}/gs)].map(({ 0: answer, index }) => index + answer.length);
}

async function through(m: Migrating, judge: (passing: Passing) => Verdict): Promise<Outcome> {
  const { target } = m.database;
  if (target.engine !== "server") throw new Error("a proxy needs a server");
  await using proxy = await tcpProxy(target, judge);
  return await outcomeOf(up({ ...m.options, target: { ...target, host: "127.0.0.1", port: proxy.port } }, {}));
}

for (const engine of oldestServer) {
  describe(engine.name, () => {
    test("a migration is sent while the one before it is still running", async () => {
      await using m = await migrating(engine, {
        "001_a.sql": "SELECT pg_sleep(0.3);\nCREATE TABLE a (id int);",
        "002_b.sql": "CREATE TABLE b (id int);",
      });
      const seen: string[] = [];
      const { results } = await through(m, ({ from, bytes }) => {
        const text = bytes.toString("latin1");
        if (from === "client") seen.push(...(text.match(/CREATE TABLE [ab]/g) ?? []));
        else if (seen.length > 0 && text.includes("COMMIT\0")) seen.push("answer");
        return "pass";
      });
      expect(results).toEqual(["001 done", "002 done"]);
      // The text of each is in the ledger as well.
      expect([...new Set(seen)]).toEqual(["CREATE TABLE a", "CREATE TABLE b", "answer"]);
    });

    test("the transaction of a TypeScript migration is begun while the one before it is recorded", async () => {
      await using m = await migrating(engine, {
        "001_log.sql": LOG,
        "002_b.ts": code("002"),
        "003_c.ts": code("003"),
        "004_d.sql": logged("004"),
      });
      await m.up({ to: "001" });
      const seen: string[] = [];
      const { results } = await through(m, ({ from, bytes }) => {
        const text = bytes.toString("latin1");
        if (from === "client")
          seen.push(
            ...(text.match(/begin; close all|CREATE TABLE t00\d|; select 1 operator\(pg_catalog\.\/\) coalesce/g) ??
              []),
          );
        else if (seen.at(-1) !== "answer" && seen.length > 0 && text.includes("COMMIT\0")) seen.push("answer");
        return "pass";
      });
      expect(results).toEqual(["002 done", "003 done", "004 done"]);
      const recorded = seen.flatMap((text, index) => (text.startsWith("; select 1") ? [index] : []));
      expect(recorded.map((at) => seen[at + 1])).toEqual(["begin; close all", "begin; close all", "answer"]);
      // Nothing of it but that.
      expect(seen.indexOf("CREATE TABLE t003")).toBeGreaterThan(seen.indexOf("answer"));
    });

    test.each([
      ["asks and does not wait", "this.execute(`SELECT pg_sleep(0.3)`); this.execute(`CREATE TABLE t002 ()`);", true],
      ["gives back what it asked for last", "return this.execute(`CREATE TABLE t002 ()`);", true],
      ["waits", "return this.execute(`CREATE TABLE t002 ()`).then(() => {});", false],
      ["waits for some of it", "this.query(`SELECT 1`).then(() => this.execute(`CREATE TABLE t002 ()`));", false],
      ["has a timer", "this.execute(`CREATE TABLE t002 ()`); setTimeout(() => {}, 100);", false],
      [
        "asks later",
        "this.execute(`SELECT pg_sleep(0.3)`); setTimeout(() => this.execute(`CREATE TABLE t002 ()`), 50);",
        true,
      ],
    ])(
      "the record of a TypeScript migration is sent behind its last statement where it %s: %#",
      async (_, text, isBehind) => {
        const file = `import { Migration } from "confiture";\nexport default class extends Migration { up() { ${text} } }\n`;
        await using m = await migrating(engine, { "001_log.sql": LOG, "002_x.ts": file, "003_d.sql": logged("003") });
        await m.up({ to: "001" });
        const seen: string[] = [];
        const { results, error } = await through(m, ({ bytes }) => {
          const texts =
            bytes.toString("latin1").match(/CREATE TABLE t002|CREATE TABLE\0|set constraints all immediate/g) ?? [];
          if (seen.length > 0 || texts[0] === "CREATE TABLE t002") seen.push(...texts);
          return "pass";
        });
        expect([results, error?.message]).toEqual([["002 done", "003 done"], undefined]);
        expect(seen.slice(0, 2)).toEqual([
          "CREATE TABLE t002",
          isBehind ? "set constraints all immediate" : "CREATE TABLE\0",
        ]);
        expect(await m.has("t002")).toBe(true);
        expect(await m.recorded()).toEqual(["001", "002", "003"]);
      },
    );

    test.each([
      ["holds no statement", "this.execute(`-- nothing`);", "migration_empty"],
      ["is no SQL", "this.execute(`SELECT 'open`);", "sql_unterminated"],
      ["ends the transaction", "this.execute(`COMMIT`);", "sql_transaction_control"],
      ["fails", "this.execute(`SELECT 1 / 0`);", "sql_failed"],
      ["is behind one that fails", "this.execute(`SELECT 1 / 0`); this.execute(`SELECT 2`);", "sql_failed"],
      ["fails at COMMIT", `this.execute(\`${FAILS_AT_COMMIT}\`);`, "sql_failed"],
      [
        "is asked for by what throws then",
        "this.execute(`SELECT pg_sleep(0.2)`); throw new Error(`no`);",
        "migration_failed",
      ],
      [
        "is asked for by what rejects then",
        "this.execute(`SELECT pg_sleep(0.2)`); Promise.reject(new Error(`no`));",
        "migration_failed",
      ],
    ])(
      "nothing is recorded of a TypeScript migration whose last statement, that nobody waits for, %s",
      async (_, text, expected) => {
        const file = `import { Migration } from "confiture";\nexport default class extends Migration { up() { this.execute("CREATE TABLE t002 ()"); ${text} } }\n`;
        await using m = await migrating(engine, {
          "001_log.sql": LOG,
          "002_x.ts": file.replace(
            expected === "migration_empty" ? `this.execute("CREATE TABLE t002 ()");` : "no such text",
            "",
          ),
          "003_d.sql": logged("003"),
        });
        const { results, error } = await m.up();
        expect([results, String(error?.code)]).toEqual([["001 done", "002 failed", "003 not-run"], expected]);
        expect(error?.location?.file).toBe("db/migrations/002_x.ts");
        expect(await m.has("t002")).toBe(false);
        expect(await m.recorded()).toEqual(["001"]);
      },
    );

    test.each([
      [
        "asks for another statement",
        "this.execute(`CREATE TABLE late ()`)",
        "A statement was asked for after up() of db/migrations/002_x.ts had ended, and was not run",
      ],
      [
        "throws",
        "{ throw new Error(`hidden`); }",
        "had left running failed, and the migration is recorded as applied: Error: hidden",
      ],
      [
        "ends the process",
        "process.exit(0)",
        "had left running failed, and the migration is recorded as applied: it called process.exit(0)",
      ],
    ])(
      "what a migration hid from the event loop %s while it is recorded: that is said, and nothing runs behind it",
      async (_, text, message) => {
        const file = `import { Migration } from "confiture";\nexport default class extends Migration { up() { this.execute("SELECT pg_sleep(0.4)"); setTimeout(() => ${text}, 100).unref(); } }\n`;
        await using m = await migrating(engine, {
          "001_log.sql": LOG,
          "002_x.ts": file,
          "003_c.ts": code("003"),
          "004_d.sql": logged("004"),
        });
        const { results, error } = await m.up();
        expect(results).toEqual(["001 done", "002 done", "003 not-run", "004 not-run"]);
        expect(error?.message).toContain(message);
        expect(await m.recorded()).toEqual(["001", "002"]);
        expect(await m.has("late")).toBe(false);
        expect((await m.up()).results).toEqual(["003 done", "004 done"]);
      },
    );

    test("an interruption of a statement that nobody waits for takes the migration back", async () => {
      const file = `import { Migration } from "confiture";\nexport default class extends Migration { up() { this.execute("CREATE TABLE t002 ()"); this.execute("SELECT pg_sleep(20)"); } }\n`;
      await using m = await migrating(engine, { "001_log.sql": LOG, "002_x.ts": file, "003_c.ts": code("003") });
      const { results, error } = await m.up({}, { signal: AbortSignal.timeout(500) });
      expect([results, error?.code]).toEqual([["001 done", "002 failed", "003 not-run"], "interrupted"]);
      expect(await m.recorded()).toEqual(["001"]);
      expect(await m.has("t002")).toBe(false);
    });

    test.each([
      ["a statement fails", "SELECT 1 / 0;\n"],
      ["COMMIT fails", FAILS_AT_COMMIT],
    ])("no code runs of a TypeScript migration behind one where %s", async (_, text) => {
      for (const before of ["002_x.sql", "002_x.ts"]) {
        const failing = `import { Migration } from "confiture";\nexport default class extends Migration { up() { this.execute(\`${text}\`); } }\n`;
        await using m = await migrating(engine, {
          "001_log.sql": LOG,
          [before]: before.endsWith(".ts") ? failing : text,
          "003_c.ts": code("003", `require("node:fs").writeFileSync(import.meta.dir + "/ran", "");`),
          "004_d.sql": logged("004"),
        });
        const failed = await m.up();
        expect(failed.results).toEqual(["001 done", "002 failed", "003 not-run", "004 not-run"]);
        expect(failed.error?.location?.file).toBe(`db/migrations/${before}`);
        expect(await Bun.file(`${m.project.dir}/db/migrations/ran`).exists()).toBe(false);
        expect(await m.recorded()).toEqual(["001"]);
      }
    });

    test("nothing is sent behind what a TypeScript migration has left open", async () => {
      await using m = await migrating(engine, {
        "001_log.sql": LOG,
        "002_open.ts": code("002", `setTimeout(() => this.execute("SELECT 1"), 500);`),
        "003_c.sql": logged("003").replace("up\n", "up\nSELECT pg_sleep(0.7);\n"),
        "004_d.sql": logged("004"),
      });
      const { results, error } = await m.up();
      expect(results).toEqual(["001 done", "002 done", "003 done", "004 not-run"]);
      expect(error?.location?.file).toBe("db/migrations/002_open.ts");
      expect(await m.recorded()).toEqual(["001", "002", "003"]);
      expect(await m.has("t004")).toBe(false);
    });

    test.each([
      ["a statement fails", "SELECT 1 / 0;\n", "22012"],
      ["it cannot be parsed", "CREATE TABL a ();\n", "42601"],
      [
        "a deferred constraint fails",
        "CREATE TABLE p (id int PRIMARY KEY, q int REFERENCES p DEFERRABLE INITIALLY DEFERRED);\nINSERT INTO p VALUES (1, 2);\n",
        "23503",
      ],
      ["COMMIT fails", FAILS_AT_COMMIT, "0A000"],
      ["it releases the lock", "SELECT pg_advisory_unlock_all();\nSELECT 1 / 0;\n", "22012"],
    ])("nothing runs of what was sent behind a migration where %s", async (_, text, sqlstate) => {
      await using m = await migrating(engine, { "001_log.sql": LOG, "002_x.sql": text, "003_c.sql": logged("003") });
      const failed = await m.up();
      expect(failed.results).toEqual(["001 done", "002 failed", "003 not-run"]);
      expect(failed.error).toMatchObject({ code: "sql_failed", server: { sqlstate } });
      expect(failed.error?.location?.file).toBe("db/migrations/002_x.sql");
      expect(failed.error?.hint?.includes("deferred constraint") === true).toBe(sqlstate === "23503");
      expect(await m.recorded()).toEqual(["001"]);
      expect(await m.has("t003")).toBe(false);
      expect(m.events.filter(({ type }) => type === "notice")).toEqual([]);
      await m.write("002_x.sql", "SELECT 1;");
      expect((await m.up()).results).toEqual(["002 done", "003 done"]);
      expect(await m.query("SELECT version FROM log")).toEqual([{ version: "003" }]);
    });

    test.each([
      ["a statement", "SELECT 1 / 0;\n"],
      ["COMMIT", FAILS_AT_COMMIT],
    ])("on the way back as well, where %s fails", async (_, text) => {
      await using m = await migrating(engine, {
        "001_log.sql": LOG,
        "002_b.sql": logged("002"),
        "003_x.sql": `-- migrate:up\nCREATE TABLE x (id int);\n-- migrate:down\n${text}`,
        "004_d.sql": logged("004"),
      });
      await m.up();
      const { results } = await m.down({ to: "001" });
      expect(results).toEqual(["004 done", "003 failed", "002 not-run"]);
      expect(await m.recorded()).toEqual(["001", "002", "003"]);
      expect(await m.has("t002")).toBe(true);
    });

    test("a migration that is tried again is followed by what was sent behind it, once", async () => {
      await using m = await migrating(
        engine,
        {
          "001_log.sql": `${LOG}CREATE TABLE held (id int);`,
          "002_b.sql": "ALTER TABLE held ADD c int;",
          "003_c.sql": logged("003"),
        },
        { lockTimeout: 100 },
      );
      await m.up({ to: "001" });
      const holding = m.query("SELECT pg_sleep(1) FROM (SELECT count(*) FROM held) AS counted");
      await Bun.sleep(200);
      const { results } = await m.up();
      await holding;
      expect(m.events.some(({ type }) => type === "retrying")).toBe(true);
      expect(results).toEqual(["002 done", "003 done"]);
      expect(await m.query("SELECT version FROM log")).toEqual([{ version: "003" }]);
    });

    test("what the server tells of a migration comes behind its beginning and before its end", async () => {
      const versions = ["002", "003", "004", "005", "006"];
      await using m = await migrating(engine, {
        "001_log.sql": `${LOG}CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
          BEGIN RAISE WARNING '%', NEW.version; RETURN NULL; END $$;
          CREATE TRIGGER now_ AFTER INSERT ON log FOR EACH ROW EXECUTE FUNCTION tell();
          CREATE CONSTRAINT TRIGGER at_the_end AFTER INSERT ON confiture_migrations DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION tell();`,
        ...Object.fromEntries(versions.map((version) => [`${version}_t.sql`, logged(version)])),
      });
      await m.up({ to: "001" });
      m.events.length = 0;
      expect((await m.up()).error).toBeUndefined();
      const told = m.events.flatMap((event) => {
        if (event.type === "notice") return [event.notice.message];
        return event.type === "started" || event.type === "finished"
          ? [`${event.type} ${event.migration.version}`]
          : [];
      });
      expect(told).toEqual(
        versions.flatMap((version) => [`started ${version}`, version, version, `finished ${version}`]),
      );
    });

    test("what PostgreSQL tells of statements that are sent ahead is told of their migration", async () => {
      await using m = await migrating(engine, {
        "001_log.sql": `${LOG}SELECT pg_sleep(0.3);`,
        "002_a.sql": "CREATE TABLE IF NOT EXISTS log (id int);",
        "003_b.sql": "DROP TABLE IF EXISTS not_there CASCADE;",
        "004_c.sql": "DO $$ BEGIN RAISE WARNING 'of a block'; END $$;",
        "005_d.sql": "CREATE TABLE p (id int PRIMARY KEY); CREATE VIEW v AS SELECT * FROM p;",
        "006_e.sql": "DROP TABLE p CASCADE;",
        "007_f.sql": "SELECT 1; SELECT 1 / 0;",
        "008_g.sql": "DO $$ BEGIN RAISE WARNING 'never'; END $$;",
      });
      let isAhead = false;
      const events: string[] = [];
      const onEvent = (event: MigrateEvent): void => {
        if (event.type === "notice") events.push(event.notice.message);
        else if (event.type === "started" || event.type === "finished") {
          events.push(`${event.type} ${event.migration.version}`);
        }
      };
      const { target } = m.database;
      if (target.engine !== "server") throw new Error("a proxy needs a server");
      await using proxy = await tcpProxy(target, ({ from, bytes }) => {
        const text = bytes.toString("latin1");
        if (from === "client" && text.includes("CREATE TABLE IF NOT EXISTS log")) isAhead ||= events.length === 1;
        return "pass";
      });
      const throughIt = { ...m.options, onEvent, target: { ...target, host: "127.0.0.1", port: proxy.port } };
      const { results } = await outcomeOf(up(throughIt, {}));
      expect(isAhead).toBe(true);
      expect(results.slice(-2)).toEqual(["007 failed", "008 not-run"]);
      expect(events).toEqual([
        "started 001",
        "finished 001",
        "started 002",
        'relation "log" already exists, skipping',
        "finished 002",
        "started 003",
        'table "not_there" does not exist, skipping',
        "finished 003",
        "started 004",
        "of a block",
        "finished 004",
        "started 005",
        "finished 005",
        "started 006",
        "drop cascades to view v",
        "finished 006",
        "started 007",
      ]);
    });

    test("an index that could be passed over although it is invalid is looked at before it is sent", async () => {
      await using m = await migrating(engine, {
        "001_log.sql": `${LOG}INSERT INTO log VALUES ('a'), ('a');`,
        "002_i.sql": "CREATE UNIQUE INDEX CONCURRENTLY log_version ON log (version);",
      });
      await m.up();
      await m.query("DELETE FROM confiture_migrations WHERE version = '002'");
      await m.write("002_i.sql", "CREATE TABLE before (id int);");
      await m.write("003_i.sql", "CREATE UNIQUE INDEX IF NOT EXISTS log_version ON log (version);");
      const { results, error } = await m.up();
      expect(results).toEqual(["002 done", "003 failed"]);
      expect(error?.code).toBe("index_invalid");
    });

    test("an interruption stops what was sent", async () => {
      await using m = await migrating(engine, {
        "001_log.sql": LOG,
        "002_b.sql": "INSERT INTO log SELECT 'slept' FROM pg_sleep(20);",
        "003_c.sql": logged("003"),
      });
      const abort = new AbortController();
      const started = performance.now();
      const { results, error } = await m.up(
        {},
        {
          signal: abort.signal,
          onEvent: (event) => {
            if (event.type === "finished") abort.abort();
          },
        },
      );
      expect(performance.now() - started).toBeLessThan(15_000);
      expect(results).toEqual(["001 done", "002 failed", "003 not-run"]);
      expect(error).toMatchObject({ code: "interrupted" });
      expect(await m.query("SELECT version FROM log")).toEqual([]);
    });

    test.each(
      few(1, [
        ["SQL", ["sql", "sql", "sql", "sql", "sql"]],
        ["TypeScript and SQL", ["ts", "ts", "sql", "ts"]],
      ]),
    )(
      "wherever the connection is cut, what is said of each migration is what the ledger says, and nothing runs twice: %s",
      async (_, forms) => {
        const versions = forms.map((_form, index) => `00${index + 2}`);
        const files = Object.fromEntries(
          versions.map((version, index) => [
            `${version}_t.${forms[index]}`,
            forms[index] === "ts" ? code(version) : logged(version),
          ]),
        );
        const said = new Set<string>();
        /** @returns whether there was such a place */
        const cutAt = async (place: "answer" | "chunk", cut: number): Promise<boolean> => {
          await using m = await migrating(engine, { "001_log.sql": LOG, ...files });
          await m.up({ to: "001" });
          let passed = 0;
          /** An answer may come in two pieces. */
          let answers = Buffer.alloc(0);
          let isCut = false;
          const { results, error } = await through(m, ({ connection, from, bytes }) => {
            if (connection > 1) return "pass";
            if (place === "answer") {
              if (from === "client" || isCut) return "pass";
              const before = answers.length;
              answers = Buffer.concat([answers, bytes]);
              const end = endsOfCommits(answers)[cut - 1];
              if (end === undefined) return "pass";
              isCut = true;
              return (sink) => void sink.end(bytes.subarray(0, end - before));
            }
            if (++passed < cut) return "pass";
            isCut = true;
            return cut % 2 === 0 ? "cut" : "deliver-and-cut";
          });
          const done = results.filter((result) => result.endsWith(" done")).map((result) => result.slice(0, 3));
          expect(await m.recorded()).toEqual(["001", ...done]);
          if (isCut && results.length > 0) {
            // Behind the last answer there is nothing to lose.
            if (error !== undefined || done.length < versions.length) expect(error?.code).toBe("connection_lost");
            said.add(results.map((result) => result.split(" ")[1]).join(" "));
          }
          expect((await m.up()).error).toBeUndefined();
          expect(await m.query("SELECT version FROM log ORDER BY version")).toEqual(
            versions.map((version) => ({ version })),
          );
          return isCut;
        };
        for (let cut = 1; await cutAt("chunk", cut); cut++);
        // A busy machine delivers several answers in one chunk.
        for (let cut = 1; await cutAt("answer", cut); cut++);
        // Cut before the first, behind the last, and in between.
        expect(said.size).toBeGreaterThan(3);
      },
      240_000,
    );
  });
}
