import { describe, expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { runHere } from "../support/in-process.ts";
import type { RunResult } from "../support/cli.ts";
import { temporaryProject } from "../support/project.ts";

const USERS = "CREATE TABLE users (\n    id INT PRIMARY KEY,\n    email TEXT NOT NULL\n);\n";
const FIRST = "-- migrate:up\nCREATE TABLE users (\n    id INT PRIMARY KEY\n);\n\n-- migrate:down\nDROP TABLE users;\n";
const SECOND =
  "-- migrate:up\nALTER TABLE users\n    ADD COLUMN email TEXT NOT NULL;\n\n-- migrate:down\nALTER TABLE users DROP COLUMN email;\n";

const RIGHT = {
  "db/environments/local.yaml": "database:\n  engine: embedded\n",
  "db/schema/users.sql": USERS,
  "db/migrations/1_users.sql": FIRST,
  "db/migrations/2_email.sql": SECOND,
};

async function run(args: readonly string[], changes: Readonly<Record<string, string>> = {}): Promise<RunResult> {
  await using project = await temporaryProject({ ...RIGHT, ...changes });
  return await runHere(args, { cwd: project.dir, timeout: 60_000 });
}

describe("verify says", () => {
  test("what it has proven, and which way", async () => {
    expect(await run(["verify"])).toEqual({
      exitCode: 0,
      stderr: "",
      stdout: `✅ Schema files build from nothing (1 file)
✅ 2 migrations apply, roll back exactly and apply again
✅ Schema files and migrations agree
The migrations were replayed from an empty database.
`,
    });
  });

  test("where schema files do not build", async () => {
    expect(await run(["verify"], { "db/schema/users.sql": USERS.replace("TEXT", "TXT") })).toMatchObject({
      exitCode: 3,
      stdout: `❌ The schema files do not build
    error: type "txt" does not exist
      --> db/schema/users.sql:3:11
    3 |     email TXT NOT NULL
      |           ^
      SQLSTATE: 42704
Not checked: the migrations, which are compared with the built schema.
`,
    });
  });

  test("where schema files need each other in a circle", async () => {
    const { exitCode, stdout } = await run(["verify"], {
      "db/environments/local.yaml": "database:\n  engine: embedded\nbuild:\n  order: dependencies\n",
      "db/schema/a.sql": "CREATE VIEW a AS SELECT * FROM b;\n",
      "db/schema/b.sql": "CREATE VIEW b AS SELECT * FROM a;\n",
    });
    expect(exitCode).toBe(3);
    expect(stdout).toStartWith(
      "❌ The schema files do not build\n    error: Schema files need each other in a circle:\n",
    );
    expect(stdout).toContain("db/schema/a.sql:1 needs view b, which db/schema/b.sql:1 creates");
  });

  test("which migration does not roll back exactly, and what would have", async () => {
    const changes = { "db/migrations/2_email.sql": SECOND.replace("ALTER TABLE users DROP COLUMN email", "SELECT 1") };
    const { exitCode, stdout } = await run(["verify"], {
      ...changes,
      "db/migrations/2_email.sql": changes["db/migrations/2_email.sql"].replace(
        "ADD COLUMN",
        "ADD COLUMN IF NOT EXISTS",
      ),
    });
    expect(exitCode).toBe(3);
    expect(stdout).toBe(`✅ Schema files build from nothing (1 file)
❌ Migrations do not apply, roll back and apply again
  2_email does not roll back exactly; what is different afterwards:
    + column public.users.email text NOT NULL
        migration    db/migrations/2_email.sql:6
  What its way back lacks, as SQL:
    ALTER TABLE public.users DROP COLUMN email;
✅ Schema files and migrations agree
The migrations were replayed from an empty database.
`);
  });

  test("that a way back forgets a rename, which is no column that goes and one that comes", async () => {
    const { exitCode, stdout } = await run(["verify"], {
      "db/schema/users.sql": USERS.replace("email", "mail"),
      "db/migrations/3_mail.up.sql":
        "ALTER TABLE users ADD x INT;\nALTER TABLE users RENAME email TO mail;\nALTER TABLE users DROP x;\n",
      "db/migrations/3_mail.down.sql": "-- The other way round\nSELECT 1;\n",
    });
    expect(exitCode).toBe(3);
    expect(stdout).toContain(`  3_mail does not roll back exactly; what is different afterwards:
    - column public.users.email text NOT NULL
        migration    db/migrations/3_mail.down.sql:1
    + column public.users.mail text NOT NULL
        migration    db/migrations/3_mail.down.sql:1
  What its way back lacks, as SQL:
    ALTER TABLE public.users RENAME COLUMN mail TO email;
`);
  });

  test("what schema files and migrations do not agree on, with the place on both sides", async () => {
    const { exitCode, stdout } = await run(["verify"], {
      "db/schema/users.sql": USERS.replace("TEXT", "VARCHAR(100)"),
    });
    expect(exitCode).toBe(3);
    expect(stdout).toBe(`✅ Schema files build from nothing (1 file)
✅ 2 migrations apply, roll back exactly and apply again
❌ Schema files and migrations do not agree
    ~ column public.users.email
        type: text -> character varying(100)
        schema file  db/schema/users.sql:3
        migration    db/migrations/2_email.sql:3
  The SQL that closes the gap:
    ALTER TABLE public.users ALTER COLUMN email TYPE character varying(100);
  Next: confiture migrate generate NAME writes the migration for what the schema files say
  Where the migrations are right instead: confiture schema update --take public.users.email brings what they did into the schema files
The migrations were replayed from an empty database.
`);
  });

  test.each([
    ["column", "ALTER TABLE users DROP COLUMN email;", "ALTER TABLE users ADD COLUMN email TEXT NOT NULL;"],
    [
      "constraint",
      "ALTER TABLE users DROP CONSTRAINT users_pkey;",
      "ALTER TABLE users ADD CONSTRAINT users_pkey PRIMARY KEY (id);",
    ],
    ["table", "DROP TABLE users;", USERS],
  ])(
    "that the schema files still have a %s that a migration took away, and which command takes it out",
    async (kind, up, down) => {
      await using project = await temporaryProject({
        ...RIGHT,
        "db/migrations/3_less.sql": `-- migrate:up\n${up}\n-- migrate:down\n${down}\n`,
      });
      const here = async (...args: string[]) => await runHere(args, { cwd: project.dir, timeout: 60_000 });
      const { exitCode, stdout } = await here("verify");
      expect(exitCode).toBe(3);
      expect(stdout).toMatch(new RegExp(`    \\+ ${kind} .*\n.*\n        migration    db/migrations/3_less.sql:2\n`));
      expect(stdout).toContain(
        "  Next: confiture schema update brings what the migrations did into the schema files\n" +
          "  Where the schema files are right instead: confiture migrate generate NAME writes the migration for what they say\n",
      );
      const refused = await here("migrate", "generate", "more");
      expect(refused.exitCode).toBe(1);
      expect(refused.stderr).toContain(`undoes what db/migrations/3_less.sql:2 did: ${kind} public.users`);
      const generated = await here("migrate", "generate", "more", "--allow-drop");
      expect(generated.exitCode).toBe(0);
      expect(generated.stderr).toContain(`warning: db/migrations/3_less.sql:2 took ${kind} public.users`);
      await rm(project.path("db/migrations/4_more.sql"));
      expect(await here("schema", "update", "--yes")).toMatchObject({ exitCode: 0 });
      expect(await here("verify")).toMatchObject({ exitCode: 0 });
    },
  );

  test("nothing of what a migration took away where only the schema files have it", async () => {
    const edited = { "db/schema/users.sql": USERS.replace("id INT", "bio TEXT,\n    id INT") };
    const { stdout } = await run(["verify"], edited);
    expect(stdout).toContain(
      "  Next: confiture migrate generate NAME writes the migration for what the schema files say\nThe",
    );
    expect((await run(["migrate", "generate", "bio"], edited)).stderr).not.toContain("took");
  });

  test("both ways to make them agree, where each has something that the other has not, and where the migrations have more", async () => {
    const both =
      "  Next: confiture schema update brings what the migrations did into the schema files\n" +
      "  Where the schema files are right instead: confiture migrate generate NAME writes the migration for what they say\n";
    const more = {
      "db/migrations/3_more.sql": "-- migrate:up\nCREATE TABLE more (id int);\n-- migrate:down\nDROP TABLE more;\n",
    };
    expect((await run(["verify"], more)).stdout).toContain(both);
    const each = await run(["verify"], { ...more, "db/schema/own.sql": "CREATE TABLE own (id int);\n" });
    expect(each.stdout).toContain(`+ table public.own\n        schema file  db/schema/own.sql:1\n${both}`);
  });

  test("where an object is made, rather than where another statement speaks of it", async () => {
    const { stdout } = await run(["verify"], {
      "db/schema/orders.sql": "CREATE TABLE orders (id INT);\n",
      "db/schema/views.sql": "CREATE VIEW all_orders AS SELECT * FROM orders;\n",
    });
    expect(stdout).toContain("+ table public.orders\n        schema file  db/schema/orders.sql:1\n");
    const lacking = await run(["verify"], {
      "db/migrations/3_own.sql":
        "-- migrate:up\nCREATE POLICY own ON users USING (email <> '');\nCREATE VIEW v AS SELECT 1;\nGRANT SELECT ON v TO PUBLIC;\n-- migrate:down\nDROP VIEW v;\nDROP POLICY own ON users;\n",
    });
    expect(lacking.stdout).toMatch(
      /- policy public\.users\.own\n( .*schema file .*\n)?        migration    db\/migrations\/3_own\.sql:2\n/,
    );
    expect(lacking.stdout).toContain("- view public.v\n        migration    db/migrations/3_own.sql:3\n");
  });

  test("that a folder of schema files that was named is not there", async () => {
    const { exitCode, stderr } = await run(["verify"], {
      "db/environments/local.yaml": "database:\n  engine: embedded\ninclude_dirs:\n  - db/schemas\n",
    });
    expect(exitCode).toBe(1);
    expect(stderr).toContain("the folder db/schemas does not exist");
  });

  test("that it went the other way, and what it could not check", async () => {
    const { exitCode, stdout } = await run(["verify"], {
      "db/migrations/1_users.sql": "ALTER TABLE users ALTER COLUMN email SET NOT NULL;\n",
    });
    expect(exitCode).toBe(0);
    expect(stdout).toContain("so each one was rolled back from the built schema and applied again.");
    expect(stdout).toContain("Not checked: rolling back 1_users, which has no way back.");
    expect(stdout).toContain("Not checked: migrations up to the last one without a down");
  });
});

describe("migrate test says", () => {
  test("what it has proven, for one migration", async () => {
    expect(await run(["migrate", "test", "2"])).toEqual({
      exitCode: 0,
      stderr: "",
      stdout: `✅ 1 migration applies, rolls back exactly and applies again
The migrations were replayed from an empty database.
`,
    });
  });

  test("which rows and values are lost, and that it is meant when told so", async () => {
    const changes = {
      "db/migrations/3_tidy.sql":
        "-- migrate:up\nDELETE FROM users WHERE id > 1;\nALTER TABLE users DROP COLUMN email;\n" +
        "-- migrate:down\nALTER TABLE users ADD COLUMN email TEXT NOT NULL DEFAULT '';\nALTER TABLE users ALTER COLUMN email DROP DEFAULT;\n",
      "db/fixtures/users.sql": "INSERT INTO users VALUES (1, 'a@example.com'), (2, 'b@example.com');\n",
    };
    const lost = await run(["migrate", "test", "3"], changes);
    expect(lost).toMatchObject({
      exitCode: 3,
      stdout: `✅ 1 migration applies, rolls back exactly and applies again
⚠️  Data of the fixtures was lost:
  3_tidy up takes 1 of 2 rows of public.users away
  3_tidy down does not bring 1 of 2 rows of public.users back
The migrations were replayed from an empty database.
`,
    });
    expect(await run(["migrate", "test", "3", "--allow-drop"], changes)).toEqual({ ...lost, exitCode: 0 });
    const kept = {
      ...changes,
      "db/migrations/3_tidy.sql": changes["db/migrations/3_tidy.sql"].replace(/DELETE.*\n/, ""),
    };
    expect((await run(["migrate", "test", "3"], kept)).stdout).toContain(
      "3_tidy up takes all 2 values of public.users.email away\n  3_tidy down does not bring all 2 values of public.users.email back\n",
    );
  });

  test("what is wrong with VERSION, a fixture or their folder", async () => {
    const unknown = await run(["migrate", "test", "9"]);
    expect(unknown).toMatchObject({ exitCode: 2, stdout: "" });
    expect(unknown.stderr).toContain("There is no migration 9");
    const twice = "INSERT INTO users (id, email) VALUES (1, 'a');\nINSERT INTO users (id, email) VALUES (1, 'a');\n";
    const refused = await run(["migrate", "test"], {
      "db/migrations/3_more.sql": "ALTER TABLE users ADD COLUMN more INT;\n",
      "db/fixtures/users.sql": twice,
    });
    expect(refused).toMatchObject({ exitCode: 1, stdout: "" });
    expect(refused.stderr).toContain("Fixture before 3_more: duplicate key value");
    expect(refused.stderr).toContain("--> db/fixtures/users.sql:2");
    expect(await run(["migrate", "test", "--fixtures", "db/nowhere"])).toMatchObject({ exitCode: 2, stdout: "" });
  });
});
