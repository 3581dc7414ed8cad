import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { SchemaUpdate } from "#compare/update/update.ts";
import { updateSchema } from "#compare/update/update.ts";
import type { ScratchSite } from "#scratch/site.ts";
import { readGoldens } from "../../support/golden.ts";
import { temporaryProject } from "../../support/project.ts";
import { update, updateGolden } from "../../support/schema-update.ts";
import { failureOf } from "../failure.ts";
import { filesOf } from "./project-files.ts";

// Several scratch databases each.
setDefaultTimeout(300_000);

/** Emptied faster than a server makes a database. */
const site: ScratchSite = { engine: "embedded" };

const hows = ({ edits }: SchemaUpdate): string[] => edits.map(({ how }) => how);

describe("schema files follow what a golden folder's migration does, in place", () => {
  // `scripts/schema-update` goes through all of them.
  for (const name of [
    "column-not-null",
    "constraint-check",
    "constraint-foreign-key-deferrable",
    "constraint-not-enforced",
    "function-body",
    "policy-expression",
  ]) {
    test(name, async () => {
      const golden = (await readGoldens()).find((each) => each.name === name)!;
      const outcome = await updateGolden(golden, site);
      expect(outcome.kind).toBe("updated");
      const edits = outcome.kind === "updated" ? outcome.edits : [];
      expect(edits.length).toBeGreaterThan(0);
      expect(edits.filter(({ how }) => how === "appended")).toEqual([]);
    });
  }
});

test("a comment on a constraint of a domain is changed where it stands", async () => {
  const domain = (
    comment: string,
    check: string,
  ): string => `CREATE DOMAIN d AS int CONSTRAINT "not" NOT NULL CONSTRAINT "c" CHECK (VALUE > 0);
COMMENT ON CONSTRAINT "not" ON DOMAIN d IS '${comment}';
${check}CREATE TABLE t (d d);
`;
  const { after } = await update(
    { "d.sql": domain("never null", "COMMENT ON CONSTRAINT c ON DOMAIN public.d IS 'positive';\n") },
    `COMMENT ON CONSTRAINT "not" ON DOMAIN d IS 'there'; COMMENT ON CONSTRAINT c ON DOMAIN d IS NULL`,
  );
  expect(after["d.sql"]).toBe(domain("there", ""));
});

test("an index without a name of its own goes with its statement, and with what stands above it", async () => {
  const { after, ...result } = await update(
    {
      "t.sql":
        "CREATE TABLE t (id int, b text, c text);\n-- By text\nCREATE INDEX ON t USING btree (b);\n\nCREATE INDEX ON t (b, c);\nCREATE INDEX ON t (lower(b));\nCREATE UNIQUE INDEX ON t (id) INCLUDE (c);\n",
    },
    "DROP INDEX t_b_idx;\nDROP INDEX t_id_c_idx;\n",
  );
  expect(hows(result)).toEqual(["removed", "removed"]);
  expect(after["t.sql"]).toBe(
    "CREATE TABLE t (id int, b text, c text);\n\nCREATE INDEX ON t (b, c);\nCREATE INDEX ON t (lower(b));\n",
  );
});

// Two functions that call each other, with the setting that lets them; a plan that works in its own order alone.
test.each(["functions-in-a-circle", "partition-attach-with-index"])(
  "what cannot be edited is appended: %s",
  async (name) => {
    const golden = (await readGoldens()).find((each) => each.name === name)!;
    const outcome = await updateGolden(golden, site);
    expect(outcome.kind === "updated" ? outcome.edits.map(({ how }) => how) : outcome).toContain("appended");
  },
);

const USERS = `-- People
CREATE TABLE users (
    -- who
    id    INT PRIMARY KEY,
    name  TEXT NOT NULL, -- naïve ✓
    -- the old form
    nick  TEXT,

    UNIQUE (name)
);

-- Said of them
COMMENT ON TABLE users IS 'Leute – ü';
`;

describe("comments and layout stay", () => {
  test("columns come and go with what belongs to them, aligned like the others", async () => {
    const { after, edits } = await update(
      { "users.sql": USERS },
      "ALTER TABLE users DROP COLUMN nick, ADD COLUMN bio TEXT DEFAULT '–' NOT NULL; COMMENT ON TABLE users IS 'ß'",
    );
    expect(after).toEqual({
      "users.sql": `-- People
CREATE TABLE users (
    -- who
    id    INT PRIMARY KEY,
    name  TEXT NOT NULL, -- naïve ✓
    bio   TEXT DEFAULT '–' NOT NULL,

    UNIQUE (name)
);

-- Said of them
COMMENT ON TABLE users IS 'ß';
`,
    });
    expect(new Set(edits.map(({ how }) => how))).toEqual(new Set(["edited"]));
  });

  test("in files with CRLF, and behind a byte order mark", async () => {
    const { after } = await update(
      { "users.sql": `\ufeff${USERS.replaceAll("\n", "\r\n")}` },
      "ALTER TABLE users ADD COLUMN age int CHECK (age > 0)",
      USERS,
    );
    expect(after["users.sql"]).toBe(
      `\ufeff${USERS.replace("    nick  TEXT,\n", "    nick  TEXT,\n    age   int CHECK (age > 0),\n")}`.replaceAll(
        "\n",
        "\r\n",
      ),
    );
  });

  test("with commas first, on one line, and quoted names", async () => {
    const { after } = await update(
      {
        "1.sql": 'create table "Odd ""one" (\n    a int\n  , "B" text -- b\n);\ncreate table flat (a int, "b" int);\n',
      },
      'alter table "Odd ""one" add column "C c" int, alter column "B" set default $$x$$; alter table flat drop column a, add c int',
    );
    expect(after["1.sql"]).toBe(
      'create table "Odd ""one" (\n    a int\n  , "B" text default \'x\'::text -- b\n  , "C c" int\n);\ncreate table flat ("b" int, c int);\n',
    );
  });

  test("the body of a function changes within the head that it has", async () => {
    const head = "CREATE FUNCTION one() -- the first\nRETURNS int LANGUAGE sql IMMUTABLE AS $f$ SELECT ";
    const { after } = await update(
      { "f.sql": `${head}0 $f$;\n` },
      "CREATE OR REPLACE FUNCTION one() RETURNS int IMMUTABLE LANGUAGE sql AS ' SELECT 1 '",
    );
    expect(after["f.sql"]).toBe(`${head}1 $f$;\n`);
  });

  test("a view is replaced in the words of the migration", async () => {
    const { after, edits } = await update(
      { "1.sql": "CREATE TABLE t (a int, b int);\n", "2.sql": "CREATE VIEW v AS\nSELECT a FROM t; -- v\n" },
      "CREATE OR REPLACE VIEW v AS\n-- both\nSELECT a,\n       b FROM t;",
    );
    expect(after).toEqual({ "2.sql": "CREATE VIEW v AS\n-- both\nSELECT a,\n       b FROM t; -- v\n" });
    expect(edits.map(({ how }) => how)).toEqual(["replaced"]);
  });
});

describe("new objects go where others of their kind are", () => {
  test("into numbered files of their own, and behind the others of one file", async () => {
    const { after } = await update(
      {
        "010_tables/010_users.sql": "CREATE TABLE users (id int PRIMARY KEY);\n",
        "010_tables/020_posts.sql": "CREATE TABLE posts (id int PRIMARY KEY);\n",
        "020_indexes.sql": "CREATE INDEX users_i ON users (id);\n",
        "030_views.sql": "-- views\nCREATE VIEW v AS SELECT id FROM users;\n\n-- the end\n",
      },
      `CREATE TABLE tags (id int PRIMARY KEY, post int REFERENCES posts);
       CREATE INDEX tags_i ON tags (post);
       CREATE VIEW w AS SELECT id FROM v;`,
    );
    expect(Object.keys(after)).toEqual(["010_tables/030_tags.sql", "020_indexes.sql", "030_views.sql"]);
    expect(after["020_indexes.sql"]).toBe("CREATE INDEX users_i ON users (id);\nCREATE INDEX tags_i ON tags (post);\n");
    expect(after["030_views.sql"]).toBe(
      "-- views\nCREATE VIEW v AS SELECT id FROM users;\nCREATE VIEW w AS SELECT id FROM v;\n\n-- the end\n",
    );
  });

  test("and dropped ones with their comments, grants and rows", async () => {
    const { after } = await update(
      {
        "1.sql": `CREATE TABLE a (id int);

-- b, which is
-- not needed
CREATE TABLE b (id int);
CREATE INDEX b_i ON b (id);
COMMENT ON TABLE b IS 'b';
GRANT SELECT ON b TO PUBLIC;

CREATE TABLE c (id int);
`,
        "2.sql": "COPY b (id) FROM stdin;\n1\n2\n\\.\n\nINSERT INTO c VALUES (1);\n",
      },
      "DROP TABLE b",
      "CREATE TABLE a (id int); CREATE TABLE b (id int); CREATE INDEX b_i ON b (id); CREATE TABLE c (id int)",
    );
    expect(after).toEqual({
      "1.sql": "CREATE TABLE a (id int);\n\nCREATE TABLE c (id int);\n",
      "2.sql": "INSERT INTO c VALUES (1);\n",
    });
  });
});

test("a comment is found by a name of several words", async () => {
  const table = "CREATE TABLE a (id int);\n";
  const policy = 'CREATE POLICY "Users can\'t read - all" ON a USING (true);\n';
  const { after } = await update(
    { "1.sql": `${table}\n-- Users can't read - all, but some can\n${policy}` },
    `DROP POLICY "Users can't read - all" ON a`,
    `${table}${policy}`,
  );
  expect(after).toEqual({ "1.sql": table });
});

test("a dropped table takes along what is said of the sequences of its columns", async () => {
  const { after, edits } = await update(
    {
      "1.sql": "CREATE TABLE a (id int);\nCREATE TABLE b (id serial, n int GENERATED ALWAYS AS IDENTITY);\n",
      "2.sql": `GRANT USAGE ON SEQUENCE b_id_seq TO PUBLIC;
COMMENT ON SEQUENCE b_id_seq IS 'numbers';
GRANT SELECT ON SEQUENCE public.b_n_seq TO PUBLIC;
GRANT SELECT ON a TO PUBLIC;
`,
    },
    "DROP TABLE b",
  );
  expect(edits).toMatchObject([{ how: "removed" }]);
  expect(after).toEqual({
    "1.sql": "CREATE TABLE a (id int);\n",
    "2.sql": "GRANT SELECT ON a TO PUBLIC;\n",
  });
});

test("what goes is taken out of the statements that it shares with others", async () => {
  const tables = "CREATE TABLE a (id int);\nCREATE TABLE b (id int);\n";
  const { after, edits } = await update(
    {
      "1.sql": `${tables}CREATE TABLE c (id int, n int);
ALTER TABLE c
    ADD x int,
    ADD y int, -- goes
    ADD CONSTRAINT few CHECK (n < 9),
    ALTER n SET DEFAULT 1;
ALTER TABLE ONLY public.c ADD z numeric(3, 1), ADD w text;
ALTER TABLE c ADD UNIQUE (id);
GRANT SELECT ON a, b, c TO PUBLIC;
GRANT INSERT ON TABLE c,
    b TO PUBLIC;
`,
    },
    `DROP TABLE b; REVOKE SELECT ON a FROM PUBLIC;
     ALTER TABLE c DROP y, DROP z, DROP CONSTRAINT few, DROP CONSTRAINT c_id_key, ALTER n DROP DEFAULT`,
  );
  expect(after).toEqual({
    "1.sql": `CREATE TABLE a (id int);
CREATE TABLE c (id int, n int);
ALTER TABLE c
    ADD x int;
ALTER TABLE ONLY public.c ADD w text;
GRANT SELECT ON c TO PUBLIC;
GRANT INSERT ON TABLE c TO PUBLIC;
`,
  });
  expect(edits.filter(({ how }) => how === "appended")).toEqual([]);
});

test("what goes and is still spoken of where no parser looks goes behind everything; the rest stays in place", async () => {
  const schema = {
    "1.sql": "CREATE TABLE a (id int);\n",
    "2.sql": "CREATE TABLE b (id int);\n",
    "3.sql": "DO $$ BEGIN EXECUTE 'ALTER TABLE b ENABLE ROW LEVEL SECURITY'; END $$;\n",
  };
  const { after, edits } = await update(schema, "ALTER TABLE a ADD n text; DROP TABLE b; CREATE TABLE c (id int)");
  expect(edits.map(({ how, level }) => `${how} ${level}`).toSorted()).toEqual([
    "added worded",
    "appended last",
    "edited worded",
  ]);
  expect(after).toMatchObject({
    "1.sql": "CREATE TABLE a (id int, n text);\n",
    "3.sql": `${schema["3.sql"]}\nDROP TABLE public.b;\n`,
  });
});

test("a key that CREATE TABLE would leave out beside the primary key is appended", async () => {
  const { edits } = await update(
    { "1.sql": "CREATE TABLE a (id int PRIMARY KEY, n int);\n" },
    "ALTER TABLE a ADD CONSTRAINT again UNIQUE (id), ADD COLUMN t text",
  );
  expect(edits.map(({ how }) => how).toSorted()).toEqual(["appended", "edited"]);
});

describe("a rename that leaves the body of a function behind", () => {
  const schema = {
    "1.sql": "CREATE TABLE a (id int);\nCREATE TABLE b (id int);\n",
    "2.sql": "CREATE FUNCTION f() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM a';\n",
  };

  test.each([
    ["and rows", "INSERT INTO a VALUES (1);\n", ""],
    ["and no rows, with something else open", "-- none\n", "; ALTER TABLE b ADD n int"],
  ])("is refused with the place: %s", async (_, rows, more) => {
    const migration = `ALTER TABLE b RENAME TO c; ALTER TABLE a RENAME TO d${more.replace("b", "c")}`;
    const refused = await failureOf(update({ ...schema, "3.sql": rows }, migration));
    expect(refused).toMatchObject({ code: "schema_update_refused", location: { file: "db/schema/2.sql", line: 1 } });
    expect(refused.message).toContain("public.a renamed to d");
  });

  test("is followed in place where a migration replaces the body, or no body is looked at", async () => {
    const body = schema["2.sql"].replace("FROM a", "FROM d");
    const { after } = await update(schema, `ALTER TABLE a RENAME TO d; ${body.replace("CREATE", "CREATE OR REPLACE")}`);
    expect(after).toEqual({
      "1.sql": schema["1.sql"].replace("TABLE a", "TABLE d"),
      "2.sql": body.replaceAll("'", "$$$$"),
    });
    const later = schema["2.sql"].replace(
      "sql AS 'SELECT count(*) FROM a'",
      "plpgsql AS 'BEGIN RETURN (SELECT count(*) FROM a); END'",
    );
    const lax = await update({ ...schema, "2.sql": later }, "ALTER TABLE a RENAME TO d");
    expect(lax.after).toEqual({ "1.sql": schema["1.sql"].replace("TABLE a", "TABLE d") });
  });
});

describe("nothing is guessed", () => {
  test("what no migration makes stays in the files, and is told", async () => {
    const result = await update(
      { "t.sql": "CREATE TABLE t (a int, mine text DEFAULT 'x');\nCREATE VIEW own AS SELECT mine FROM t;\n" },
      "ALTER TABLE t ADD COLUMN b int",
      "CREATE TABLE t (a int)",
    );
    expect(result.after["t.sql"]).toBe(
      "CREATE TABLE t (a int, mine text DEFAULT 'x', b int);\nCREATE VIEW own AS SELECT mine FROM t;\n",
    );
    expect(result.kept.map(({ name }) => name)).toEqual(["public.own", "public.t.mine"]);
  });

  test("what only the files have otherwise stays, and is told, where the migrations have no base", async () => {
    await using project = await temporaryProject({
      "db/schema/t.sql": "CREATE TABLE t (a int, bio varchar(200));\n",
      "db/migrations/1_bio.sql":
        "-- migrate:up\nALTER TABLE t ADD bio text;\n-- migrate:down\nALTER TABLE t DROP bio;\n",
      "db/migrations/2_nick.sql":
        "-- migrate:up\nALTER TABLE t ADD nick text;\n-- migrate:down\nALTER TABLE t DROP nick;\n",
    });
    const { files, kept } = await updateSchema({ ...filesOf(project.dir), scratch: site });
    expect(files.map(({ after }) => after)).toEqual(["CREATE TABLE t (a int, bio varchar(200), nick text);\n"]);
    expect(kept.map(({ name }) => name)).toEqual(["public.t.bio"]);
  });

  test("where an edit would move rows to other columns, it is appended behind them", async () => {
    const files = { "t.sql": "CREATE TABLE t (a text, b text, c text);\nINSERT INTO t VALUES ('1', '2');\n" };
    const result = await update(files, "ALTER TABLE t DROP COLUMN a");
    expect(hows(result)).toEqual(["appended"]);
    expect(result.after["t.sql"]).toStartWith(files["t.sql"]);
    expect(result.after["t.sql"]).toContain("DROP COLUMN a");
  });

  test("files that include others, and psql commands in them, are edited where the object is", async () => {
    const { after } = await update(
      {
        "all.sql": "\\set ON_ERROR_STOP on\n\\ir parts/t.sql\nCOPY t (a) FROM stdin;\n1\n\\.\n",
        "parts/t.sql": "create table t (a int);\n",
      },
      "alter table t add column b int default 0",
      "create table t (a int)",
    );
    expect(after).toEqual({ "parts/t.sql": "create table t (a int, b int default 0);\n" });
  });

  test("a column goes from the grants that are about it alone; what still needs it makes that one edit come last", async () => {
    const result = await update(
      {
        "1.sql": "CREATE TABLE t (a int, b int, c int);\nGRANT UPDATE (b) ON t TO PUBLIC;\n",
        "2.sql": "INSERT INTO t (a, c) VALUES (1, 2);\n",
      },
      "ALTER TABLE t DROP COLUMN b, DROP COLUMN c, ADD COLUMN d int",
    );
    expect(result.after["1.sql"]).toBe("CREATE TABLE t (a int, c int, d int);\n");
    expect(result.after["2.sql"]).toContain("DROP COLUMN c;\n");
    expect(hows(result).toSorted()).toEqual(["appended", "edited", "edited"]);
  });

  test("a column goes from the lists of grants that name others as well", async () => {
    const grants = `GRANT SELECT (a, c) ON t TO PUBLIC;
GRANT SELECT (c), INSERT (c, a), UPDATE (a, c, b), REFERENCES ON TABLE t TO PUBLIC; -- many
GRANT UPDATE (
  b,
  c -- the third
) ON t TO pg_monitor;
GRANT SELECT (c), INSERT (c) ON t TO pg_monitor;
REVOKE INSERT (c, a) ON t FROM pg_monitor;
`;
    const { after, edits } = await update(
      { "1.sql": `CREATE TABLE t (a int, b int, c int);\nCREATE INDEX t_c ON t (b, c);\n${grants}` },
      "ALTER TABLE t DROP COLUMN c",
    );
    expect(after["1.sql"]).toBe(`CREATE TABLE t (a int, b int);
GRANT SELECT (a) ON t TO PUBLIC;
GRANT INSERT (a), UPDATE (a, b), REFERENCES ON TABLE t TO PUBLIC; -- many
GRANT UPDATE (
  b
) ON t TO pg_monitor;
REVOKE INSERT (a) ON t FROM pg_monitor;
`);
    expect(edits.map(({ how }) => how)).toEqual(["removed", "edited"]);
  });

  test("files with nothing but a comment take in what there is", async () => {
    const { after } = await update({ "1.sql": "-- Nothing yet\n" }, "CREATE TABLE t (a int)", "SELECT 1");
    expect(after).toEqual({ "1.sql": "-- Nothing yet\n\nCREATE TABLE t (a int);\n" });
  });

  test("files that hold everything are left alone", async () => {
    const result = await update({ "t.sql": "CREATE TABLE t (a int);\n" }, "SELECT 1");
    expect(result).toMatchObject({ files: [], edits: [], kept: [] });
  });

  test("schema files that do not build are an error at their place", async () => {
    const error = await failureOf(update({ "t.sql": "CREATE TABLE t (a int;\n" }, "SELECT 1", "SELECT 1"));
    expect(error).toMatchObject({ code: "sql_failed", location: { file: "db/schema/t.sql", line: 1 } });
  });
});

describe("what was renamed keeps its place and its words", () => {
  const TREE = {
    "1_users.sql": `CREATE TYPE mood AS ENUM ('ok', 'sad');
CREATE TABLE users (
    id int PRIMARY KEY, -- who
    name text NOT NULL CHECK (name <> ''),
    mood mood
);
CREATE INDEX users_by_name ON users (name);
COMMENT ON COLUMN users.name IS 'the name';
INSERT INTO users (id, name) VALUES (1, 'name');
`,
    "2_posts.sql": `CREATE TABLE posts (
    id int PRIMARY KEY,
    author int REFERENCES users (id) -- by
);
CREATE VIEW people AS SELECT users.id, name FROM users WHERE name <> 'x';
CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql AS 'SELECT n * 2';
`,
    "3_shop.sql": `CREATE SCHEMA IF NOT EXISTS shop;
COMMENT ON SCHEMA shop IS 'what the shop is about';
CREATE SEQUENCE shop.numbers;
CREATE TYPE shop.price AS (amount int, currency text);
COMMENT ON COLUMN shop.price.amount IS 'in cents';
CREATE TABLE shop.orders (
    id int PRIMARY KEY DEFAULT nextval('shop.numbers'),
    other bigint DEFAULT nextval('shop.numbers'::regclass),
    amount int
);
CREATE FUNCTION shop.guard() RETURNS trigger LANGUAGE plpgsql SET search_path = public, shop AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER guard BEFORE INSERT ON shop.orders FOR EACH ROW EXECUTE FUNCTION shop.guard();
COMMENT ON TRIGGER guard ON shop.orders IS 'before';
CREATE POLICY "own rows" ON shop.orders USING (amount > 0);
COMMENT ON POLICY "own rows" ON shop.orders IS 'all of them';
CREATE RULE guard AS ON DELETE TO shop.orders DO INSTEAD NOTHING;
COMMENT ON RULE guard ON shop.orders IS 'nothing goes';
`,
  };
  const cases: readonly (readonly [what: string, migration: string, changed: Readonly<Record<string, string>>])[] = [
    [
      "a column",
      "ALTER TABLE users RENAME COLUMN name TO full_name",
      {
        "1_users.sql": TREE["1_users.sql"]
          .replace(
            "    name text NOT NULL CHECK (name",
            "    full_name text NOT NULL CONSTRAINT users_name_check CHECK (full_name",
          )
          .replace("ON users (name)", "ON users (full_name)")
          .replace("users.name IS", "users.full_name IS")
          .replace("(id, name) VALUES", "(id, full_name) VALUES"),
        "2_posts.sql": TREE["2_posts.sql"].replace(
          "users.id, name FROM users WHERE name",
          "users.id, full_name AS name FROM users WHERE full_name",
        ),
      },
    ],
    [
      "a table",
      "ALTER TABLE users RENAME TO members",
      {
        "1_users.sql": TREE["1_users.sql"]
          .replace("TABLE users", "TABLE members")
          .replace("int PRIMARY KEY", "int CONSTRAINT users_pkey PRIMARY KEY")
          .replace("CHECK", "CONSTRAINT users_name_check CHECK")
          .replace("ON users", "ON members")
          .replace("users.name", "members.name")
          .replace("INTO users", "INTO members"),
        "2_posts.sql": TREE["2_posts.sql"]
          .replace("REFERENCES users", "REFERENCES members")
          .replace("users.id", "members.id")
          .replace("FROM users", "FROM members"),
      },
    ],
    [
      "an index",
      "ALTER INDEX users_by_name RENAME TO named",
      { "1_users.sql": TREE["1_users.sql"].replace("users_by_name", "named") },
    ],
    [
      "a constraint without a name of its own",
      "ALTER TABLE posts RENAME CONSTRAINT posts_author_fkey TO written_by",
      { "2_posts.sql": TREE["2_posts.sql"].replace("REFERENCES users", "CONSTRAINT written_by REFERENCES users") },
    ],
    [
      "a type that has the name of a column",
      "ALTER TYPE mood RENAME TO humour",
      { "1_users.sql": TREE["1_users.sql"].replace("TYPE mood", "TYPE humour").replace("mood mood", "mood humour") },
    ],
    [
      "a function",
      "ALTER FUNCTION twice(int) RENAME TO doubled",
      { "2_posts.sql": TREE["2_posts.sql"].replace("twice", "doubled") },
    ],
    ["a view", "ALTER VIEW people RENAME TO folk", { "2_posts.sql": TREE["2_posts.sql"].replace("people", "folk") }],
    [
      "a trigger",
      "ALTER TRIGGER guard ON shop.orders RENAME TO watch",
      {
        "3_shop.sql": TREE["3_shop.sql"]
          .replace("TRIGGER guard", "TRIGGER watch")
          .replace("ON TRIGGER guard", "ON TRIGGER watch"),
      },
    ],
    [
      "a policy",
      'ALTER POLICY "own rows" ON shop.orders RENAME TO mine',
      { "3_shop.sql": TREE["3_shop.sql"].replaceAll('"own rows"', "mine") },
    ],
    [
      "a rule",
      "ALTER RULE guard ON shop.orders RENAME TO keep",
      { "3_shop.sql": TREE["3_shop.sql"].replaceAll("RULE guard", "RULE keep") },
    ],
    [
      "a sequence",
      "ALTER SEQUENCE shop.numbers RENAME TO ids",
      { "3_shop.sql": TREE["3_shop.sql"].replaceAll("numbers", "ids") },
    ],
    [
      "an attribute of a type",
      "ALTER TYPE shop.price RENAME ATTRIBUTE amount TO total",
      {
        "3_shop.sql": TREE["3_shop.sql"]
          .replace("(amount int,", "(total int,")
          .replace("shop.price.amount", "shop.price.total"),
      },
    ],
    [
      "a schema",
      "ALTER SCHEMA shop RENAME TO store",
      { "3_shop.sql": TREE["3_shop.sql"].replaceAll(/(?<!, |the )\bshop\b/g, "store") },
    ],
    [
      "a schema, and things in it before and after",
      "ALTER SEQUENCE shop.numbers RENAME TO ids; ALTER SCHEMA shop RENAME TO store; ALTER TABLE store.orders RENAME amount TO paid",
      {
        "3_shop.sql": TREE["3_shop.sql"]
          .replaceAll(/(?<!, |the )\bshop\b/g, "store")
          .replaceAll("numbers", "ids")
          .replace("    amount int", "    paid int")
          .replace("amount > 0", "paid > 0"),
      },
    ],
  ];
  test.each(cases)("%s", async (_, migration, changed) => {
    const { after, edits } = await update(TREE, migration);
    expect(after).toEqual(changed);
    expect(edits[0]).toMatchObject({ how: "renamed" });
    // Constraints that PostgreSQL named after a table keep their names, and the files say so.
    expect(edits.filter(({ how }) => how === "appended")).toEqual([]);
  });
});

test("what has the same name and is something else keeps it", async () => {
  const part = (table: string, name: string): string =>
    `CREATE TABLE ${table} (r role, CONSTRAINT ${name} CHECK (r <> 'b'));
CREATE POLICY ${name} ON ${table} USING (true);
CREATE TRIGGER ${name} BEFORE UPDATE ON ${table} FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
`;
  const role = (type: string): string => `CREATE TYPE ${type} AS ENUM ('a', 'b');
CREATE FUNCTION own(role ${type}, INOUT ${type} DEFAULT 'a') LANGUAGE sql AS $$SELECT role$$;
`;
  const schema = { "1.sql": role("role"), "2.sql": part("t", "same"), "3.sql": part("u", "same") };
  const { after, edits } = await update(
    schema,
    `ALTER TABLE t RENAME CONSTRAINT same TO other; ALTER POLICY same ON t RENAME TO other; ALTER TRIGGER same ON t RENAME TO other;
     ALTER TYPE role RENAME TO kind`,
  );
  expect(after).toEqual({
    "1.sql": role("kind"),
    "2.sql": part("t", "other").replace("r role", "r kind"),
    "3.sql": schema["3.sql"].replace("r role", "r kind"),
  });
  expect(new Set(edits.map(({ how }) => how))).toEqual(new Set(["renamed"]));
});

test("what a policy's query or a view returns under the old name is still returned under it", async () => {
  const schema = {
    "1.sql": `CREATE TYPE mood AS ENUM ('ok');
CREATE TABLE owners (org int, stamp timestamptz);
CREATE FUNCTION mine(org int) RETURNS SETOF int LANGUAGE sql AS 'SELECT 1';
`,
    "2.sql": `CREATE TABLE t (id int, w text);
CREATE POLICY a ON t USING (id IN (SELECT mine(1)) OR w IN (SELECT (public.mine(2))::text));
CREATE POLICY b ON t USING (id IN (SELECT org FROM owners UNION SELECT o.org FROM owners o WHERE o.org > 1));
CREATE VIEW v AS SELECT mine(1) + 1 AS sum, mine(2), 'ok'::mood, CAST(mine(3) AS text) AS said FROM owners;
`,
  };
  const { after, edits } = await update(
    schema,
    "ALTER FUNCTION mine(int) RENAME TO ours; ALTER TABLE owners RENAME org TO organisation; ALTER TYPE mood RENAME TO feeling",
  );
  expect(after["2.sql"]).toBe(`CREATE TABLE t (id int, w text);
CREATE POLICY a ON t USING (id IN (SELECT ours(1) AS mine) OR w IN (SELECT (public.ours(2))::text AS mine));
CREATE POLICY b ON t USING (id IN (SELECT organisation AS org FROM owners UNION SELECT o.organisation AS org FROM owners o WHERE o.organisation > 1));
CREATE VIEW v AS SELECT ours(1) + 1 AS sum, ours(2) AS mine, 'ok'::feeling AS mood, CAST(ours(3) AS text) AS said FROM owners;
`);
  expect(new Set(edits.map(({ how }) => how))).toEqual(new Set(["renamed"]));
});

test("a column that is renamed under views which migrations made gets its name in the files, and the views come as they are then", async () => {
  const { after } = await update(
    { "1.sql": "CREATE TABLE people (id int, name text);\n" },
    `CREATE VIEW few AS SELECT * FROM people; CREATE VIEW fewer AS SELECT name FROM few WHERE name > 'a';
     ALTER TABLE people RENAME name TO full_name`,
  );
  expect(after["1.sql"]).toStartWith("CREATE TABLE people (id int, full_name text);\n");
  expect(after["1.sql"]).toContain("full_name AS name");
});

describe("rows that migrations leave", () => {
  const ROLES =
    "CREATE TABLE roles (id serial PRIMARY KEY, name text NOT NULL UNIQUE, made date DEFAULT current_date);\n";
  const SEED = "INSERT INTO roles (name) VALUES ('admin');\n";

  const KINDS = "CREATE TABLE kinds (name text PRIMARY KEY);\n";

  test.each([
    ["in a file of rows", { "1.sql": ROLES, "2.sql": KINDS, "seed.sql": SEED }, ["seed.sql", "seed.sql"]],
    ["beside their tables", { "1.sql": `${ROLES}${SEED}`, "2.sql": KINDS }, ["1.sql", "2.sql"]],
  ])("come to where the files have theirs: %s", async (_, files, [ofRoles = "", ofKinds = ""]) => {
    const { after, lackingRows } = await update(
      files,
      "INSERT INTO roles (name) VALUES ('it''s'), ('me'); ALTER TABLE roles ADD rank int DEFAULT 1; INSERT INTO kinds VALUES ('a')",
    );
    expect(lackingRows).toEqual([]);
    expect(after[ofRoles]).toContain(
      `${SEED}\nINSERT INTO roles (name, rank) VALUES\n    ('it''s', 1),\n    ('me', 1);\n`,
    );
    expect(after[ofKinds]).toEndWith("\nINSERT INTO kinds (name) VALUES\n    ('a');\n");
  });

  test("are named with their statement where the files have none, and where another row has their key", async () => {
    const alone = await update({ "1.sql": ROLES }, "INSERT INTO roles (id, name) VALUES (7, 'me')");
    const sql = "INSERT INTO roles (id, name) VALUES\n    (7, 'me')";
    expect(alone).toMatchObject({ files: [], lackingRows: [{ table: '"public"."roles"', count: 1, sql }] });
    const renamed = await update(
      { "1.sql": `${ROLES}INSERT INTO roles VALUES (7, 'admin');\n` },
      "UPDATE roles SET name = 'me'",
    );
    expect(renamed).toMatchObject({ files: [], lackingRows: [{ what: "1 row of public.roles", sql }] });
    // Without a key it would be there twice.
    const keyless = { "1.sql": "CREATE TABLE kinds (name text, n int);\nINSERT INTO kinds VALUES ('a', 1);\n" };
    const changed = await update(keyless, "UPDATE kinds SET n = 7; INSERT INTO kinds VALUES ('b', 2)");
    expect(changed).toMatchObject({ files: [], lackingRows: [{ what: "2 rows of public.kinds", others: 1 }] });
  });

  test("come with now() for what the clock told, and with other times as they are", async () => {
    const events =
      "CREATE TABLE events (name text PRIMARY KEY, made timestamptz NOT NULL, at timestamp);\nINSERT INTO events VALUES ('a', now(), '2020-01-01');\n";
    const { after, lackingRows, takenRows } = await update(
      { "1.sql": events },
      "INSERT INTO events VALUES ('b', clock_timestamp(), LOCALTIMESTAMP), ('c', '2021-01-01 00:00+00', 'infinity'), ('d', '2999-01-01 00:00+00', NULL)",
    );
    expect({ lackingRows, takenRows }).toEqual({ lackingRows: [], takenRows: [] });
    expect(after["1.sql"]).toEndWith(
      "    ('b', now(), now()),\n    ('c', '2021-01-01 00:00:00+00', 'infinity'),\n    ('d', '2999-01-01 00:00:00+00', NULL);\n",
    );
  });

  test("do not come beside the row whose key a migration changed, and one that is gone is named", async () => {
    const files = { "1.sql": `${KINDS}INSERT INTO kinds VALUES ('old'), ('kept');\n` };
    const takenRows = [{ table: '"public"."kinds"', count: 1, what: "1 row of public.kinds" }];
    const renamed = await update(files, "UPDATE kinds SET name = 'new' WHERE name = 'old'");
    const sql = "INSERT INTO kinds (name) VALUES\n    ('new')";
    expect(renamed).toMatchObject({ files: [], takenRows, lackingRows: [{ sql }] });
    const gone = await update(files, "DELETE FROM kinds WHERE name = 'old'");
    expect(gone).toMatchObject({ files: [], takenRows, lackingRows: [] });
  });
});

test("a file in which nothing is left goes", async () => {
  const { after } = await update(
    { "a.sql": "CREATE TABLE a (id int);\n", "b.sql": "-- B\nCREATE TABLE b (id int);\n" },
    "DROP TABLE b",
  );
  expect(after).toEqual({ "b.sql": undefined });
});

test("where files run in the order of what they need, a new one has the name that fits it", async () => {
  const z = "CREATE TABLE z (id int PRIMARY KEY);\n";
  const a = "CREATE TABLE a (id int PRIMARY KEY, z int REFERENCES z)";
  const { after } = await update({ "y.sql": "CREATE TABLE y (id int);\n", "z.sql": z }, a, undefined, {
    order: "dependencies",
  });
  expect(after).toEqual({ "a.sql": `${a};\n` });
});

describe("rows of migrations that only the schema files can carry", () => {
  const MIGRATION =
    "-- migrate:up\nALTER TABLE users ADD bio text;\nCREATE TABLE tags (n text);\nINSERT INTO tags VALUES ('a');\n-- migrate:down\nDROP TABLE tags;\nALTER TABLE users DROP bio;\n";
  const updated = async (files: Readonly<Record<string, string>>): Promise<SchemaUpdate> => {
    await using project = await temporaryProject({ ...files, "db/migrations/1_tags.sql": MIGRATION });
    return await updateSchema({ ...filesOf(project.dir), scratch: site });
  };

  test("are named, or written where the files have rows", async () => {
    const users = { "db/schema/users.sql": "CREATE TABLE users (id int);\n" };
    const named = await updated(users);
    expect(named.lackingRows).toMatchObject([
      { table: '"public"."tags"', count: 1, sql: expect.stringContaining("INSERT INTO tags (n) VALUES") },
    ]);
    const written = await updated({ ...users, "db/schema/z_rows.sql": "INSERT INTO users VALUES (1);\n" });
    expect(written.lackingRows).toEqual([]);
    expect(written.files.find(({ path }) => path === "db/schema/z_rows.sql")?.after).toContain("INSERT INTO tags");
  });

  test("are counted beside rows of the files that a way back may have changed, which are no rows of theirs", async () => {
    const files = (tags: string): Record<string, string> => ({
      "db/schema/users.sql": `CREATE TABLE users (id int, bio text);\nINSERT INTO users VALUES (1, 'x');\nCREATE TABLE tags (n text);\n${tags}`,
    });
    const all = await updated(files("INSERT INTO tags VALUES ('a');\n"));
    expect(all).toMatchObject({ files: [], lackingRows: [], takenRows: [] });
    const none = await updated(files(""));
    expect(none.lackingRows.length + none.edits.length).toBe(1);
  });
});

test("a table comes with its exclusions once, whatever they are named by", async () => {
  const table =
    "CREATE TABLE stays (room int, since int, till int, EXCLUDE USING gist (int4range(since, till) WITH &&), EXCLUDE ((since + till) WITH =));";
  const { after } = await update({ "rooms.sql": "CREATE TABLE rooms (id int);\n" }, table);
  expect(
    Object.values(after)
      .join("")
      .match(/EXCLUDE/g),
  ).toHaveLength(2);
});

test("a comment in front of a column on its line goes with it", async () => {
  const users = (columns: string): string => `CREATE TABLE users (\n  id int,\n${columns}  bio text\n);\n`;
  for (const columns of ["  /* the ERP reads it */ legacy text,\n", "  /* once */ /* twice */ legacy text, -- old\n"]) {
    const { after } = await update({ "users.sql": users(columns) }, "ALTER TABLE users DROP legacy;");
    expect(after).toEqual({ "users.sql": users("") });
  }
});
