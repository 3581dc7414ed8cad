import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { createHash } from "node:crypto";
import { type Bench, bench } from "./bench.ts";
import { OLDEST_ALONE } from "../../support/servers.ts";

setDefaultTimeout(120_000);

const FILES = {
  "1_users.sql": "-- migrate:up\nCREATE TABLE users (id int);\n-- migrate:down\nDROP TABLE users;\n",
  "2_posts.up.sql": "CREATE TABLE posts (id int);\n",
  "2_posts.down.sql": "DROP TABLE posts;\n",
  "3_tags.sql": "CREATE TABLE tags (id int);\n",
};

const sha384 = (text: string): string => createHash("sha384").update(text).digest("hex");

/** Another tool's table as that tool makes it, and what it says after it applied versions 1 and 2. */
interface Foreign {
  readonly tool: string;
  /** From the tool's own source. */
  readonly create: string;
  readonly table: string;
  readonly applied: string;
  /** Times, durations and users where the tool keeps them. */
  readonly kept: readonly { appliedAt?: string; executionMs?: number; appliedBy?: string }[];
  /** Makes the table disagree with the files, and what the refusal names. */
  readonly disagreements: readonly (readonly [harm: string, named: string])[];
  /** A state that the tool itself calls unfinished. */
  readonly unfinished?: string;
  /** The ledger's name, where the default is taken. */
  readonly ledger?: string;
}

const AT = "2024-03-01 12:00:00+00";
const SEEN = "2024-03-01T12:00:00.000Z";

const TOOLS: readonly Foreign[] = [
  {
    // pkg/driver/postgres/postgres.go, CreateMigrationsTable
    tool: "dbmate",
    table: "schema_migrations",
    create: "CREATE TABLE schema_migrations (version varchar(255) primary key)",
    applied: "INSERT INTO schema_migrations VALUES ('1'), ('2')",
    kept: [{}, {}],
    disagreements: [
      ["INSERT INTO schema_migrations VALUES ('7')", "version 7 is applied, but has no file"],
      ["DELETE FROM schema_migrations WHERE version = '1'", "1_users is not applied, though later ones are"],
    ],
  },
  {
    // database/postgres/postgres.go, ensureVersionTable
    tool: "golang-migrate",
    table: "schema_migrations",
    create: "CREATE TABLE schema_migrations (version bigint not null primary key, dirty boolean not null)",
    applied: "INSERT INTO schema_migrations VALUES (2, false)",
    kept: [{}, {}],
    disagreements: [["UPDATE schema_migrations SET version = 7", "version 7 is applied, but has no file"]],
    unfinished: "UPDATE schema_migrations SET dirty = true",
  },
  {
    // sqlx-postgres/src/migrate.rs, ensure_migrations_table; -1 until the duration is known
    tool: "sqlx",
    table: "_sqlx_migrations",
    create:
      "CREATE TABLE _sqlx_migrations (version BIGINT PRIMARY KEY, description TEXT NOT NULL, installed_on TIMESTAMPTZ NOT NULL DEFAULT now(), success BOOLEAN NOT NULL, checksum BYTEA NOT NULL, execution_time BIGINT NOT NULL)",
    applied: `INSERT INTO _sqlx_migrations VALUES
      (1, 'users', '${AT}', true, '\\x${sha384(FILES["1_users.sql"])}', 12000000),
      (2, 'posts', '${AT}', true, '\\x${sha384(FILES["2_posts.up.sql"])}', -1)`,
    kept: [
      { appliedAt: SEEN, executionMs: 12 },
      { appliedAt: SEEN, executionMs: 0 },
    ],
    disagreements: [
      [
        "UPDATE _sqlx_migrations SET checksum = '\\x00' WHERE version = 2",
        "2_posts.up.sql is not the file that was applied",
      ],
      ["UPDATE _sqlx_migrations SET version = 7 WHERE version = 2", "version 7 is applied, but has no file"],
    ],
    unfinished: "UPDATE _sqlx_migrations SET success = false WHERE version = 2",
  },
  {
    // flyway-database-postgresql, PostgreSQLDatabase.getRawCreateScript
    tool: "flyway",
    table: "flyway_schema_history",
    create:
      'CREATE TABLE flyway_schema_history ("installed_rank" INT NOT NULL, "version" VARCHAR(50), "description" VARCHAR(200) NOT NULL, "type" VARCHAR(20) NOT NULL, "script" VARCHAR(1000) NOT NULL, "checksum" INTEGER, "installed_by" VARCHAR(100) NOT NULL, "installed_on" TIMESTAMP NOT NULL DEFAULT now(), "execution_time" INTEGER NOT NULL, "success" BOOLEAN NOT NULL, CONSTRAINT flyway_schema_history_pk PRIMARY KEY ("installed_rank"))',
    // With a repeatable migration, one that was undone, and one that `repair` marked as deleted.
    applied: `INSERT INTO flyway_schema_history VALUES
      (1, '1', 'users', 'SQL', 'V1__users.sql', 1, 'deploy', '2024-03-01 12:00:00', 33, true),
      (2, '2', 'posts', 'SQL', 'V2__posts.sql', 2, 'deploy', '2024-03-01 12:00:00', 44, true),
      (3, NULL, 'views', 'SQL', 'R__views.sql', 3, 'deploy', '2024-03-01 12:00:00', 5, true),
      (4, '3', 'tags', 'SQL', 'V3__tags.sql', 4, 'deploy', '2024-03-01 12:00:00', 6, true),
      (5, '3', 'tags', 'UNDO_SQL', 'U3__tags.sql', 5, 'deploy', '2024-03-01 12:00:00', 7, true),
      (6, '4', 'gone', 'SQL', 'V4__gone.sql', 6, 'deploy', '2024-03-01 12:00:00', 8, true),
      (7, '4', 'gone', 'DELETE', 'V4__gone.sql', 6, 'deploy', '2024-03-01 12:00:00', 0, true)`,
    kept: [
      { appliedAt: SEEN, executionMs: 33, appliedBy: "deploy" },
      { appliedAt: SEEN, executionMs: 44, appliedBy: "deploy" },
    ],
    disagreements: [
      [
        "UPDATE flyway_schema_history SET version = '1.1' WHERE installed_rank = 2",
        "version 1.1 is applied, but has no file",
      ],
      ["DELETE FROM flyway_schema_history WHERE installed_rank = 1", "1_users is not applied, though later ones are"],
    ],
    unfinished: "UPDATE flyway_schema_history SET success = false WHERE installed_rank = 2",
  },
  {
    // db/schema of that project: its tracking table
    tool: "confiture-py",
    table: "tb_confiture",
    create:
      "CREATE TABLE tb_confiture (id UUID PRIMARY KEY DEFAULT gen_random_uuid(), pk_confiture BIGINT GENERATED ALWAYS AS IDENTITY UNIQUE, slug TEXT NOT NULL UNIQUE, version VARCHAR(255) NOT NULL UNIQUE, name VARCHAR(255) NOT NULL, applied_at TIMESTAMPTZ NOT NULL DEFAULT NOW(), execution_time_ms INTEGER, checksum VARCHAR(64))",
    applied: `INSERT INTO tb_confiture (slug, version, name, applied_at, execution_time_ms) VALUES
      ('1_users', '1', 'users', '${AT}', 15), ('2_posts', '2', 'posts', '${AT}', NULL)`,
    kept: [{ appliedAt: SEEN, executionMs: 15 }, { appliedAt: SEEN }],
    disagreements: [
      ["UPDATE tb_confiture SET version = '7' WHERE version = '2'", "version 7 is applied, but has no file"],
    ],
  },
  {
    // The same project before it renamed the table, which has the name of our own ledger.
    tool: "confiture-py",
    table: "confiture_migrations",
    ledger: "ops_migrations",
    create:
      "CREATE TABLE confiture_migrations (id SERIAL PRIMARY KEY, version VARCHAR(255) NOT NULL UNIQUE, name VARCHAR(255) NOT NULL, applied_at TIMESTAMP NOT NULL DEFAULT NOW(), execution_time_ms INTEGER, checksum VARCHAR(64))",
    applied:
      "INSERT INTO confiture_migrations (version, name, applied_at, execution_time_ms) VALUES ('1', 'users', '2024-03-01 12:00:00', 15), ('2', 'posts', '2024-03-01 12:00:00', 16)",
    kept: [
      { appliedAt: SEEN, executionMs: 15 },
      { appliedAt: SEEN, executionMs: 16 },
    ],
    disagreements: [
      ["DELETE FROM confiture_migrations WHERE version = '1'", "1_users is not applied, though later ones are"],
    ],
  },
];

const benchOf = (major: (typeof OLDEST_ALONE)[number], { ledger }: Foreign): Promise<Bench> =>
  bench(major, FILES, ledger === undefined ? {} : { migrations: { table: ledger } });

for (const major of OLDEST_ALONE) {
  for (const foreign of TOOLS) {
    const { tool, table, kept } = foreign;
    const baseline = ["migrate", "baseline", "--from", tool, "--from-table", table];

    describe(`PostgreSQL ${major}, baseline --from ${tool} (${table})`, () => {
      test.concurrent("records the same history, touches nothing else, and a second time nothing", async () => {
        await using b = await benchOf(major, foreign);
        await b.query(
          `${foreign.create}; ${foreign.applied}; CREATE TABLE users (id int); CREATE TABLE posts (id int);`,
        );
        const before = await b.query(`SELECT * FROM ${table} ORDER BY 1`);
        const first = await b.json("migrate", "baseline", "--from", tool);
        expect(first).toMatchObject({ exitCode: 0, recorded: [{ version: "1" }, { version: "2" }] });
        const { migrations } = await b.json("migrate", "status");
        expect(migrations.map(({ version, state }) => `${version} ${state}`)).toEqual([
          "1 applied",
          "2 applied",
          "3 pending",
        ]);
        for (const [index, expected] of kept.entries()) expect(migrations[index]).toMatchObject(expected);
        expect(await b.query(`SELECT * FROM ${table} ORDER BY 1`)).toEqual(before);
        const second = await b.json(...baseline);
        expect(second).toMatchObject({ exitCode: 0, recorded: [] });
        // From here on it is a project of ours.
        expect((await b.migrate("up")).exitCode).toBe(0);
        expect([await b.has("tags"), await b.has("users")]).toEqual([true, true]);
        expect((await b.migrate("down", "--steps", "1")).exitCode).toBe(1);
      });

      test.concurrent.each(foreign.disagreements)("refuses what does not agree: %s", async (harm, named) => {
        await using b = await benchOf(major, foreign);
        await b.query(`${foreign.create}; ${foreign.applied}; ${harm};`);
        const { exitCode, error } = await b.json(...baseline);
        expect({ exitCode, code: error.code }).toEqual({ exitCode: 7, code: "adoption_refused" });
        expect(error.message).toContain(named);
        expect(
          await b.has(foreign.ledger ?? (table === "confiture_migrations" ? "nothing" : "confiture_migrations")),
        ).toBe(false);
      });

      const { unfinished } = foreign;
      if (unfinished !== undefined) {
        test.concurrent("refuses a history that the tool itself calls unfinished", async () => {
          await using b = await benchOf(major, foreign);
          await b.query(`${foreign.create}; ${foreign.applied}; ${unfinished};`);
          const { exitCode, error } = await b.json(...baseline);
          expect({ exitCode, code: error.code }).toEqual({ exitCode: 7, code: "adoption_refused" });
          expect(error.message).toContain("version 2");
          expect(await b.has("confiture_migrations")).toBe(false);
        });
      }
    });
  }

  describe(`PostgreSQL ${major}, baseline --from`, () => {
    test.concurrent("flyway baseline: what is older counts as applied", async () => {
      await using b = await bench(major, FILES);
      const flyway = TOOLS.find(({ tool }) => tool === "flyway")!;
      await b.query(`${flyway.create}; INSERT INTO flyway_schema_history VALUES
        (1, '2', '<< Flyway Baseline >>', 'BASELINE', '<< Flyway Baseline >>', NULL, 'deploy', now(), 0, true),
        (2, '3', 'tags', 'SQL', 'V3__tags.sql', 2, 'deploy', '2024-03-01 12:00:00', 44, true)`);
      const { recorded } = await b.json("migrate", "baseline", "--from", "flyway");
      expect(recorded).toMatchObject([{ version: "1" }, { version: "2" }, { version: "3" }]);
    });

    test.concurrent("no table, another tool's table, a table elsewhere, a tool nobody knows", async () => {
      await using b = await bench(major, FILES);
      const none = await b.json("migrate", "baseline", "--from", "dbmate");
      expect(none).toMatchObject({ exitCode: 7, error: { code: "adoption_refused" } });
      expect(none.error.hint).toContain("--from-table");
      await b.query("CREATE SCHEMA ops; CREATE TABLE ops.done (version text); INSERT INTO ops.done VALUES ('1')");
      const other = await b.json("migrate", "baseline", "--from", "golang-migrate", "--from-table", "ops.done");
      expect(other).toMatchObject({ exitCode: 7, error: { code: "adoption_refused" } });
      const elsewhere = await b.json("migrate", "baseline", "--from", "dbmate", "--from-table", "ops.done");
      expect(elsewhere).toMatchObject({ exitCode: 0, recorded: [{ version: "1" }] });
      expect((await b.migrate("baseline", "--from", "liquibase")).exitCode).toBe(2);
      expect((await b.migrate("baseline", "--from", "dbmate", "--through", "1")).exitCode).toBe(2);
    });

    test.concurrent("unfinished stages of an online migration of confiture-py are refused", async () => {
      await using b = await bench(major, FILES);
      const python = TOOLS.find(({ table }) => table === "tb_confiture")!;
      await b.query(`${python.create}; ${python.applied};
        CREATE TABLE tb_confiture_steps (version text, stage text, state text);
        INSERT INTO tb_confiture_steps VALUES ('2', 'expand', 'done'), ('2', 'backfill', 'running')`);
      const { exitCode, error } = await b.json("migrate", "baseline", "--from", "confiture-py");
      expect({ exitCode, code: error.code }).toEqual({ exitCode: 7, code: "adoption_refused" });
      await b.query("UPDATE tb_confiture_steps SET state = 'done'");
      expect(await b.json("migrate", "baseline", "--from", "confiture-py")).toMatchObject({ exitCode: 0 });
    });

    test.concurrent("an empty history records nothing", async () => {
      await using b = await bench(major, FILES);
      await b.query("CREATE TABLE schema_migrations (version bigint not null primary key, dirty boolean not null)");
      expect(await b.json("migrate", "baseline", "--from", "golang-migrate")).toMatchObject({
        exitCode: 0,
        recorded: [],
      });
      expect(await b.json("migrate", "baseline", "--from", "dbmate")).toMatchObject({ exitCode: 0, recorded: [] });
    });
  });
}
