import { describe, expect, test } from "bun:test";
import { type Generated, generateMigrations } from "#compare/generate/generate.ts";
import type { PlanOptions } from "#compare/generate/options.ts";
import { withScratch } from "#scratch/scratch.ts";
import { temporaryProject } from "../../support/project.ts";
import { failureOf } from "../failure.ts";
import { filesOf } from "./project-files.ts";

/** Two states of the schema files: the first is what the migrations build, the second what they should become. */
async function generated(
  before: string,
  after: string,
  options: Partial<PlanOptions> = {},
): Promise<Generated & { up: string; down: string }> {
  await using project = await temporaryProject({
    "db/schema/all.sql": after,
    ...(before === "" ? {} : { "db/migrations/001_before.sql": before }),
  });
  const result = await generateMigrations({
    ...filesOf(project.dir),
    from: { kind: "migrations" },
    renames: [],
    noDown: false,
    online: false,
    permit: () => {},
    ...options,
  });
  const sql = (way: "up" | "down"): string =>
    result.migrations.flatMap((migration) => migration[way].map((statement) => statement.sql)).join(";\n");
  return { ...result, up: sql("up"), down: sql("down") };
}

const USERS = "CREATE TABLE users (id int PRIMARY KEY, name text NOT NULL);";

/** One edit each; every one is proven up and down before it is returned. */
const EDITS: Readonly<Record<string, readonly [before: string, after: string, up: RegExp]>> = {
  "a first migration": ["", USERS, /CREATE TABLE public\.users/],
  "a new column": [USERS, `${USERS}\nALTER TABLE users ADD bio text;`, /ADD COLUMN bio text/],
  "a column's type, with a view on it": [
    `${USERS}\nCREATE VIEW v AS SELECT id FROM users;`,
    "CREATE TABLE users (id bigint PRIMARY KEY, name text NOT NULL);\nCREATE VIEW v AS SELECT id FROM users;",
    /TYPE bigint/,
  ],
  "a foreign key": [
    `${USERS}\nCREATE TABLE posts (author int);`,
    `${USERS}\nCREATE TABLE posts (author int REFERENCES users);`,
    /FOREIGN KEY/,
  ],
  "foreign keys in a circle": [
    "",
    "CREATE TABLE a (id int PRIMARY KEY, b int);\nCREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a);\nALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b;",
    /FOREIGN KEY/,
  ],
  "an index": [USERS, `${USERS}\nCREATE INDEX by_name ON users (lower(name));`, /CREATE INDEX by_name/],
  "an identity": [
    "CREATE TABLE t (id int NOT NULL);",
    "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY);",
    /IDENTITY/,
  ],
  "a check": [USERS, USERS.replace("name text NOT NULL", "name text NOT NULL CHECK (name <> '')"), /CHECK/],
  "a domain": ["", "CREATE DOMAIN positive AS int CHECK (VALUE > 0);", /CREATE DOMAIN/],
  "a function in a file with CRLF": [
    USERS,
    `${USERS}\r\nCREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$\r\nBEGIN\r\n  RETURN 1;\r\nEND\r\n$$;\r\n`,
    /BEGIN\r\n {2}RETURN 1;\r\n/,
  ],
  "a function and a trigger": [
    USERS,
    `${USERS}\nCREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;\nCREATE TRIGGER tr BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION f();`,
    /CREATE TRIGGER/,
  ],
  "row security": [
    USERS,
    `${USERS}\nALTER TABLE users ENABLE ROW LEVEL SECURITY;\nCREATE POLICY own ON users USING (name = current_user);`,
    /CREATE POLICY/,
  ],
  "a partition": [
    "CREATE TABLE p (d date) PARTITION BY RANGE (d);",
    "CREATE TABLE p (d date) PARTITION BY RANGE (d);\nCREATE TABLE p26 PARTITION OF p FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');",
    /PARTITION OF/,
  ],
  "a materialized view": [
    USERS,
    `${USERS}\nCREATE MATERIALIZED VIEW m AS SELECT name FROM users;`,
    /MATERIALIZED VIEW/,
  ],
  "a schema and an extension": ["", "CREATE SCHEMA app;\nCREATE EXTENSION citext SCHEMA app;", /CREATE EXTENSION/],
  "a comment": [USERS, `${USERS}\nCOMMENT ON TABLE users IS 'people''s names';`, /COMMENT ON TABLE/],
  "a grant to a role that only the server has": [USERS, `${USERS}\nGRANT SELECT ON users TO reader;`, /GRANT SELECT/],
};

describe("an edit of the schema files becomes a proven migration", () => {
  for (const [what, [before, after, up]] of Object.entries(EDITS)) {
    test(what, async () => {
      const result = await generated(before, after);
      expect(result.migrations).toHaveLength(1);
      expect(result.up).toMatch(up);
      expect(result.down).not.toBe("");
      expect(result.migrations[0]?.text).toStartWith("-- migrate:up\n");
    });
  }

  test("a new value of an enum that is used at once gets a migration of its own", async () => {
    const { migrations, up } = await generated(
      "CREATE TYPE mood AS ENUM ('ok');\nCREATE TABLE t (m mood DEFAULT 'ok');",
      "CREATE TYPE mood AS ENUM ('ok', 'sad');\nCREATE TABLE t (m mood DEFAULT 'sad');",
    );
    expect(migrations).toHaveLength(2);
    expect(up).toMatch(/ADD VALUE 'sad'[\s\S]*SET DEFAULT 'sad'/);
  });
});

test("nothing new gives no migration", async () => {
  expect((await generated(USERS, USERS)).migrations).toEqual([]);
});

describe("what loses data is refused, and allowed when asked for", () => {
  const BEFORE = `
    CREATE TYPE mood AS ENUM ('ok', 'sad');
    CREATE TABLE users (id bigint PRIMARY KEY, name varchar(200), price numeric(10,4), rate numeric(10,4), m mood);
    CREATE TABLE posts (id int);
    CREATE TABLE days (d date) PARTITION BY RANGE (d);
    CREATE TABLE days_2026 PARTITION OF days FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
    CREATE SEQUENCE numbers;
    CREATE SCHEMA app;
    CREATE TABLE app.t (id int);
    CREATE MATERIALIZED VIEW names AS SELECT name FROM users;
    CREATE MATERIALIZED VIEW gone AS SELECT 1 AS one;`;
  const AFTER = `
    CREATE TYPE mood AS ENUM ('ok');
    CREATE TABLE users (id int PRIMARY KEY, name varchar(10), rate numeric(10,2), m mood);
    CREATE TABLE days (d date) PARTITION BY RANGE (d);
    CREATE MATERIALIZED VIEW names AS SELECT name FROM users;`;

  test("columns, tables, partitions, values of enums, sequences, narrower types; not what is computed", async () => {
    const { message, hint = "" } = await failureOf(generated(BEFORE, AFTER, { permit: undefined }));
    expect(hint).toContain("add it to the schema files");
    expect(hint).toContain("--allow-drop");
    expect(message.split("\n").slice(1).toSorted()).toEqual([
      "  ALTER TABLE public.users ALTER COLUMN m TYPE public.mood USING m::text::public.mood; -- fails if a row still uses the removed value",
      "  ALTER TABLE public.users ALTER COLUMN rate TYPE numeric(10,2); -- values are cut or rounded to fit into numeric(10,2)",
      "  column public.users.price is not in the schema files: what it held is gone",
      "  materialized view public.gone is not in the schema files",
      "  schema app is not in the schema files",
      "  sequence public.numbers is not in the schema files: its next number is gone",
      "  table app.t is not in the schema files: its rows are gone",
      "  table public.days_2026 is not in the schema files: its rows are gone",
      "  table public.posts is not in the schema files: its rows are gone",
      "The migration would lose values:",
    ]);
  });

  test("with a comment above each", async () => {
    const { migrations } = await generated(BEFORE, AFTER, { permit: () => {} });
    const [up = ""] = migrations.map(({ text }) => text.split("-- migrate:down")[0]!);
    expect(up.match(/^-- DATA LOSS: /gm)).toHaveLength(6);
    expect(up).toContain("\n-- ROWS: fails if a row still uses the removed value.\n");
    expect(up).toMatch(
      /^-- DATA LOSS: what it held is gone; rolling back does not undo that\.\n(--.*\n)*ALTER TABLE .*\n +DROP COLUMN price/m,
    );
  });
});

test("what PostgreSQL does is written above each statement: rewrites, scans, locks, rows that make it fail", async () => {
  const before = `
    CREATE TABLE users (id int PRIMARY KEY, name varchar(20), age int);
    CREATE TABLE tags (name varchar(10));
    CREATE TABLE posts (author int);
    CREATE TABLE days (d date) PARTITION BY RANGE (d);`;
  const after = `
    CREATE TABLE users (id bigint PRIMARY KEY, name varchar(20) NOT NULL, age int CHECK (age > 0), made uuid DEFAULT gen_random_uuid(), seen timestamptz DEFAULT now(), must int NOT NULL);
    CREATE TABLE tags (name varchar(20));
    CREATE TABLE posts (author int REFERENCES users, note text, UNIQUE (note));
    CREATE INDEX posts_author ON posts (author);
    CREATE TABLE days (d date) PARTITION BY RANGE (d);
    CREATE TABLE days_2026 PARTITION OF days FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
    CREATE TABLE fresh (id int PRIMARY KEY, u bigint REFERENCES users);
    CREATE INDEX fresh_u ON fresh (u);`;
  const { migrations } = await generated(before, after);
  const up = migrations[0]!.up;
  const of = (pattern: RegExp): Record<string, unknown> => {
    const { rows, effects } = up.find(({ sql }) => pattern.test(sql))!;
    return {
      ...(rows === undefined ? {} : { rows: rows.reason }),
      ...Object.fromEntries(Object.entries(effects).filter(([, list]) => list.length > 0)),
    };
  };
  const users = ["public.users"];
  const posts = ["public.posts"];
  expect(of(/id TYPE bigint/)).toEqual({ rewrites: users, blocksReads: users });
  // A wider varchar is a change of the catalogue alone.
  expect(of(/name TYPE/)).toEqual({ blocksReads: ["public.tags"] });
  expect(of(/SET NOT NULL/)).toEqual({ rows: "null", scans: users, blocksReads: users });
  expect(of(/ADD COLUMN made/)).toEqual({ rewrites: users, blocksReads: users });
  // now() is the same for every row, and kept once.
  expect(of(/ADD COLUMN seen/)).toEqual({ blocksReads: users });
  expect(of(/ADD COLUMN must/)).toEqual({
    rows: "no-value",
    scans: users,
    blocksReads: users,
  });
  expect(of(/ADD CONSTRAINT users_age_check/)).toEqual({
    rows: "check",
    scans: users,
    blocksReads: users,
  });
  expect(of(/ADD CONSTRAINT posts_author_fkey/)).toMatchObject({
    rows: "foreign-key",
    scans: expect.arrayContaining(posts),
    blocksWrites: expect.arrayContaining([...users, ...posts]),
  });
  expect(of(/ADD CONSTRAINT posts_note_key/)).toEqual({ rows: "unique", scans: posts, blocksReads: posts });
  expect(of(/INDEX posts_author/)).toEqual({ scans: posts, blocksWrites: posts });
  expect(of(/CREATE TABLE public.days_2026/)).toEqual({ blocksReads: ["public.days"] });
  // What the migration makes itself is in nobody's way.
  // But for the table that its foreign key refers to.
  expect(of(/CREATE TABLE public.fresh/)).toEqual({ blocksWrites: users });
  expect(of(/INDEX fresh_u/)).toEqual({});
  const { text } = migrations[0]!;
  expect(text).toMatch(
    /^-- ROWS: fails on a table that has any[^\n]*\n-- SCAN: every row of public\.users [^\n]*\n(-- LOCK[^\n]*\n)?ALTER TABLE public\.users\n +ADD COLUMN must/m,
  );
  expect(text).toMatch(/^-- REWRITE: every row of public\.users /m);
  // Each table once, unless a later statement keeps more people waiting than the ones before it.
  expect(text.slice(0, text.indexOf("-- migrate:down")).match(/^-- LOCK: .*(?= wait until)/gm)).toEqual([
    "-- LOCK: reads and writes of public.days",
    "-- LOCK: writes to public.users",
    "-- LOCK: reads and writes of public.posts",
    "-- LOCK: reads and writes of public.users",
    "-- LOCK: reads and writes of public.tags",
  ]);
});

test("the way back can be left out", async () => {
  const { down, migrations } = await generated(USERS, `${USERS}\nCREATE TABLE a (id int);`, { noDown: true });
  expect(down).toBe("");
  expect(migrations[0]?.text).not.toContain("migrate:down");
});

test("an extension that is in use gets a newer version, and no way back to the older one", async () => {
  const at = (version: string): string =>
    `CREATE EXTENSION hstore VERSION '${version}'; CREATE TABLE notes (id int, tags hstore);`;
  const { up } = await generated(at("1.7"), at("1.8"), { noDown: true });
  expect(up).toBe("ALTER EXTENSION hstore UPDATE TO '1.8'");
  const refused = await generated(at("1.7"), at("1.8")).catch((error: unknown) => error);
  expect(refused).toMatchObject({
    code: "generate_refused",
    message: expect.stringContaining("The planned way down cannot be run: cannot drop extension hstore"),
    hint: expect.stringContaining("--no-down"),
  });
});

describe("values of a composite type", () => {
  const BEFORE = `CREATE TYPE place AS (street text, country char(2));
    ALTER TYPE place ADD ATTRIBUTE region text;
    CREATE TABLE shops (id int, at place);`;
  const AFTER = `CREATE TYPE place AS (street text, region text, country text, zip text);
    CREATE TABLE shops (id int, at place);`;

  test("stay in their attributes, whatever order these have", async () => {
    const { migrations } = await generated(BEFORE, AFTER);
    await withScratch({ scratch: { engine: "embedded" } }, async (database) => {
      await database.execute(BEFORE);
      await database.execute(
        "INSERT INTO shops VALUES (1, ('Main', 'CH', 'Bern')), (2, NULL), (3, (NULL, NULL, NULL))",
      );
      const [up = "", down = ""] = migrations[0]!.text.split("-- migrate:down");
      const read = (): Promise<unknown> =>
        database.query(
          "SELECT (at).street, (at).region, (at).country, at IS DISTINCT FROM NULL AS there FROM shops ORDER BY id",
        );
      const values = [
        { street: "Main", region: "Bern", country: "CH", there: true },
        { street: null, region: null, country: null, there: false },
        { street: null, region: null, country: null, there: true },
      ];
      await database.execute(up);
      expect(await read()).toEqual(values);
      await database.execute(down);
      expect(await read()).toEqual(values);
    });
  });

  test("in an array: refused where they would change places", async () => {
    const [before, after] = [BEFORE, AFTER].map((sql) => sql.replace("at place", "at place[]")) as [string, string];
    expect(await failureOf(generated(before, after, { permit: () => {} }))).toMatchObject({ code: "generate_refused" });
  });
});

describe("renames", () => {
  const RENAMED = "CREATE TABLE users (id int PRIMARY KEY, full_name text NOT NULL);";

  test("are never guessed", async () => {
    expect(await failureOf(generated(USERS, RENAMED, { permit: undefined }))).toMatchObject({
      hint: expect.stringContaining("--rename public.users.name=full_name"),
    });
  });

  test("of what did not change are refused", async () => {
    const renames = [{ from: "public.users.name", to: "public.users.nope" }];
    expect(await failureOf(generated(USERS, RENAMED, { renames }))).toMatchObject({
      code: "usage",
      message: expect.stringContaining("there is no public.users.nope in the schema files"),
    });
  });

  test("a name without a schema is that of the only one which has it", async () => {
    const renames = [{ from: "users.name", to: "users.full_name" }];
    const { migrations } = await generated(USERS, RENAMED, { renames });
    expect(migrations.map(({ text }) => text).join("")).toContain("RENAME COLUMN name TO full_name");
    const other = "CREATE SCHEMA other; CREATE TABLE other.users (name text);";
    expect(await failureOf(generated(`${USERS};${other}`, `${RENAMED};${other}`, { renames }))).toMatchObject({
      code: "usage",
      hint: expect.stringMatching(/--rename other\.users\.name=full_name or --rename public\.users\.name=full_name/),
    });
    const unknown = [{ from: "people.name", to: "people.full_name" }];
    expect(await failureOf(generated(USERS, RENAMED, { renames: unknown }))).toMatchObject({
      message: expect.stringContaining("there is no people.name to rename"),
    });
  });

  test("what is inside of something that is renamed may be named with its old name", async () => {
    const renames = [
      { from: "s", to: "t" },
      { from: "s.a", to: "t.b" },
      { from: "s.a.c", to: "t.b.d" },
    ];
    const { migrations } = await generated(
      "CREATE SCHEMA s; CREATE TABLE s.a (c int)",
      "CREATE SCHEMA t; CREATE TABLE t.b (d int)",
      { renames },
    );
    expect(migrations.flatMap(({ up }) => up.map(({ sql }) => sql))).toEqual([
      "ALTER SCHEMA s RENAME TO t",
      "ALTER TABLE t.a RENAME TO b",
      "ALTER TABLE t.b RENAME COLUMN c TO d",
    ]);
  });

  test("two that swap their names are refused with the way to do it", async () => {
    const renames = [
      { from: "public.x", to: "public.y" },
      { from: "public.y", to: "public.x" },
    ];
    const [before, after] = [
      "CREATE TABLE x (a int); CREATE TABLE y (b int)",
      "CREATE TABLE y (a int); CREATE TABLE x (b int)",
    ];
    expect(await failureOf(generated(before, after, { renames }))).toMatchObject({
      code: "usage",
      hint: expect.stringContaining("by way of a third name"),
    });
  });

  test("renames that exclude each other stand together", async () => {
    const renames = [{ from: "public.t.c", to: "public.t.d" }];
    const { hint } = await failureOf(
      generated("CREATE TABLE t (a text, b text)", "CREATE TABLE t (mail text)", { renames }),
    );
    expect(hint).toBe("If there was a rename, one of:\n  --rename public.t.a=mail\n  --rename public.t.b=mail");
  });

  test("are decided one level after the other: columns of a table come after the table", async () => {
    const asked: string[][] = [];
    const { up } = await generated(
      "CREATE TABLE users (id int, name text, age int);",
      "CREATE TABLE people (id int, full_name text, age int, bio text);",
      {
        decideRenames: async (possible) => {
          asked.push(possible.map(({ from, to, certain }) => `${from} ${to} ${certain ? "certainly" : "perhaps"}`));
          return possible.slice(0, 1);
        },
      },
    );
    expect(asked).toEqual([
      ["public.users public.people perhaps"],
      ["public.people.name public.people.full_name perhaps", "public.people.name public.people.bio perhaps"],
    ]);
    expect(up).toMatch(
      /^ALTER TABLE public.users RENAME TO people;\n.* RENAME COLUMN name TO full_name;\n.* ADD COLUMN bio text$/,
    );
  });

  test("can be interrupted while they are decided", async () => {
    const abort = new AbortController();
    const interrupted = generated(USERS, `${RENAMED}\nCREATE TABLE t (a int);`, {
      signal: abort.signal,
      permit: () => {},
      decideRenames: async () => {
        abort.abort();
        return [];
      },
    });
    expect(await failureOf(interrupted)).toMatchObject({ code: "interrupted" });
  });

  test("take along what is named after them, and lose no row and no number, whatever else changes", async () => {
    const before = `CREATE TYPE mood AS ENUM ('ok');
      CREATE TABLE users (id serial PRIMARY KEY, name text UNIQUE, age int CHECK (age > 0), m mood);
      CREATE INDEX users_age ON users (age);
      CREATE TABLE posts (author int REFERENCES users);
      CREATE VIEW names AS SELECT name FROM users;`;
    const after = `CREATE TYPE feeling AS ENUM ('ok');
      CREATE TABLE people (id serial PRIMARY KEY, full_name varchar UNIQUE, age bigint CHECK (age > 0), m feeling, bio text);
      CREATE INDEX people_age ON people (age);
      CREATE TABLE posts (author int REFERENCES people);
      CREATE VIEW names AS SELECT full_name FROM people;`;
    const { migrations } = await generated(before, after, {
      renames: [
        { from: "public.users", to: "public.people" },
        { from: "public.mood", to: "public.feeling" },
        // By the name that its table had.
        { from: "public.users.name", to: "public.users.full_name" },
      ],
    });
    expect(migrations).toHaveLength(1);
    expect(migrations[0]?.text).not.toMatch(/DROP (TABLE|INDEX|SEQUENCE|TYPE)|DROP CONSTRAINT|CREATE (UNIQUE )?INDEX/);
    await withScratch({ scratch: { engine: "embedded" } }, async (database) => {
      await database.execute(before);
      await database.execute(
        "INSERT INTO users (name, age, m) VALUES ('ann', 3, 'ok'), ('bob', 4, 'ok'); INSERT INTO posts VALUES (2)",
      );
      const [up = "", down = ""] = migrations[0]!.text.split("-- migrate:down");
      await database.execute(up);
      await database.execute("INSERT INTO people (full_name, bio) VALUES ('cid', 'new')");
      expect(await database.query("SELECT id, full_name AS name, age::int, m::text FROM people ORDER BY id")).toEqual([
        { id: 1, name: "ann", age: 3, m: "ok" },
        { id: 2, name: "bob", age: 4, m: "ok" },
        { id: 3, name: "cid", age: null, m: null },
      ]);
      await database.execute(down);
      await database.execute("INSERT INTO users (name) VALUES ('dan')");
      expect(await database.query("SELECT id, name FROM users JOIN names USING (name) ORDER BY id")).toEqual([
        { id: 1, name: "ann" },
        { id: 2, name: "bob" },
        { id: 3, name: "cid" },
        { id: 4, name: "dan" },
      ]);
    });
  });

  test("of a schema, and what is in it", async () => {
    const renames = [{ from: "app", to: "core" }];
    const { up, down } = await generated(
      "CREATE SCHEMA app;\nCREATE TABLE app.t (a int);",
      "CREATE SCHEMA core;\nCREATE TABLE core.t (a int);",
      { renames },
    );
    expect([up, down]).toEqual(["ALTER SCHEMA app RENAME TO core", "ALTER SCHEMA core RENAME TO app"]);
  });

  test("of indexes and constraints need no asking: nothing is built anew", async () => {
    const { up } = await generated(
      "CREATE TABLE t (a int UNIQUE);\nCREATE INDEX i ON t (a);",
      "CREATE TABLE t (a int CONSTRAINT k UNIQUE);\nCREATE INDEX j ON t (a);",
    );
    expect(up).toBe("ALTER TABLE public.t RENAME CONSTRAINT t_a_key TO k;\nALTER INDEX public.i RENAME TO j");
  });
});

test("migrations that do not start from nothing: the way out is named", async () => {
  expect(await failureOf(generated("ALTER TABLE users ADD bio text;", USERS))).toMatchObject({
    hint: expect.stringContaining("git:HEAD"),
  });
});

describe("names", () => {
  const BEFORE = "CREATE TABLE users (id int PRIMARY KEY);";
  const texts = async (before: string, after: string) => {
    const { migrations, names } = await generated(before, after, { names: "short" });
    return { names, text: migrations.map(({ text }) => text).join("") };
  };

  test("are written without public where that is asked for, and mean the same", async () => {
    const { names, text } = await texts(
      BEFORE,
      `CREATE TYPE mood AS ENUM ('ok');
       CREATE TABLE users (id int PRIMARY KEY, mood mood DEFAULT 'ok', "Odd public" text);
       CREATE TABLE "Posts" (id serial PRIMARY KEY, author int REFERENCES users);
       CREATE VIEW authors AS SELECT u.id, 'public.users' AS said FROM users u JOIN "Posts" p ON p.author = u.id;
       CREATE FUNCTION f() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM public.users';`,
    );
    expect(names).toBe("short");
    expect(text).toContain('CREATE TABLE "Posts" (');
    expect(text).toContain("REFERENCES users(id)");
    expect(text).toContain("'public.users' AS said");
    expect(text).toContain("'SELECT count(*) FROM public.users'");
    const spoken = text.replaceAll(/^--.*$|'[^']*'|"[^"]*"/gms, "");
    expect(spoken).not.toContain("public");
  });

  test("keep their schema where they would mean something else", async () => {
    const own = "CREATE FUNCTION now() RETURNS timestamptz LANGUAGE sql AS 'SELECT pg_catalog.now()';";
    const { names, text } = await texts(own, `${own}\nCREATE TABLE t (at timestamptz DEFAULT public.now());`);
    expect(names).toBe("qualified");
    expect(text).toContain("DEFAULT public.now()");
  });
});

describe("views and functions", () => {
  const SCHEMA = [
    'SET search_path = "App", public;',
    "CREATE VIEW ids AS -- of everybody",
    "  SELECT id FROM users;",
    "CREATE FUNCTION two() RETURNS text LANGUAGE sql AS $two$",
    "SELECT 'a",
    "b' -- migrate:down",
    "$two$;",
    "CREATE VIEW undone AS SELECT id -- rollback",
    "  FROM users;",
    "CREATE VIEW all_of_it AS SELECT * FROM users;",
    "CREATE FUNCTION later() RETURNS int LANGUAGE sql AS 'SELECT 1';",
    "ALTER FUNCTION later() STABLE;",
    "CREATE FUNCTION twice() RETURNS int LANGUAGE sql AS 'SELECT 1';",
    "CREATE OR REPLACE FUNCTION twice() RETURNS int LANGUAGE sql AS 'SELECT 2';",
    "",
  ].join("\r\n");

  test("have the text of the schema files where it makes the same in every session", async () => {
    const before = 'CREATE SCHEMA "App"; CREATE TABLE "App".users (id int);';
    const { migrations } = await generated(before, `${before}\n${SCHEMA}`);
    const text = migrations.map((migration) => migration.text).join("");
    expect(text).toContain('CREATE VIEW "App".ids AS -- of everybody\n  SELECT id FROM "App".users;\n');
    // What stands in a body keeps its line ends, and comments in it are no marks.
    expect(text).toContain(
      `CREATE OR REPLACE FUNCTION "App".two() RETURNS text LANGUAGE sql AS $two$\r\nSELECT 'a\r\nb' -- migrate:down\r\n$two$;\n`,
    );
    expect(text).toContain(`CREATE OR REPLACE FUNCTION "App".twice() RETURNS int LANGUAGE sql AS 'SELECT 2';\n`);
    // A comment that looks like a mark, columns that are not named, and what is altered further down.
    expect(text).toContain('CREATE VIEW "App".undone AS\n SELECT id\n   FROM "App".users;\n');
    expect(text).toContain('CREATE VIEW "App".all_of_it AS\n SELECT id\n   FROM "App".users;\n');
    expect(text).toContain("STABLE\nAS $function$SELECT 1$function$;\n");
  });

  test("that are made anew have it on the way back as well", async () => {
    const view = "CREATE VIEW v AS SELECT a  FROM t;";
    const { up, down } = await generated(`CREATE TABLE t (a int);\n${view}`, `CREATE TABLE t (a bigint);\n${view}`);
    for (const way of [up, down]) expect(way).toEndWith("CREATE VIEW public.v AS SELECT a  FROM public.t");
  });
});
