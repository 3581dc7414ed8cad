import { expect, setDefaultTimeout, test } from "bun:test";
import { allowingWords, allows, wordFor } from "#compare/generate/allowing.ts";
import { removalsOf } from "#compare/generate/removals.ts";
import { loadParser } from "#sql/parser.ts";
import { readCatalogue } from "#compare/catalogue/catalogue.ts";
import { withDatabase } from "#database/open.ts";
import { runHere } from "../support/in-process.ts";
import { temporaryProject } from "../support/project.ts";

setDefaultTimeout(300_000);

/** Tables stay, so that what is on them is listed by itself; and whatever else goes. */
const STAYS = `CREATE TABLE users (id int, email text, "a,b" int, "a*" int, ax int, "a(,b" int, "a\\*" int, "é ? [x]{y,z}" text);
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE "/*: '" (id int);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
ALTER TABLE users ADD CONSTRAINT id CHECK (id > 0);
CREATE TRIGGER id BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch();
CREATE POLICY id ON users USING (true);
CREATE RULE id AS ON DELETE TO users DO INSTEAD NOTHING;
CREATE VIEW v AS SELECT id, email FROM users;
CREATE SEQUENCE numbers;
`;

const ON_THEM = `COMMENT ON COLUMN users.email IS 'x';
COMMENT ON COLUMN v.id IS 'x';
COMMENT ON TABLE users IS 'x';
COMMENT ON VIEW v IS 'x';
COMMENT ON FUNCTION touch() IS 'x';
COMMENT ON SCHEMA public IS 'other';
ALTER TABLE users ALTER email SET NOT NULL, ALTER email SET DEFAULT 'x', ALTER email SET STORAGE EXTERNAL, ADD email2 text;
ALTER TABLE users ADD CONSTRAINT email CHECK (email <> '');
COMMENT ON CONSTRAINT id ON users IS 'x';
CREATE TRIGGER email BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch();
COMMENT ON TRIGGER id ON users IS 'x';
CREATE POLICY email ON users USING (true);
COMMENT ON POLICY id ON users IS 'x';
CREATE RULE email AS ON DELETE TO users DO INSTEAD NOTHING;
COMMENT ON RULE id ON users IS 'x';
ALTER TABLE users ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
GRANT SELECT, UPDATE ON users TO PUBLIC;
GRANT SELECT (email) ON v TO PUBLIC;
GRANT USAGE ON SEQUENCE numbers TO PUBLIC;
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC;
CREATE INDEX by_email ON users (email);
COMMENT ON INDEX by_email IS 'x';
CREATE STATISTICS s ON id, email FROM users;
CREATE PUBLICATION news FOR TABLE users;
CREATE TABLE email (id int);
CREATE VIEW w AS SELECT 1 AS one;
CREATE MATERIALIZED VIEW m AS SELECT 1 AS one;
CREATE SEQUENCE counter;
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TYPE mood AS ENUM ('ok');
CREATE TYPE pair AS (a int, b int);
CREATE TYPE span AS RANGE (SUBTYPE = int);
CREATE FUNCTION f(int[], text) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION f(int, text) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE PROCEDURE p(a int, b int) LANGUAGE sql AS 'SELECT 1';
CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int);
CREATE OPERATOR *** (FUNCTION = int4pl, LEFTARG = int, RIGHTARG = int);
CREATE OPERATOR ** (FUNCTION = int4pl, LEFTARG = int, RIGHTARG = int);
CREATE CAST (mood AS int) WITH INOUT;
CREATE SCHEMA app CREATE TABLE "a.b" (id int);
CREATE SCHEMA "app.a" CREATE TABLE b (id int);
CREATE ROLE clerk;
CREATE EXTENSION citext;
CREATE COLLATION german (PROVIDER = icu, LOCALE = 'de');
CREATE EVENT TRIGGER watched ON ddl_command_end EXECUTE FUNCTION ev();
CREATE FOREIGN DATA WRAPPER fdw;
CREATE SERVER there FOREIGN DATA WRAPPER fdw;
CREATE FOREIGN TABLE far (id int) SERVER there;
CREATE TEXT SEARCH CONFIGURATION words (COPY = simple);
CREATE TEXT SEARCH DICTIONARY dict (TEMPLATE = simple);
COMMENT ON COLUMN users."a,b" IS 'x';
COMMENT ON COLUMN users."a*" IS 'x';
COMMENT ON COLUMN users.ax IS 'x';
COMMENT ON COLUMN users."a(,b" IS 'x';
COMMENT ON COLUMN users."a\\*" IS 'x';
COMMENT ON COLUMN users."é ? [x]{y,z}" IS 'x';
COMMENT ON TABLE "/*: '" IS 'x';
ALTER TABLE users ADD "it's
 two " int, ADD "all" int, ADD "!a" int, ADD "a " int;
`;

test("what is offered for one thing allows it and nothing else, whatever its kind and name", async () => {
  const read = (sql: string): ReturnType<typeof readCatalogue> =>
    withDatabase({ engine: "embedded" }, {}, async (database) => {
      await database.execute(sql);
      return await readCatalogue(database);
    });
  const stays = `${STAYS}CREATE FUNCTION ev() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';\n`;
  const removals = removalsOf(await read(stays + ON_THEM), await read(stays), [], await loadParser());
  const data = ["ALTER TABLE t ALTER a TYPE numeric(5,2), ALTER b TYPE int", "ALTER TABLE t ALTER a TYPE numeric(5,1)"];
  const all = [...removals, ...data.map((name) => ({ kind: "data", name }))];
  const kinds = new Set(all.map(({ kind }) => kind));
  expect(kinds.size).toBeGreaterThan(35);
  for (const one of all) {
    const word = wordFor(one);
    expect(allowingWords(`policy,${word},view`)).toEqual(["policy", word, "view"]);
    expect(all.filter((each) => allows(word, each)).map(({ kind, name }) => `${kind}:${name}`)).toEqual([
      `${one.kind}:${one.name}`,
    ]);
  }
  // By a name alone, everything is allowed that is listed by it; by a kind in short, whatever it is on.
  const kindsOf = (word: string): string[] => all.filter((each) => allows(word, each)).map(({ kind }) => kind);
  const onColumn = ["comment on column", "constraint", "default", "not null", "policy", "rule", "storage", "trigger"];
  expect(kindsOf("public.users.email").toSorted()).toEqual(onColumn);
  const comments = ["constraint", "policy", "rule", "trigger"].map((kind) => `comment on ${kind}`);
  expect(kindsOf("comment:public.users.id").toSorted()).toEqual(comments);
});

test.skipIf(process.platform === "win32")(
  "the flag that is offered works as it is pasted, for what is left besides what is allowed, and less is refused",
  async () => {
    const made = ON_THEM.split("\n")
      .filter(
        (line) => !/EXTENSION|ROLE|DEFAULT PRIVILEGES|FOREIGN|SERVER|EVENT|CAST|OPERATOR|SCHEMA|AGGREGATE/.test(line),
      )
      .join("\n");
    await using project = await temporaryProject({
      "db/environments/local.yaml": "database:\n  engine: embedded\n  path: .confiture/local\n",
      "db/migrations/001_all.sql": `${STAYS}${made}CREATE TABLE t (born timestamp);\n`,
      "db/schema/all.sql": `${STAYS}CREATE TABLE t (born date);\n`,
    });
    const generate = (...args: string[]): ReturnType<typeof runHere> =>
      runHere(["migrate", "generate", "next", ...args], { cwd: project.dir });
    const offered = async (stderr: string): Promise<string> => {
      const flag = /or for this alone ([^]*?)(?:\n\n|\n$|$)/.exec(stderr)?.[1]?.trimEnd() ?? "";
      return await Bun.$`sh -c ${`printf %s ${flag}`}`.text();
    };
    const first = await generate("--allow-drop=comment,function,veiw");
    expect(first.exitCode).toBe(1);
    const flag = await offered(first.stderr);
    expect(flag).toStartWith("--allow-drop=comment,function,");
    expect(flag).toContain(",not null:public.users.email,");
    expect(flag).toContain(",data:ALTER TABLE ");
    // Whatever is on a column is no word for the column.
    const less = await generate(flag.replace(",column:public.users.email2", ""));
    expect(less.exitCode).toBe(1);
    expect(less.stderr.match(/^ +column .*/gm)).toHaveLength(1);
    expect(less.stderr).toContain("column public.users.email2, made by");
    expect(await offered(less.stderr)).toEndWith(",column:public.users.email2");
    const all = await generate(flag);
    expect(all.stderr).not.toContain("error:");
    expect(all.exitCode).toBe(0);
  },
);
