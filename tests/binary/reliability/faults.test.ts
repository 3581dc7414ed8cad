import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { AT_THE_GATE, type Bench, bench, runs } from "./bench.ts";
import { OLDEST_ALONE } from "../../support/servers.ts";

setDefaultTimeout(120_000);

const TWO = { "001_a.sql": "CREATE TABLE a (id int)", "002_b.sql": "CREATE TABLE b (id int)" };

/** Goes on when the test opens the gate: time to change something behind its back. */
const WAITING = `import { Migration } from "confiture";
export default class B extends Migration {
  async up() {
    await this.execute("CREATE TABLE b (id int)");
    await this.execute(${JSON.stringify(AT_THE_GATE)});
  }
}
`;

let roles = 0;

/** A role that may log in, dropped with what it owns. */
async function role(b: Bench, options = ""): Promise<AsyncDisposable & { name: string; url: string }> {
  const name = `role_${process.pid}_${b.instance.major}_${++roles}`;
  await b.query(`CREATE ROLE ${name} LOGIN PASSWORD 'secret' ${options}`);
  return {
    name,
    url: b.url.replace("//postgres:postgres@", `//${name}:secret@`),
    async [Symbol.asyncDispose]() {
      await b.query(`DROP OWNED BY ${name}`);
      await b.query(`DROP ROLE ${name}`);
    },
  };
}

for (const major of OLDEST_ALONE) {
  describe(`PostgreSQL ${major}, limits`, () => {
    test.concurrent("statement_timeout in a transaction: exit 1, rolled back, applied when it may take longer", async () => {
      const files = { "001_a.sql": "CREATE TABLE a (id int); SELECT pg_sleep(1);" };
      await using b = await bench(major, files, { migrations: { statement_timeout: "300ms" } });
      const { exitCode, stderr } = await b.migrate("up");
      expect(exitCode).toBe(1);
      expect(stderr).toContain("57014");
      expect(stderr).toContain("statement timeout");
      expect(await b.has("a")).toBe(false);
      await b.write("001_a.sql", "CREATE TABLE a (id int)");
      expect((await b.migrate("up")).exitCode).toBe(0);
    });

    test.concurrent("statement_timeout outside one: stopped after the statement before, and continued", async () => {
      const text =
        "-- migrate:up transaction:false\nCREATE TABLE a (id int);\nSELECT pg_sleep(1);\nCREATE TABLE b (id int);\n";
      await using b = await bench(major, { "001_a.sql": text }, { migrations: { statement_timeout: "300ms" } });
      const { error } = await b.json("migrate", "up");
      expect(error).toMatchObject({ server: { sqlstate: "57014" }, data: { statementsDone: 1, statementsTotal: 3 } });
      await b.write("001_a.sql", text.replace("pg_sleep(1)", "1"));
      expect((await b.migrate("resolve", "001", "--continue")).exitCode).toBe(0);
      expect((await b.migrate("status", "--exit-code")).exitCode).toBe(0);
    });

    test.concurrent("lock_timeout: retries are reported and bounded, and the next run repairs it", async () => {
      const files = {
        "001_a.sql": "CREATE TABLE a (id int)",
        "002_b.sql": "CREATE TABLE b (id int); ALTER TABLE a ADD x int;",
      };
      await using b = await bench(major, files, { migrations: { lock_timeout: "100ms" } });
      expect((await b.migrate("up", "--steps", "1")).exitCode).toBe(0);
      const holder = b.session();
      await holder.unsafe("BEGIN");
      await holder.unsafe("LOCK TABLE a IN ACCESS SHARE MODE");
      const { exitCode, stderr } = await b.migrate("up");
      expect(exitCode).toBe(1);
      expect(stderr.match(/trying again in/g)).toHaveLength(3);
      expect(stderr).toContain("(3 of 3)");
      expect(stderr).toContain("55P03");
      expect(stderr).toContain("migrations.lock_timeout");
      expect(await b.has("b")).toBe(false);
      await holder.unsafe("ROLLBACK");
      expect((await b.migrate("up")).exitCode).toBe(0);
    });

    test.concurrent("lock_timeout: released in time, it succeeds", async () => {
      const files = {
        "001_a.sql": "CREATE TABLE a (id int)",
        "002_b.sql": "ALTER TABLE a ADD x int; INSERT INTO a VALUES (1, 1);",
      };
      // Three more attempts are made: time enough for the holder to let go.
      await using b = await bench(major, files, { migrations: { lock_timeout: "2s" } });
      expect((await b.migrate("up", "--steps", "1")).exitCode).toBe(0);
      const holder = b.session();
      await holder.unsafe("BEGIN");
      await holder.unsafe("LOCK TABLE a IN ACCESS SHARE MODE");
      const runner = await b.start(["migrate", "up"]);
      await runner.says("trying again in");
      await holder.unsafe("ROLLBACK");
      expect((await runner.result).exitCode).toBe(0);
      expect(await b.query("SELECT count(*)::int AS n FROM a")).toEqual([{ n: 1 }]);
    });

    test.concurrent("lock_timeout outside a transaction is not retried: it stops where it stands", async () => {
      const text = "-- migrate:up transaction:false\nCREATE TABLE b (id int);\nALTER TABLE a ADD x int;\n";
      await using b = await bench(
        major,
        { "001_a.sql": "CREATE TABLE a (id int)", "002_b.sql": text },
        { migrations: { lock_timeout: "100ms" } },
      );
      expect((await b.migrate("up", "--steps", "1")).exitCode).toBe(0);
      const holder = b.session();
      await holder.unsafe("BEGIN");
      await holder.unsafe("LOCK TABLE a IN ACCESS SHARE MODE");
      const { stderr } = await b.migrate("up");
      expect(stderr).not.toContain("trying again");
      expect(stderr).toContain("stopped after statement 1 of 2");
      await holder.unsafe("ROLLBACK");
      expect((await b.migrate("resolve", "002", "--continue")).exitCode).toBe(0);
    });
  });

  describe(`PostgreSQL ${major}, a ledger that someone touches`, () => {
    test.concurrent.each([
      ["dropped", "DROP TABLE confiture_migrations", undefined],
      ["renamed", "ALTER TABLE confiture_migrations RENAME TO gone", "ALTER TABLE gone RENAME TO confiture_migrations"],
    ])("%s during a migration: it is rolled back, and said why", async (_what, harm, repair) => {
      await using b = await bench(major, { "001_a.sql": "CREATE TABLE a (id int)", "002_b.ts": WAITING });
      const runner = await b.start(["migrate", "up"]);
      await b.until(runs("gate"));
      await b.query(harm);
      await b.openGate();
      const { exitCode, stderr } = await runner.result;
      expect(exitCode).toBe(1);
      expect(stderr).toContain("someone dropped or renamed it");
      expect(await b.has("b")).toBe(false);
      if (repair === undefined) {
        // Nobody can know what the dropped table said. What is there already is met by name, with the way out.
        const again = await b.migrate("up");
        expect(again.exitCode).toBe(1);
        expect(again.stderr).toContain("42P07");
        expect(again.stderr).toContain("confiture migrate baseline");
        expect((await b.migrate("baseline", "--through", "001")).exitCode).toBe(0);
      } else {
        await b.query(repair);
      }
      expect((await b.migrate("up")).exitCode).toBe(0);
      expect(await b.ledger()).toEqual(["001 applied", "002 applied"]);
    });

    test.concurrent("renamed between runs: up does not begin from the start over again", async () => {
      await using b = await bench(major, TWO);
      expect((await b.migrate("up", "--steps", "1")).exitCode).toBe(0);
      await b.query("ALTER TABLE confiture_migrations RENAME TO elsewhere");
      const { exitCode, stderr } = await b.migrate("up");
      expect(exitCode).toBe(1);
      expect(stderr).toContain("elsewhere");
      expect(await b.has("confiture_migrations")).toBe(false);
      await b.query("ALTER TABLE elsewhere RENAME TO confiture_migrations");
      expect((await b.migrate("up")).exitCode).toBe(0);
    });

    test.concurrent("dropped during a migration outside a transaction: what was done is said, though nothing can be recorded", async () => {
      // A DO block may commit, and is no part of the transaction that its count is written in; a function is. The test makes it:
      // a runner that made it would seem to be at the gate meanwhile.
      const wait = AT_THE_GATE.replace("DO", "CREATE FUNCTION wait_at_gate() RETURNS void LANGUAGE plpgsql AS");
      const text =
        "-- migrate:up transaction:false\nCREATE TABLE b (id int);\nSELECT wait_at_gate();\nCREATE TABLE c (id int);\n";
      await using b = await bench(major, { "001_a.sql": "CREATE TABLE a (id int)", "002_b.sql": text });
      await b.query(wait);
      const runner = await b.start(["migrate", "up"]);
      await b.until(runs("gate"));
      await b.query("DROP TABLE confiture_migrations");
      await b.openGate();
      const { exitCode, stderr } = await runner.result;
      expect(exitCode).toBe(1);
      expect(stderr).toContain("stopped after statement 1 of 3; what it did before stays");
      expect(stderr).toContain("someone dropped or renamed it");
      expect([await b.has("b"), await b.has("c")]).toEqual([true, false]);
    });

    test.concurrent("rights on it revoked during a run: rolled back, and the GRANT is named", async () => {
      await using b = await bench(major, { "001_a.sql": "CREATE TABLE a (id int)", "002_b.ts": WAITING });
      await using limited = await role(b);
      await b.query(`GRANT CREATE, USAGE ON SCHEMA public TO ${limited.name}`);
      expect((await b.migrate("up", "--steps", "1")).exitCode).toBe(0);
      await b.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON confiture_migrations TO ${limited.name}`);
      const runner = await b.start(["migrate", "up", "--database-url", limited.url]);
      await b.until(runs("gate"));
      await b.query(`REVOKE INSERT ON confiture_migrations FROM ${limited.name}`);
      await b.openGate();
      const { exitCode, stderr } = await runner.result;
      expect(exitCode).toBe(1);
      expect(stderr).toContain("42501");
      expect(stderr).toContain("GRANT SELECT, INSERT, UPDATE, DELETE");
      expect(await b.has("b")).toBe(false);
      await b.query(`GRANT INSERT ON confiture_migrations TO ${limited.name}`);
      expect((await b.migrate("up", "--database-url", limited.url)).exitCode).toBe(0);
      expect(await b.query("SELECT applied_by FROM confiture_migrations ORDER BY version")).toEqual([
        { applied_by: "postgres" },
        { applied_by: limited.name },
      ]);
    });
  });

  describe(`PostgreSQL ${major}, roles and settings`, () => {
    test.concurrent("a role without CREATE: refused before anything runs, with the right it lacks", async () => {
      await using b = await bench(major, TWO);
      await using limited = await role(b);
      await b.query("REVOKE CREATE ON SCHEMA public FROM PUBLIC");
      const first = await b.migrate("up", "--database-url", limited.url);
      expect(first.exitCode).toBe(1);
      expect(first.stderr).toContain("42501");
      expect(first.stderr).toContain("CREATE on the schema");
      // With a ledger that it may write, the migration is what fails.
      expect((await b.migrate("up", "--steps", "1")).exitCode).toBe(0);
      await b.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON confiture_migrations TO ${limited.name}`);
      const second = await b.migrate("up", "--database-url", limited.url);
      expect(second.exitCode).toBe(1);
      expect(second.stderr).toContain("Migration 002_b failed: permission denied for schema public");
      expect(await b.ledger()).toEqual(["001 applied"]);
      expect((await b.migrate("status", "--database-url", limited.url)).exitCode).toBe(0);
      await b.query(`GRANT CREATE ON SCHEMA public TO ${limited.name}`);
      expect((await b.migrate("up", "--database-url", limited.url)).exitCode).toBe(0);
    });

    test.concurrent("default_transaction_read_only: up says so and changes nothing", async () => {
      await using b = await bench(major, TWO);
      await using limited = await role(b, "SUPERUSER");
      await b.query(`ALTER ROLE ${limited.name} SET default_transaction_read_only = on`);
      const { exitCode, stderr } = await b.migrate("up", "--database-url", limited.url);
      expect(exitCode).toBe(1);
      expect(stderr).toContain("25006");
      expect(stderr).toContain("default_transaction_read_only");
      expect((await b.migrate("status", "--database-url", limited.url)).exitCode).toBe(0);
      await b.query(`ALTER ROLE ${limited.name} RESET default_transaction_read_only`);
      expect((await b.migrate("up", "--database-url", limited.url)).exitCode).toBe(0);
    });

    test.concurrent.each(["DATABASE", "ROLE"])(
      "a hostile search_path, set by ALTER %s: nothing of it is ever run",
      async (where) => {
        const files = {
          "001_a.sql": "CREATE TABLE public.a (id pg_catalog.int4);\n-- migrate:down\nDROP TABLE public.a;\n".replace(
            /^/,
            "-- migrate:up\n",
          ),
          "002_b.sql":
            "-- migrate:up transaction:false\nCREATE INDEX CONCURRENTLY a_id ON public.a (id);\nCREATE TABLE public.b (id pg_catalog.int4);\n-- migrate:down transaction:false\nDROP TABLE public.b;\nDROP INDEX CONCURRENTLY public.a_id;\n",
          "003_c.ts": `import { Migration } from "confiture";
export default class C extends Migration {
  up() { this.execute("CREATE TABLE public.c (id pg_catalog.int4)"); }
  down() { this.execute("DROP TABLE public.c"); }
}`,
          "db/schema/a.sql": "CREATE SCHEMA fresh;",
        };
        await using b = await bench(major, files, { migrations: { table: "public.confiture_migrations" } });
        await using user = await role(b, "SUPERUSER");
        await b.query(`${HOSTILE}
        ALTER ${where} ${where === "ROLE" ? user.name : `"${b.database}"`} SET search_path = evil, pg_catalog, public;`);
        const run = async (...args: string[]): Promise<string> => {
          const { exitCode, stdout, stderr } = await b.run([...args, "--database-url", user.url]);
          expect({ args, exitCode, stderr: exitCode === 0 ? "" : stderr }).toEqual({ args, exitCode: 0, stderr: "" });
          return stdout;
        };
        await run("migrate", "up", "--dry-run");
        await run("migrate", "up");
        expect(await run("migrate", "status", "--exit-code")).toContain("003_c");
        await run("migrate", "resolve", "003", "--rolled-back");
        await run("migrate", "resolve", "003", "--applied");
        await run("migrate", "down", "--steps", "2");
        await run("migrate", "redo");
        await run("migrate", "baseline");
        await run("migrate", "down", "--to", "0").catch(() => {});
        await run("build");
        await run("db", "create");
        // A hostile schema could also hide the lock and its holder.
        const holder = await b.start(["migrate", "status", "--database-url", user.url]);
        expect((await holder.result).exitCode).toBe(0);
        expect(await b.query("SELECT count(*)::int AS n FROM evil.calls")).toEqual([{ n: 0 }]);
      },
    );

    test.concurrent("names with quotes, spaces and other letters: database, schema, ledger, role, files", async () => {
      await using plain = await bench(major, {});
      const database = `we"ird 'db' ü ${process.pid} ${major}`;
      await plain.query(`CREATE DATABASE ${quoted(database)} TEMPLATE template0`);
      const files = {
        "001_it's a start.sql": "-- migrate:up\nCREATE TABLE a (id int);\n-- migrate:down\nDROP TABLE a;\n",
        "002_two.up.sql": "CREATE TABLE b (id int)",
        "002_two.down.sql": "DROP TABLE b",
      };
      await using b = await bench(major, files, { database });
      await b.query(`CREATE SCHEMA ${quoted('Odd "Schema')}`);
      await b.query(`ALTER DATABASE ${quoted(database)} SET search_path = ${quoted('Odd "Schema')}`);
      expect((await b.migrate("up")).exitCode).toBe(0);
      expect(
        await b.query(`SELECT version, name FROM ${quoted('Odd "Schema')}.confiture_migrations ORDER BY version`),
      ).toEqual([
        { version: "001", name: "it's a start" },
        { version: "002", name: "two" },
      ]);
      expect((await b.migrate("status", "--exit-code")).exitCode).toBe(0);
      expect((await b.migrate("down", "--to", "0")).exitCode).toBe(0);
      expect((await b.migrate("baseline")).exitCode).toBe(0);
      const shouting = b.project.path("db/environments/shouting.yaml");
      await Bun.write(shouting, `database:\n  url: ${JSON.stringify(b.url)}\nmigrations:\n  table: Ops.My_Ledger\n`);
      const first = await b.migrate("up", "--env", "shouting");
      expect(first.exitCode).toBe(1);
      expect(first.stderr).toContain("CREATE SCHEMA");
      await b.query("CREATE SCHEMA ops");
      expect((await b.migrate("up", "--env", "shouting")).exitCode).toBe(0);
      expect(await b.query("SELECT version FROM ops.my_ledger ORDER BY version")).toHaveLength(2);
      const dropped = await b.run(["db", "drop", "--force"]);
      expect(dropped.exitCode).toBe(0);
      expect(dropped.stdout).toContain(database);
      expect((await b.migrate("status")).exitCode).toBe(5);
      expect((await b.run(["db", "create"])).exitCode).toBe(0);
    });
  });
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Functions and operators that shadow those of pg_catalog, and note and refuse every call. */
const HOSTILE = `
  CREATE SCHEMA evil;
  CREATE TABLE evil.calls (what text);
  CREATE FUNCTION evil.alarm(what text) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS
    $$ BEGIN RAISE EXCEPTION 'hostile code ran: %', what; END $$;
  ${[
    "pg_try_advisory_lock(bigint) RETURNS boolean",
    "pg_advisory_unlock(bigint) RETURNS boolean",
    "pg_backend_pid() RETURNS integer",
    "current_schema() RETURNS name",
    "current_setting(text) RETURNS text",
    "clock_timestamp() RETURNS timestamptz",
    "transaction_timestamp() RETURNS timestamptz",
    "to_regclass(text) RETURNS regclass",
    "format(text, VARIADIC text[]) RETURNS text",
    "quote_ident(text) RETURNS text",
    "lower(text) RETURNS text",
    "current_database() RETURNS name",
    "version() RETURNS text",
  ]
    .map(
      (signature) =>
        `CREATE FUNCTION evil.${signature} LANGUAGE plpgsql SET search_path = pg_catalog AS $$ BEGIN PERFORM evil.alarm('${signature}'); RETURN NULL; END $$;`,
    )
    .join("\n  ")}
  ${['"char"', "oid", "text", "name", "boolean", "integer"]
    .flatMap((type) => ["=", "<>", "~", "!~", ">", "<"].map((operator) => ({ type, operator })))
    .map(({ type, operator }, index) => {
      const name = `evil.op_${index}`;
      return `CREATE FUNCTION ${name}(${type}, ${type}) RETURNS boolean LANGUAGE plpgsql SET search_path = pg_catalog AS $$ BEGIN PERFORM evil.alarm('${type} ${operator}'); RETURN NULL; END $$;
  CREATE OPERATOR evil.${operator} (LEFTARG = ${type}, RIGHTARG = ${type}, FUNCTION = ${name});`;
    })
    .join("\n  ")}
`;
