import { expect, test } from "bun:test";
import { type Catalogue, readCatalogue } from "#compare/catalogue/catalogue.ts";
import { type Change, compareCatalogues } from "#compare/catalogue/changes.ts";
import { onTerms } from "#compare/catalogue/terms.ts";
import { isByHand } from "#compare/catalogue/extras.ts";
import { generateMigrations } from "#compare/generate/generate.ts";
import { readSnapshot, toSnapshot } from "#compare/catalogue/snapshot.ts";
import { withDatabase } from "#database/open.ts";
import { temporaryProject } from "../../support/project.ts";
import { failureOf } from "../failure.ts";
import { filesOf } from "./project-files.ts";

/** What the objects below are made of; the planner knows all of it. */
const BASE = `
CREATE SCHEMA s;
CREATE TYPE s.pair AS (a int, b int);
CREATE FUNCTION s.as_text(s.pair) RETURNS text LANGUAGE sql AS 'SELECT NULL::text';
CREATE FUNCTION s.less(s.pair, s.pair) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE FUNCTION s.compare(s.pair, s.pair) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 0';
CREATE TABLE t (a int PRIMARY KEY, b text, c text);
CREATE TABLE u (a int CONSTRAINT parent REFERENCES t, d int CONSTRAINT whole NOT NULL);
CREATE VIEW v AS SELECT a, b FROM t;
CREATE TABLE whole_table (a int, b int DEFAULT 1) PARTITION BY LIST (a);
CREATE TABLE part PARTITION OF whole_table FOR VALUES IN (1);
CREATE INDEX by_b ON whole_table (b);
ALTER TABLE whole_table ADD CONSTRAINT b_positive CHECK (b > 0) NOT VALID;
ALTER TABLE part VALIDATE CONSTRAINT b_positive;
CREATE FUNCTION s.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE TRIGGER touched BEFORE UPDATE ON whole_table FOR EACH ROW EXECUTE FUNCTION s.touch();
CREATE SEQUENCE seq;
CREATE PUBLICATION sent;
CREATE TABLE numbered (id int GENERATED ALWAYS AS IDENTITY);
CREATE TABLE parent1 (a int);
CREATE TABLE parent2 (a int);
CREATE TABLE child () INHERITS (parent1);
`;

/** One object or property each: what makes it, what changes its definition, and its name. */
const OBJECTS: readonly (readonly [make: string, change: string, name: string])[] = [
  [
    "CREATE CAST (s.pair AS text) WITH FUNCTION s.as_text(s.pair)",
    "DROP CAST (s.pair AS text); CREATE CAST (s.pair AS text) WITH FUNCTION s.as_text(s.pair) AS ASSIGNMENT",
    "cast s.pair AS text",
  ],
  [
    "CREATE OPERATOR s.<<< (FUNCTION = s.less, LEFTARG = s.pair, RIGHTARG = s.pair)",
    "ALTER OPERATOR s.<<< (s.pair, s.pair) SET (RESTRICT = scalarltsel)",
    "operator s.<<<(s.pair, s.pair)",
  ],
  [
    "CREATE OPERATOR FAMILY s.fam USING btree",
    "ALTER OPERATOR FAMILY s.fam USING btree ADD FUNCTION 1 (s.pair, s.pair) s.compare(s.pair, s.pair)",
    "operator family s.fam USING btree",
  ],
  [
    "CREATE OPERATOR CLASS s.cls FOR TYPE s.pair USING hash AS STORAGE s.pair",
    "DROP OPERATOR CLASS s.cls USING hash; CREATE OPERATOR CLASS s.cls DEFAULT FOR TYPE s.pair USING hash FAMILY s.cls AS STORAGE s.pair",
    "operator class s.cls USING hash",
  ],
  [
    "CREATE TEXT SEARCH DICTIONARY s.dict (TEMPLATE = simple)",
    "ALTER TEXT SEARCH DICTIONARY s.dict (accept = false)",
    "text search dictionary s.dict",
  ],
  [
    "CREATE TEXT SEARCH CONFIGURATION s.cfg (COPY = simple)",
    "ALTER TEXT SEARCH CONFIGURATION s.cfg ALTER MAPPING FOR asciiword WITH english_stem, simple",
    "text search configuration s.cfg",
  ],
  [
    "CREATE STATISTICS s.st (dependencies) ON b, c FROM t",
    "ALTER STATISTICS s.st SET STATISTICS 5",
    "statistics object s.st",
  ],
  [
    "CREATE CONVERSION s.conv FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8",
    "COMMENT ON CONVERSION s.conv IS 'from the old system'",
    "conversion s.conv",
  ],
  [
    "CREATE ACCESS METHOD heap2 TYPE TABLE HANDLER heap_tableam_handler",
    "COMMENT ON ACCESS METHOD heap2 IS 'the same'",
    "access method heap2",
  ],
  ["ALTER TABLE t ALTER b SET STORAGE EXTERNAL", "ALTER TABLE t ALTER b SET STORAGE MAIN", "storage public.t.b"],
  ["ALTER TABLE t ALTER c SET COMPRESSION pglz", "", "compression public.t.c"],
  [
    "ALTER TABLE t ALTER b SET STATISTICS 500",
    "ALTER TABLE t ALTER b SET STATISTICS 600",
    "statistics target public.t.b",
  ],
  [
    "ALTER TABLE t ALTER c SET (n_distinct = 5)",
    "ALTER TABLE t ALTER c SET (n_distinct = 6)",
    "column options public.t.c",
  ],
  ["CLUSTER t USING t_pkey", "", "clustered index public.t"],
  [
    "ALTER TABLE whole_table DROP CONSTRAINT b_positive, ADD CONSTRAINT b_positive CHECK (b > 0) NOT VALID",
    "",
    "constraint validity public.part.b_positive",
  ],
  ["ALTER VIEW v ALTER a SET DEFAULT 5", "ALTER VIEW v ALTER a SET DEFAULT 6", "default public.v.a"],
  ["COMMENT ON COLUMN v.a IS 'x'", "COMMENT ON COLUMN v.a IS 'y'", "comment public.v.a"],
  ["GRANT SELECT (a) ON v TO PUBLIC", "GRANT UPDATE (a) ON v TO PUBLIC", "column grants public.v.a"],
  [
    "ALTER TABLE t SET (toast.autovacuum_enabled = false)",
    "ALTER TABLE t SET (toast.autovacuum_enabled = true)",
    "toast options public.t",
  ],
  [
    "ALTER INDEX t_pkey SET (fillfactor = 70)",
    "ALTER INDEX t_pkey SET (fillfactor = 80)",
    "index options public.t.t_pkey",
  ],
  ["COMMENT ON INDEX t_pkey IS 'x'", "COMMENT ON INDEX t_pkey IS 'y'", "index comment public.t.t_pkey"],
  [
    "ALTER INDEX part_b_idx SET (fillfactor = 70)",
    "ALTER INDEX part_b_idx SET (fillfactor = 80)",
    "index options public.part.part_b_idx",
  ],
  ["COMMENT ON INDEX part_b_idx IS 'x'", "COMMENT ON INDEX part_b_idx IS 'y'", "index comment public.part.part_b_idx"],
  [
    "COMMENT ON SEQUENCE numbered_id_seq IS 'x'",
    "COMMENT ON SEQUENCE numbered_id_seq IS 'y'",
    "sequence comment public.numbered_id_seq",
  ],
  ["ALTER TABLE part ALTER b SET DEFAULT 3", "ALTER TABLE part ALTER b DROP DEFAULT", "default public.part.b"],
  ["ALTER TABLE part ALTER b SET NOT NULL", "", "not null public.part.b"],
  ["COMMENT ON COLUMN part.b IS 'x'", "COMMENT ON COLUMN part.b IS 'y'", "comment public.part.b"],
  [
    "COMMENT ON CONSTRAINT b_positive ON part IS 'x'",
    "COMMENT ON CONSTRAINT b_positive ON part IS 'y'",
    "constraint comment public.part.b_positive",
  ],
  [
    "COMMENT ON TRIGGER touched ON part IS 'x'",
    "COMMENT ON TRIGGER touched ON part IS 'y'",
    "trigger comment public.part.touched",
  ],
  [
    "COMMENT ON CONSTRAINT t_a_not_null ON t IS 'x'",
    "COMMENT ON CONSTRAINT t_a_not_null ON t IS 'y'",
    "not null comment public.t.a",
  ],
  ["GRANT SELECT (b) ON part TO PUBLIC", "GRANT UPDATE (b) ON part TO PUBLIC", "column grants public.part.b"],
  [
    "ALTER TABLE part DISABLE TRIGGER touched",
    "ALTER TABLE part ENABLE ALWAYS TRIGGER touched",
    "trigger state public.part.touched",
  ],
  [
    "GRANT USAGE ON SEQUENCE numbered_id_seq TO PUBLIC",
    "GRANT SELECT ON SEQUENCE numbered_id_seq TO PUBLIC",
    "sequence grants public.numbered_id_seq.PUBLIC",
  ],
  ["ALTER SEQUENCE seq SET UNLOGGED", "", "sequence persistence public.seq"],
  ["ALTER PUBLICATION sent SET (publish_generated_columns = stored)", "", "published generated columns sent"],
  ["CREATE TYPE shell", "", "base type public.shell"],
  [
    "ALTER FUNCTION s.as_text(s.pair) DEPENDS ON EXTENSION plpgsql",
    "",
    "dependency on an extension s.as_text(s.pair).plpgsql",
  ],
  ["ALTER TABLE child INHERIT parent2", "", "further parents public.child"],
  [
    "ALTER TABLE u ALTER CONSTRAINT whole NO INHERIT",
    "ALTER TABLE u DROP CONSTRAINT whole; ALTER TABLE u ADD CONSTRAINT whole NOT NULL d NOT VALID",
    "not null constraint public.u.whole",
  ],
  ["ALTER TABLE u DISABLE TRIGGER ALL", "", "foreign key trigger public.u.parent"],
];

async function catalogueOf(sql: string): Promise<Catalogue> {
  return await withDatabase({ engine: "embedded" }, {}, async (database) => {
    await database.execute(sql);
    return await readCatalogue(database);
  });
}

const all = (statements: readonly string[]): string => statements.map((statement) => `${statement};\n`).join("");

const names = (changes: readonly Change[]): string[] => changes.map(({ kind, name }) => `${kind} ${name}`);

test("kinds that the planner does not know are compared by name and definition", async () => {
  const without = await catalogueOf(BASE);
  const made = await catalogueOf(BASE + all(OBJECTS.map(([make]) => make)));
  const changed = await catalogueOf(BASE + all(OBJECTS.flatMap(([make, change]) => [make, change])));
  const expected = OBJECTS.map(([, , name]) => name);

  const added = compareCatalogues(without, made);
  // The operator class brings a family along.
  expect(names(added).toSorted()).toEqual([...expected, "operator family s.cls USING hash"].toSorted());
  expect(added.every(({ change, kind, planned }) => change === "added" && planned !== isByHand({ kind }))).toBe(true);
  const dropped = compareCatalogues(made, without);
  expect(names(dropped)).toEqual(names(added));
  expect(dropped.every(({ change }) => change === "dropped")).toBe(true);

  const differences = compareCatalogues(made, changed);
  const changeable = OBJECTS.filter(([, change]) => change !== "").map(([, , name]) => name);
  expect(names(differences).toSorted()).toEqual(changeable.toSorted());
  expect(differences.every(({ change, properties }) => change === "changed" && properties.length === 1)).toBe(true);
  expect(compareCatalogues(made, made)).toEqual([]);

  // A snapshot remembers them.
  await using project = await temporaryProject({ "made.json": JSON.stringify(toSnapshot(made)) });
  expect(names(compareCatalogues(readSnapshot(project.dir, "made.json"), changed))).toEqual(names(differences));
});

/** Objects from above that have owners, the operator class with its family. */
const OWNED: Readonly<Record<string, string>> = {
  "OPERATOR s.<<< (s.pair, s.pair)": "operator s.<<<(s.pair, s.pair)",
  "OPERATOR FAMILY s.fam USING btree": "operator family s.fam USING btree",
  "OPERATOR CLASS s.cls USING hash": "operator class s.cls USING hash",
  "OPERATOR FAMILY s.cls USING hash": "operator family s.cls USING hash",
  "TEXT SEARCH DICTIONARY s.dict": "text search dictionary s.dict",
  "TEXT SEARCH CONFIGURATION s.cfg": "text search configuration s.cfg",
  "STATISTICS s.st": "statistics object s.st",
  "CONVERSION s.conv": "conversion s.conv",
  "TYPE shell": "base type public.shell",
  "LANGUAGE ours": "language ours",
};

test("owners of such objects are compared where owners count, and only there", async () => {
  const language = "CREATE ROLE clerk; CREATE LANGUAGE ours HANDLER plpgsql_call_handler";
  const sql = BASE + all([language, ...OBJECTS.map(([make]) => make).filter((make) => make.startsWith("CREATE "))]);
  const built = await catalogueOf(sql);
  const given = await catalogueOf(sql + all(Object.keys(OWNED).map((what) => `ALTER ${what} OWNER TO clerk`)));
  const changes = compareCatalogues(built, given);
  expect(names(changes).toSorted()).toEqual(Object.values(OWNED).toSorted());
  expect(changes.map(({ properties }) => properties)).toEqual(
    changes.map(() => [{ property: "owner", from: "postgres", to: "clerk" }]),
  );
  for (const owners of [true, false]) {
    const { from, to } = onTerms(built, given, { owners, grants: true, extensionVersions: true });
    expect(names(compareCatalogues(from, to))).toEqual(owners ? names(changes) : []);
  }
  // A snapshot from before they were read does not say whose they are.
  const silent = given.extras.map((object) => ({ ...object, owner: undefined }));
  expect(compareCatalogues(built, { ...given, extras: silent })).toEqual([]);
});

test("those of extensions do not appear, and neither do an extension's functions and types", async () => {
  const extensions = ["citext", "hstore", "unaccent", "btree_gin"].map((name) => `CREATE EXTENSION ${name}`);
  const changes = compareCatalogues(await catalogueOf(""), await catalogueOf(all(extensions)));
  expect(names(changes)).toEqual(["extension btree_gin", "extension citext", "extension hstore", "extension unaccent"]);
});

test("a generated column is virtual where the files say so, and never silently stored", async () => {
  const table = "CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a * 2) VIRTUAL);";
  await using project = await temporaryProject({ "db/schema/t.sql": table });
  const options = {
    ...filesOf(project.dir),
    from: { kind: "empty" } as const,
    renames: [],
    noDown: false,
    online: false,
  };
  const [migration] = (await generateMigrations(options)).migrations;
  expect(migration?.text).toContain("VIRTUAL");
  await project.write("db/migrations/1_t.sql", table.replace("VIRTUAL", "STORED"));
  // It is computed again, so nothing is lost.
  const [anew] = (await generateMigrations({ ...options, from: { kind: "migrations" } })).migrations;
  const [up, down] = anew!.text.split("-- migrate:down");
  expect(up).toMatch(/DROP COLUMN b;\n\n[^]*ADD COLUMN b integer GENERATED ALWAYS AS \(a \* 2\) VIRTUAL;/);
  expect(down).toContain("ADD COLUMN b integer GENERATED ALWAYS AS (a * 2) STORED;");
});

test("a migration leaves out what is written by hand and says so; alone, it is refused", async () => {
  const table = "CREATE TABLE t (a int PRIMARY KEY, b int CONSTRAINT same REFERENCES t);";
  const off = "ALTER TABLE t DISABLE TRIGGER ALL;";
  await using project = await temporaryProject({ "db/schema/t.sql": table + off });
  const options = {
    ...filesOf(project.dir),
    from: { kind: "migrations" } as const,
    renames: [],
    noDown: false,
    online: false,
  };
  const generated = await generateMigrations(options);
  expect(names(generated.byHand.up)).toEqual(["foreign key trigger public.t.same"]);
  expect(generated.migrations).toHaveLength(1);
  await project.write("db/migrations/1_t.sql", table);
  expect(await failureOf(generateMigrations(options))).toMatchObject({ code: "generate_refused" });
});
