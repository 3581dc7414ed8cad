import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { newestAndEmbedded, newestServer, serverEngines } from "../../support/engines.ts";
import { ROOT } from "../../support/postgres-binaries.ts";
import { caretOf, placeOf } from "../failure.ts";
import { type Migrating, migrating } from "./migrating.ts";

const TABLE = { "001_a.sql": "CREATE TABLE steps (id serial, name text); CREATE TABLE pets (id int, name text)" };

/** A migration class with this body. */
const migration = (body: string, head = ""): string =>
  `import { Migration } from "confiture";\n${head}export default class extends Migration {\n${body}\n}\n`;

const STEP = `const step = (m: Migration, name: string) => m.execute("INSERT INTO steps (name) VALUES ('" + name + "')");\n`;

async function upInItsOwnProcess(m: Migrating): Promise<Record<string, unknown>> {
  await m.project.write(
    "run.ts",
    `import { outcomeOf } from ${JSON.stringify(join(import.meta.dir, "migrating.ts"))};
     import { placeOf } from ${JSON.stringify(join(import.meta.dir, "..", "failure.ts"))};
     import { up } from ${JSON.stringify(join(ROOT, "src/migrate/migrator.ts"))};
     import { Secret } from ${JSON.stringify(join(ROOT, "src/database/target.ts"))};
     const options = ${JSON.stringify(m.options)};
     options.target.password = new Secret("postgres");
     const { results, error } = await outcomeOf(up(options, {}));
     const { code, message, server } = error ?? {};
     console.log(JSON.stringify({ results, code, message, sqlstate: server?.sqlstate, place: placeOf(error) }));`,
  );
  const child = Bun.spawn([process.execPath, m.project.path("run.ts")], { cwd: ROOT, stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr, exitCode] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  if (exitCode !== 0) throw new Error(`exit ${exitCode}: ${stderr}`);
  return JSON.parse(stdout) as Record<string, unknown>;
}

for (const engine of newestAndEmbedded) {
  describe(engine.name, () => {
    test("says how far it has come, in its turn and not too often, inside and outside a transaction", async () => {
      const body = `async up() {
        for (let done = 0; done < 500; done++) this.progress(done, 1000);
        await this.execute("INSERT INTO pets VALUES (1, 'Rex')");
        this.progress(1000, 1000);
        await this.progress(7);
      }`;
      await using m = await migrating(engine, {
        ...TABLE,
        "002_b.ts": migration(body),
        "003_c.ts": migration(`transaction = false;\n${body}`),
        "004_d.ts": migration("up() { this.progress(1, 2); }"),
      });
      const told: string[] = [];
      const outcome = await m.up(
        {},
        {
          onEvent: (event) => {
            if (event.type === "told-progress") told.push(`${event.migration.version} ${event.done}/${event.total}`);
          },
        },
      );
      // What only tells something has done nothing.
      expect(outcome).toMatchObject({
        results: ["001 done", "002 done", "003 done", "004 failed"],
        error: { code: "migration_empty" },
      });
      for (const version of ["002", "003"]) {
        const own = told.filter((line) => line.startsWith(version));
        expect([own[0], own.find((line) => line.includes("1000/1000"))]).toEqual([
          `${version} 0/1000`,
          `${version} 1000/1000`,
        ]);
        expect(own.length).toBeLessThan(50);
      }
    });

    test("up and down, sync and async, with rows, parameters and another file", async () => {
      await using m = await migrating(engine, {
        ...TABLE,
        "002_b.ts": migration(`
          version = "002"; name = "b";
          async up() {
            await this.execute("INSERT INTO pets VALUES ($1, $2), (2, 'Rex')", [1, "O'Malley"]);
            const pets = await this.query<{ id: number; name: string; tags: string[] }>(
              "SELECT id, name, ARRAY['a', name] AS tags FROM pets WHERE id = ANY($1) ORDER BY id", [[1, 2]]);
            for (const { id, tags } of pets) await this.execute("INSERT INTO steps (name) VALUES ($1)", [id + ":" + tags.join("+")]);
            await this.executeFile("data/more.sql");
          }
          down() { this.execute("DELETE FROM steps; DELETE FROM pets;"); }`),
        "db/migrations/data/more.sql": "\ufeffBEGIN;\nCOPY pets FROM stdin;\n3\tMinka\n\\.\nCOMMIT;\n",
      });
      expect((await m.up()).error).toBeUndefined();
      expect(await m.query("SELECT name FROM steps ORDER BY id")).toEqual([
        { name: "1:a+O'Malley" },
        { name: "2:a+Rex" },
      ]);
      expect(await m.query("SELECT name FROM pets WHERE id = 3")).toEqual([{ name: "Minka" }]);
      expect((await m.down()).results).toEqual(["002 done"]);
      expect(await m.query("SELECT * FROM steps")).toEqual([]);
    });

    test("a forgotten await changes nothing: order, waiting, failing", async () => {
      await using m = await migrating(engine, {
        ...TABLE,
        "002_b.ts": migration(
          `async up() {
            step(this, "1");
            this.helper();
            step(this, "2");
          }
          async helper() {
            const [row] = await this.query("SELECT count(*)::int AS n FROM steps");
            await step(this, "saw " + row.n);
            step(this, "last");
          }`,
          STEP,
        ),
        "003_c.ts": migration(`up() { step(this, "lost"); this.execute("SELECT 1/0"); step(this, "lost too"); }`, STEP),
        "004_d.sql": "SELECT 1",
      });
      const { results, error } = await m.up();
      expect(results).toEqual(["001 done", "002 done", "003 failed", "004 not-run"]);
      expect(error).toMatchObject({ code: "sql_failed", server: { sqlstate: "22012" } });
      expect(await m.query("SELECT name FROM steps ORDER BY id")).toEqual(
        ["1", "2", "saw 1", "last"].map((name) => ({ name })),
      );
    });
  });
}

for (const engine of newestServer) {
  describe(engine.name, () => {
    test("relative imports, other languages' features and several migrations of one helper", async () => {
      await using m = await migrating(engine, {
        ...TABLE,
        "002_b.ts": migration(`up() { note(this, Kind.first); }`, `import { Kind, note } from "./lib/note.ts";\n`),
        "003_c.ts": migration(`up() { note(this, Kind.second); }`, `import { Kind, note } from "./lib/note";\n`),
        "db/migrations/lib/note.ts": `import type { Migration } from "confiture";
          export enum Kind { first = "1st", second = "2nd" }
          export const note = (m: Migration, kind: Kind) => m.execute("INSERT INTO steps (name) VALUES ($1)", [kind]);`,
        "db/migrations/README.md": "no migration",
        "db/migrations/types.d.ts": "declare const x: number;",
      });
      expect((await m.up()).error).toBeUndefined();
      expect(await m.query("SELECT name FROM steps ORDER BY id")).toEqual([{ name: "1st" }, { name: "2nd" }]);
    });

    test("an error that the migration catches still fails it, and nothing after it is kept", async () => {
      await using m = await migrating(engine, {
        ...TABLE,
        "002_b.ts": migration(`async up() {
          await this.execute("INSERT INTO steps (name) VALUES ('kept?')");
          try { await this.execute("SELECT 1/0"); } catch {}
          try { await this.execute("INSERT INTO steps (name) VALUES ('after')"); } catch {}
        }`),
      });
      const { results, error } = await m.up();
      expect(results).toEqual(["001 done", "002 failed"]);
      expect(error?.server?.sqlstate).toBe("22012");
      expect(await m.query("SELECT * FROM steps")).toEqual([]);
      expect(await m.recorded()).toEqual(["001"]);
    });

    test("an error thrown in up fails it with the place, and what it had asked for is rolled back", async () => {
      await using m = await migrating(engine, {
        ...TABLE,
        "002_b.ts": migration(
          `up() {\n    this.execute("INSERT INTO steps (name) VALUES ('x')");\n    throw new RangeError("no way");\n  }`,
        ),
      });
      const { error } = await m.up();
      expect(error).toMatchObject({ code: "migration_failed", exitCode: 1 });
      expect(error?.message).toContain("RangeError: no way");
      expect(placeOf(error)).toStartWith("db/migrations/002_b.ts:5:");
      expect(await m.query("SELECT * FROM steps")).toEqual([]);
    });

    test("something else thrown, and a rejected promise nobody made an error of", async () => {
      await using m = await migrating(engine, {
        "001_a.ts": migration(`async up() { await this.query("SELECT 1"); throw "a string"; }`),
      });
      const { error } = await m.up();
      expect(error?.code).toBe("migration_failed");
      expect(error?.message).toContain("a string");
    });

    test.each([
      ["throw null;", "up() of db/migrations/001_a.ts failed: it threw null, which is no error"],
      ["await Promise.reject();", "up() of db/migrations/001_a.ts failed: it threw undefined, which is no error"],
    ])("nothing thrown: %s", async (body, message) => {
      await using m = await migrating(engine, { "001_a.ts": migration(`async up() { ${body} }`) });
      expect((await m.up()).error?.message).toBe(message);
    });

    test.each([
      ["undefined", "undefined"],
      ["{ text: 'SELECT 1' }", '{\n  text: "SELECT 1",\n}'],
    ])("SQL that is no text: %s", async (value, shown) => {
      await using m = await migrating(engine, {
        "001_a.ts": migration(`async up() { await this.execute(${value}); }`),
      });
      const { error } = await m.up();
      expect(error?.message).toBe(
        `up() of db/migrations/001_a.ts failed: TypeError: SQL has to be text, and this is ${shown}`,
      );
      expect(placeOf(error)).toStartWith("db/migrations/001_a.ts:");
    });

    test("a message as long as data is cut, and the place is still known", async () => {
      await using m = await migrating(engine, {
        "001_a.ts": migration(`up() { throw new Error("x".repeat(5_000_000)); }`),
      });
      const { error } = await m.up();
      expect(error?.message).toEndWith("xxx ... (5000007 characters)");
      expect(error?.message.length).toBeLessThan(11_000);
      expect(placeOf(error)).toStartWith("db/migrations/001_a.ts:3:");
    });

    test.each([["async *up() { yield this.execute('SELECT 1'); }"], ["*up() { yield this.execute('SELECT 1'); }"]])(
      "a generator is named as such: %s",
      async (body) => {
        await using m = await migrating(engine, { "001_a.ts": migration(body) });
        const { error } = await m.up();
        expect(error).toMatchObject({ code: "migration_failed", location: { file: "db/migrations/001_a.ts" } });
        expect(error?.message).toContain("up() of db/migrations/001_a.ts failed: it is a generator");
      },
    );

    const LATE: readonly (readonly [string, string])[] = [
      ["a loop that does not wait", "[1, 2].forEach(async (n) => { await Bun.sleep(20); await step(this, 'late'); });"],
      ["a timer", "setTimeout(() => step(this, 'late'), 50);"],
      ["a turn after turn", "setImmediate(() => setImmediate(() => setTimeout(() => step(this, 'late'), 1)));"],
      ["a helper that reads a file and waits for a process", "void this.helper();"],
    ];
    for (const way of ["up", "down"] as const) {
      for (const transaction of [true, false]) {
        test.each(LATE)(`asked for after the end of ${way}, transaction = ${transaction}: %s`, async (_what, late) => {
          const plain = "step(this, 'awaited');";
          await using m = await migrating(engine, {
            ...TABLE,
            "002_b.ts": migration(
              `transaction = ${transaction};
               async up() { await ${plain} ${way === "up" ? late : ""} }
               async down() { await ${plain} ${way === "down" ? late : ""} }
               async helper() {
                 const { readFile } = await import("node:fs/promises");
                 await readFile(import.meta.path);
                 await Bun.spawn(["sleep", "0.05"]).exited;
                 await step(this, "late");
               }`,
              STEP,
            ),
          });
          if (way === "down") expect((await m.up()).error).toBeUndefined();
          const { results, error } = await m[way]();
          expect(results.at(-1)).toBe("002 failed");
          expect(error).toMatchObject({
            code: "migration_failed",
            message: `A statement was asked for after ${way}() of db/migrations/002_b.ts had ended`,
            hint: expect.stringContaining("await"),
            location: { file: "db/migrations/002_b.ts" },
          });
          expect(await m.query("SELECT * FROM steps WHERE name = 'late'")).toEqual([]);
          expect(await m.query("SELECT * FROM steps")).toHaveLength((way === "down" ? 1 : 0) + (transaction ? 0 : 1));
          expect(await m.standings()).toEqual([
            "001 applied",
            `002 ${transaction ? (way === "up" ? "pending" : "applied") : "stopped"}`,
          ]);
        });
      }
    }

    /** Asks for a statement once this file is there. */
    const askedLater = (sign: string): string =>
      `const timer = setInterval(async () => {
         if (!(await Bun.file(import.meta.dir + "/${sign}").exists())) return;
         clearInterval(timer);
         // Behind the statement, and by somebody else: this thread ends with it.
         Bun.spawn(["sh", "-c", 'sleep 0.2; : > "$0"', import.meta.dir + "/asked"]);
         step(this, "late");
       }, 5);`;
    /** Makes that file, and waits until the statement has been asked for. */
    const LETS_IT = `async up() {
      await this.execute("SELECT 1");
      await Bun.write(import.meta.dir + "/sign", "");
      while (!(await Bun.file(import.meta.dir + "/asked").exists())) await Bun.sleep(5);
    }`;

    test("a statement that comes after the migration is recorded fails the command, which says so", async () => {
      await using m = await migrating(engine, {
        ...TABLE,
        "002_b.ts": migration(`up() { step(this, "x"); ${askedLater("sign")} }\ndown() { step(this, "y"); }`, STEP),
        "003_c.ts": migration(LETS_IT),
        "004_d.sql": "SELECT 1",
      });
      const { results, error } = await m.up();
      expect(results).toEqual(["001 done", "002 done", "003 done", "004 not-run"]);
      expect(error).toMatchObject({
        code: "migration_failed",
        message:
          "A statement was asked for after up() of db/migrations/002_b.ts had ended, and was not run: the migration is recorded as applied without it",
        hint: expect.stringContaining("Roll the migration back, correct it and apply it again"),
        location: { file: "db/migrations/002_b.ts" },
      });
      expect(await m.recorded()).toEqual(["001", "002", "003"]);
      expect(await m.query("SELECT name FROM steps")).toEqual([{ name: "x" }]);
    });

    test("in one transaction, it takes all of it back", async () => {
      await using m = await migrating(engine, {
        ...TABLE,
        "002_b.ts": migration(`up() { step(this, "x"); ${askedLater("sign")} }`, STEP),
        "003_c.ts": migration(LETS_IT),
      });
      const { error } = await m.up({ singleTransaction: true });
      expect(error?.message).toBe("A statement was asked for after up() of db/migrations/002_b.ts had ended");
      expect(await m.has("steps")).toBe(false);
    });

    test("what stays open is told, and holds up nothing behind it", async () => {
      await using m = await migrating(engine, {
        ...TABLE,
        "002_b.ts": migration(`up() { step(this, "x"); setInterval(() => {}, 1000); }`, STEP),
        ...Object.fromEntries(
          Array.from({ length: 9 }, (_, n) => [`01${n}_c.ts`, migration(`up() { step(this, "${n}"); }`, STEP)]),
        ),
      });
      expect((await m.up()).error).toBeUndefined();
      expect(m.events.filter(({ type }) => type === "left-open")).toEqual([
        { type: "left-open", file: "db/migrations/002_b.ts", method: "up" },
      ]);
      expect(await m.query("SELECT * FROM steps")).toHaveLength(10);
    });

    test("an async helper that nobody awaits and that throws leaves nothing behind", async () => {
      await using m = await migrating(engine, {
        ...TABLE,
        "002_b.ts": migration(
          `up() { step(this, "x"); void this.helper(); }
           async helper() { await this.query("SELECT 1"); throw new Error("boom from the helper"); }`,
          STEP,
        ),
      });
      const { results, code, message, place } = await upInItsOwnProcess(m);
      expect(results).toEqual(["001 done", "002 failed"]);
      expect(code).toBe("migration_failed");
      expect(message).toContain("boom from the helper");
      expect(place).toStartWith("db/migrations/002_b.ts:5:");
      expect(await m.recorded()).toEqual(["001"]);
      expect(await m.query("SELECT * FROM steps")).toEqual([]);
    });

    test("an async helper that nobody awaits fails the migration by its statement", async () => {
      await using m = await migrating(engine, {
        ...TABLE,
        "002_b.ts": migration(
          `up() { step(this, "x"); void this.helper(); }
           async helper() { await this.query("SELECT 1"); await this.execute("SELECT 1/0"); }`,
          STEP,
        ),
      });
      const { results, sqlstate, place } = await upInItsOwnProcess(m);
      expect(results).toEqual(["001 done", "002 failed"]);
      expect(sqlstate).toBe("22012");
      expect(place).toStartWith("db/migrations/002_b.ts:5:");
      expect(await m.recorded()).toEqual(["001"]);
    });

    test("transaction = false runs each statement by itself and counts them", async () => {
      await using m = await migrating(engine, {
        ...TABLE,
        "002_b.ts": migration(`transaction = false;
          async up() {
            this.execute("INSERT INTO steps (name) SELECT txid_current()::text; INSERT INTO steps (name) SELECT txid_current()::text");
            this.execute("CREATE INDEX CONCURRENTLY i ON steps (name)");
            this.execute("SELECT 1 / $1::int", [0]);
            this.execute("INSERT INTO steps (name) VALUES ('never')");
          }`),
      });
      const { error } = await m.up();
      expect(error).toMatchObject({ server: { sqlstate: "22012" }, data: { statementsDone: 3 } });
      expect(await m.query("SELECT count(DISTINCT name)::int AS n FROM steps")).toEqual([{ n: 2 }]);
      expect(
        await m.query("SELECT state, statements_done AS done FROM confiture_migrations WHERE version = '002'"),
      ).toEqual([{ state: "applying", done: 3 }]);
      expect((await m.up()).error?.code).toBe("history_stopped");
    });

    test("outside a transaction, rows that were asked for with a change are not forgotten", async () => {
      await using m = await migrating(engine, {
        ...TABLE,
        "002_b.ts": migration(`transaction = false;
          async up() {
            await this.query("INSERT INTO steps (name) VALUES ('once') RETURNING id");
            await this.execute("SELECT 1/0");
          }`),
      });
      expect((await m.up()).error?.server?.sqlstate).toBe("22012");
      // Run again as if it had not been tried, it would insert twice.
      expect(await m.standings()).toEqual(["001 applied", "002 stopped"]);
    });

    test("CREATE INDEX CONCURRENTLY without transaction = false is answered with the line to add", async () => {
      await using m = await migrating(engine, {
        ...TABLE,
        "002_b.ts": migration(`up() { this.execute("CREATE INDEX CONCURRENTLY i ON steps (name)"); }`),
      });
      const { error } = await m.up();
      expect(error?.server?.sqlstate).toBe("25001");
      expect(error?.hint).toContain("transaction = false");
    });

    test("own transaction control inside a transaction is refused", async () => {
      await using m = await migrating(engine, {
        ...TABLE,
        "002_b.ts": migration(
          `up() { this.execute("INSERT INTO steps (name) VALUES ('x')"); this.execute("COMMIT; SELECT 1"); }`,
        ),
        "003_c.ts": migration(`up() { this.execute("SELECT 1", []); this.execute("ROLLBACK"); }`),
        "004_d.ts": migration(`async up() { await this.query("COMMIT"); }`),
        "005_e.ts": migration(
          `async up() { await this.execute("ROLLBACK -- $1", []); await this.execute("COMMIT", [null].slice(1)); }`,
        ),
      });
      expect((await m.up()).error?.code).toBe("sql_transaction_control");
      expect(await m.query("SELECT * FROM steps")).toEqual([]);
      for (const name of ["002_b.ts", "003_c.ts", "004_d.ts"]) {
        await m.write(name, "");
        await Bun.file(m.project.path(`db/migrations/${name}`)).delete();
        expect((await m.up()).error?.code).toBe("sql_transaction_control");
        expect(await m.recorded()).toEqual(["001"]);
      }
    });

    test.each([
      ["undefined", `"SELECT $1::int", [undefined]`, "Parameter $1 is undefined"],
      ["too many", `"SELECT 1 WHERE 1 IN (" + all.map((_, n) => "$" + (n + 1)).join() + ")", all`, "65535 parameters"],
      ["a date that is none", `"SELECT $1::timestamptz", [new Date("nonsense")]`, "cannot be sent"],
      ["a number where bytes belong", `"SELECT $1::bytea", [5]`, "cannot be sent"],
    ])("a parameter that cannot be sent fails the statement, not the connection: %s", async (_what, call, message) => {
      for (const head of ["", "  transaction = false;\n"]) {
        await using m = await migrating(engine, {
          ...TABLE,
          "002_b.ts": migration(
            `${head}  async up() {\n    await this.execute("CREATE TABLE made ()");\n    await this.query(${call});\n  }`,
            "const all = Array.from({ length: 65535 }, () => 1);\n",
          ),
        });
        const { results, error } = await m.up();
        expect(results).toEqual(["001 done", "002 failed"]);
        expect(error).toMatchObject({ code: "parameter_invalid", message: expect.stringContaining(message) });
        expect(placeOf(error)).toContain("002_b.ts:");
        const made = await m.query("SELECT to_regclass('made') IS NOT NULL AS made");
        expect(made).toEqual([{ made: head !== "" }]);
      }
    });

    test("a date that is text is PostgreSQL's to read", async () => {
      await using m = await migrating(engine, {
        "001_a.ts": migration(`async up() {
          await this.execute("CREATE TABLE dates AS SELECT $1::timestamptz::text AS a, $2::date::text AS b", ["infinity", "2024-02-29"]);
        }`),
      });
      expect((await m.up()).error).toBeUndefined();
      expect(await m.query("SELECT * FROM dates")).toEqual([{ a: "infinity", b: "2024-02-29" }]);
    });

    test.each([
      ["does not parse", migration("up() {"), "migration_invalid"],
      ["exports something else", "export default 1;", "migration_invalid"],
      ["throws", `throw new Error("no");\n${migration("up() {}")}`, "migration_failed"],
      ["ends the process", `process.exit(0);\n${migration("up() {}")}`, "migration_failed"],
      ["waits for ever", `await new Promise(() => {});\n${migration("up() {}")}`, "migration_failed"],
    ])("of several files, the first that cannot be loaded is named: one that %s", async (_what, bad, code) => {
      const good = migration("up() { return this.execute('SELECT 1'); }");
      for (const at of [0, 1, 2]) {
        const files = ["002_b.ts", "003_c.ts", "004_d.ts"].map((name, index) => [name, index === at ? bad : good]);
        await using m = await migrating(engine, { ...TABLE, ...Object.fromEntries(files) });
        const { error, refused } = await m.up();
        expect(refused).toBe(true);
        expect(error).toMatchObject({ code, location: { file: `db/migrations/${files[at]![0]}` } });
      }
    });

    test("a helper that does not parse is named, with the place in it", async () => {
      await using m = await migrating(engine, {
        ...TABLE,
        "002_b.ts": migration(`up() { note(this); }`, `import { note } from "./lib/note.ts";\n`),
        "db/migrations/lib/note.ts": `export const note = () => {\n  const = 1;\n};\n`,
      });
      const { error } = await m.up();
      expect(error).toMatchObject({
        code: "migration_invalid",
        message: expect.stringContaining("002_b.ts cannot be loaded"),
      });
      expect(placeOf(error)).toEndWith("lib/note.ts:2:9");
    });

    test("the place of a SQL error is inside the template literal", async () => {
      await using m = await migrating(engine, {
        "001_a.ts": migration(`  up() {
    const emoji = "🍓";
    this.execute(\`
      CREATE TABLE ä (id int); -- 🍓
      SELECT 'é', nowhere
        FROM ä;
    \`);
  }`),
      });
      const { error } = await m.up();
      expect(placeOf(error)).toBe("db/migrations/001_a.ts:7:19");
      expect(caretOf(error)).toBe("nowhere");
    });

    test.each([
      [
        "a call that builds its SQL",
        `up() {\n    const name = "nowhere";\n    this.execute(\`SELECT * FROM \${name}\`);\n  }`,
        "001_a.ts:5:",
      ],
      [
        "a query",
        `async up() {\n    await this.query("SELECT 1");\n    await this.query("SELECT nowhere");\n  }`,
        "001_a.ts:5:30",
      ],
      [
        "a query with parameters",
        `async up() {\n    await this.query("SELECT nowhere WHERE $1", [true]);\n  }`,
        "001_a.ts:4:30",
      ],
      ["a failure without a position", `up() {\n    this.execute("SELECT 1;\\nSELECT 1/0");\n  }`, "001_a.ts:4:"],
    ])("the place of a SQL error: %s", async (_what, body, place) => {
      await using m = await migrating(engine, { "001_a.ts": migration(body) });
      expect(placeOf((await m.up()).error)).toStartWith(`db/migrations/${place}`);
    });

    test("the place of an error in a file that is run", async () => {
      await using m = await migrating(engine, {
        "001_a.ts": migration(`up() { this.executeFile("../sql/b.sql"); }`),
        "db/sql/b.sql": "SELECT 1;\nSELECT 'ü', nowhere;\n",
        "002_b.ts": migration(`up() {\n  this.executeFile("absent.sql"); }`),
      });
      expect(placeOf((await m.up()).error)).toBe("db/sql/b.sql:2:13");
      await m.project.write("db/sql/b.sql", "SELECT 1");
      const { error } = await m.up();
      expect(error?.code).toBe("file_unreadable");
      expect(placeOf(error)).toStartWith("db/migrations/002_b.ts:4:");
    });

    test("a migration in the middle of many runs in the clean session that SQL files get", async () => {
      await using m = await migrating(engine, {
        "001_a.ts": migration(
          `up() { this.execute("CREATE SCHEMA other; SET search_path = other; SET ROLE pg_monitor"); }`,
        ),
        "002_b.ts": migration(`up() { this.execute("CREATE TABLE here (id int)"); }`),
      });
      expect((await m.up()).error).toBeUndefined();
      expect(await m.has("public.here")).toBe(true);
    });
  });
}

// Whatever is wrong with the file itself is found before the first migration runs.
const [engine] = serverEngines;
if (engine !== undefined) {
  describe("a file that is no migration", () => {
    test.each([
      ["no default export", `export const x = 1;`, "migration_invalid", ""],
      ["another default export", `export default { up() {} };`, "migration_invalid", ""],
      ["a class that extends nothing", `export default class { up() {} }`, "migration_invalid", ""],
      ["no up", migration(`down() {}`), "migration_invalid", ""],
      ["another version", migration(`version = "3"; up() {}`), "migration_invalid", ""],
      ["another name", migration(`name = "c"; up() {}`), "migration_invalid", ""],
      ["a version that is a number", migration(`version = 2 as never; up() {}`), "migration_invalid", ""],
      ["a syntax error", migration(`up() {\n  const = 1;\n }`), "migration_invalid", ":4:9"],
      ["a helper that is not there", `import "./absent.ts";\n` + migration(`up() {}`), "migration_invalid", ":1:8"],
      [
        "a package that is not there",
        `import x from "absent-package";\n` + migration(`up() { x; }`),
        "migration_invalid",
        ":1:15",
      ],
      [
        "code that throws when it is loaded",
        migration(`up() {}`, `throw new Error("boom");\n`),
        "migration_failed",
        ":2:",
      ],
      [
        "a constructor that throws",
        migration(`constructor() {\n super();\n throw new Error("boom"); }\n up() {}`),
        "migration_failed",
        ":5:",
      ],
      ["statements in the constructor", migration(`x = this.execute("SELECT 1"); up() {}`), "migration_failed", ""],
    ] as const)("%s", async (_what, text, code, place) => {
      await using m = await migrating(engine, { "001_a.sql": "CREATE TABLE a (id int)", "002_b.ts": text });
      const { error, refused } = await m.up();
      expect(error).toMatchObject({ code, exitCode: 1 });
      expect(placeOf(error)).toStartWith(`db/migrations/002_b.ts${place}`);
      expect(refused).toBe(true);
      expect([await m.has("a"), await m.has("confiture_migrations")]).toEqual([false, false]);
    });

    test("leading zeros of the version in the class do not matter", async () => {
      await using m = await migrating(engine, {
        "002_b.ts": migration(`version = "2"; name = "b"; up() { this.execute("SELECT 1"); }`),
      });
      expect((await m.up()).error).toBeUndefined();
    });

    test("two projects in one process do not share their helpers", async () => {
      for (const name of ["one", "two"]) {
        await using m = await migrating(engine, {
          "001_a.ts": migration(`up() { this.execute(SQL); }`, `import { SQL } from "./sql.ts";\n`),
          "db/migrations/sql.ts": `export const SQL = "CREATE TABLE ${name} (id int)";`,
        });
        expect((await m.up()).error).toBeUndefined();
        expect(await m.has(name)).toBe(true);
      }
    });
  });
}
