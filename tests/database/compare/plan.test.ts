import { describe, expect, test } from "bun:test";
import { compareCatalogues } from "#compare/catalogue/changes.ts";
import { hazardsIn } from "#compare/generate/hazards.ts";
import { planBetween, segmentsOf, statementsOf } from "#compare/generate/plan.ts";
import { withScratch } from "#scratch/scratch.ts";
import { build } from "../../support/golden.ts";
import { long } from "../../support/long.ts";
import { filesOf } from "./project-files.ts";

const FILES = filesOf("");
const embedded = { scratch: { engine: "embedded" } } as const;

/** The statements between what two schema files build; they are run, and have to come to the same. */
async function between(before: string, after: string): Promise<string[]> {
  const to = await withScratch(embedded, (database) => build(database, after));
  return await withScratch(embedded, async (database) => {
    const from = await build(database, before);
    const sql = statementsOf(segmentsOf(await planBetween(FILES, { from, to })));
    for (const statement of sql) await database.execute(statement);
    expect(compareCatalogues(await build(database, ""), to)).toEqual([]);
    return sql;
  });
}

test("an identity whose bounds follow its type differs in its type alone", async () => {
  const [from, to] = await Promise.all(
    ["int", "bigint"].map((type) =>
      withScratch(embedded, (database) => build(database, `CREATE TABLE t (id ${type} GENERATED ALWAYS AS IDENTITY)`)),
    ),
  );
  expect(compareCatalogues(from!, to!).map(({ name, properties }) => [name, properties])).toEqual([
    ["public.t.id", [{ property: "type", from: "integer", to: "bigint" }]],
  ]);
});

describe("the plan between two catalogues", () => {
  test("makes an operator before the view that uses it", async () => {
    const sql = await between(
      "CREATE SCHEMA s; CREATE TABLE t (a int);",
      `CREATE SCHEMA s; CREATE TABLE t (a int);
       CREATE FUNCTION s.less(int, int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT $1 < $2';
       CREATE OPERATOR s.<<< (FUNCTION = s.less, LEFTARG = int, RIGHTARG = int);
       CREATE VIEW v AS SELECT a OPERATOR(s.<<<) 3 AS x FROM t;`,
    );
    const [operator, view] = ["CREATE OPERATOR", "CREATE VIEW"].map((start) =>
      sql.findIndex((text) => text.startsWith(start)),
    );
    expect(operator).toBeGreaterThanOrEqual(0);
    expect(view).toBeGreaterThan(operator!);
  });

  test("takes every step where a domain in use becomes another", async () => {
    const sql = await between(
      "CREATE DOMAIN d AS int; CREATE TABLE t (a d); CREATE VIEW v AS SELECT a FROM t;",
      "CREATE DOMAIN d AS text; CREATE TABLE t (a d); CREATE VIEW v AS SELECT a FROM t;",
    );
    expect(sql.some((text) => text.startsWith("CREATE DOMAIN"))).toBe(true);
    expect(sql.at(-1)).not.toContain("d_before");
  });

  long("keeps the rows of a table that begins to inherit, and gives new columns of it its own default", async () => {
    const parents = `CREATE TABLE a (id int, stars int DEFAULT 5);
      CREATE TABLE p (id int, stars int DEFAULT 5) PARTITION BY LIST (id);`;
    const rows = await withScratch(embedded, async (database) => {
      const to = await build(
        database,
        `${parents} CREATE TABLE declares (id int, stars int DEFAULT 9) INHERITS (a); CREATE TABLE leaves (x int) INHERITS (a);
         CREATE TABLE part PARTITION OF p (stars DEFAULT 9) FOR VALUES IN (1);`,
      );
      await database.execute("DROP TABLE a, p CASCADE");
      const tables = ["declares", "leaves", "part"];
      const from = await build(
        database,
        `${parents} ${tables.map((name) => `CREATE TABLE ${name} (id int)`).join("; ")}`,
      );
      const sql = statementsOf(segmentsOf(await planBetween(FILES, { from, to })));
      for (const name of tables) await database.execute(`INSERT INTO ${name} VALUES (1)`);
      for (const statement of sql) await database.execute(statement);
      expect(compareCatalogues(await build(database, ""), to)).toEqual([]);
      return await database.query(
        "SELECT tableoid::regclass::text AS name, id, stars FROM a UNION ALL SELECT tableoid::regclass::text, id, stars FROM p ORDER BY 1",
      );
    });
    expect(rows).toEqual([
      { name: "declares", id: 1, stars: 9 },
      { name: "leaves", id: 1, stars: 5 },
      { name: "part", id: 1, stars: 9 },
    ]);
  });

  long("says what to do where PostgreSQL checks no values of a domain", async () => {
    const around = "CREATE TABLE inner_t (a d); CREATE TABLE t (a inner_t);";
    const check = "CHECK (value > 0)";
    const refusal = await between(
      `CREATE DOMAIN d AS int; ${around}`,
      `CREATE DOMAIN d AS int ${check}; ${around}`,
    ).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: "generate_refused", hint: expect.stringContaining("NOT VALID") });
    const unchecked = `CREATE DOMAIN d AS int; ALTER DOMAIN d ADD CONSTRAINT positive ${check} NOT VALID; ${around}`;
    expect(await between(`CREATE DOMAIN d AS int; ${around}`, unchecked)).toHaveLength(1);
  });

  long("takes back an owner, and starts from the one that there is", async () => {
    const owned = "CREATE TABLE t (a int); CREATE ROLE keeper; ALTER TABLE t OWNER TO keeper;";
    expect(await between(owned, "CREATE TABLE t (a int);")).toEqual(["ALTER TABLE public.t OWNER TO CURRENT_USER"]);
    expect(await between(owned, `${owned} ALTER TABLE t ADD b int;`)).toEqual([
      "ALTER TABLE public.t ADD COLUMN b integer",
    ]);
  });

  test("makes a serial column in one statement, whoever it belongs to", async () => {
    const keeper = "CREATE ROLE keeper; CREATE TABLE there (a int); ALTER TABLE there OWNER TO keeper;";
    const owned = "CREATE TABLE t (id serial); ALTER TABLE t OWNER TO keeper; ALTER TABLE there ADD n smallserial;";
    expect(await between(keeper, `${keeper} ${owned}`)).toEqual([
      "CREATE TABLE public.t (id serial)",
      "ALTER TABLE public.t OWNER TO keeper",
      "ALTER TABLE public.there ADD COLUMN n smallserial",
    ]);
  });

  test.each([
    ["RULE", "CREATE RULE part AS ON DELETE TO v DO INSTEAD DELETE FROM a WHERE id = OLD.id;"],
    [
      "TRIGGER",
      "CREATE FUNCTION code() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER part INSTEAD OF INSERT ON v FOR EACH ROW EXECUTE FUNCTION code();",
    ],
  ])("comes past a comment on a part of a view that is made anew: %s", async (kind, part) => {
    const schema = (type: string, comment: string): string =>
      `CREATE TABLE a (id int PRIMARY KEY, v ${type}); CREATE VIEW v AS SELECT id, v FROM a; ${part} ${comment}`;
    const comment = `COMMENT ON ${kind} part ON v IS 'x';`;
    await between(schema("varchar(20)", comment), schema("text", ""));
    await between(schema("varchar(20)", ""), schema("text", comment));
  });

  long("warns where everybody may use what is made anew", async () => {
    const code = (type: string): string =>
      ["own", "open"]
        .map((name) => `CREATE FUNCTION ${name}() RETURNS ${type} LANGUAGE sql AS 'SELECT 1::${type}';`)
        .join("");
    const [from, to] = await withScratch(embedded, async (database) => {
      const before = await build(database, `${code("int")} REVOKE ALL ON FUNCTION own() FROM PUBLIC;`);
      return [before, await build(database, `DROP FUNCTION own(), open(); ${code("bigint")}`)];
    });
    const { steps } = await planBetween(FILES, { from, to });
    const found = steps.flatMap(({ up }) => hazardsIn(up)).filter(({ hazard }) => hazard.code === "SECURITY");
    expect(
      found.map(({ sql, hazard }) => [/FUNCTION public\.\w+/.exec(sql)?.[0], "reason" in hazard && hazard.reason]),
    ).toEqual([["FUNCTION public.own", "public-by-default"]]);
  });

  test("warns of policies that may let through more than before", async () => {
    const policies: readonly (readonly [name: string, before: string, after: string, warning?: string])[] = [
      ["added_to", "USING (a = 1)", "USING (a = 1 AND b = 2)"],
      ["added_to_both", "USING (a = 1 AND b > 1)", "USING (b > 1 AND a IS NOT NULL AND a = 1)"],
      ["from_all", "USING (true)", "USING (a = 1)"],
      ["checked_as_well", "USING (a = 1)", "USING (a = 1) WITH CHECK (a = 1 AND b = 2)"],
      ["fewer", "FOR SELECT USING (a = 1)", "FOR SELECT TO CURRENT_USER USING (a = 1)"],
      ["restricts_more", "AS RESTRICTIVE TO CURRENT_USER USING (a = 1)", "AS RESTRICTIVE USING (a = 1)"],
      ["another", "USING (a = 1)", "USING (a = 2)", "policy-condition"],
      ["either", "USING (a = 1)", "USING (a = 1 OR b = 2)", "policy-condition"],
      ["less", "USING (a = 1 AND b = 2)", "USING (a = 1)", "policy-condition"],
      ["inserts", "FOR INSERT WITH CHECK (a = 1)", "FOR INSERT WITH CHECK (a > 0)", "policy-condition"],
      ["unchecked", "USING (a = 1) WITH CHECK (a = 1 AND b = 2)", "USING (a = 1)", "policy-check-gone"],
      ["inserts_all", "FOR INSERT WITH CHECK (a = 1)", "FOR INSERT", "policy-check-gone"],
      ["writes", "USING (a = 1)", "USING (a = 1) WITH CHECK (b = 2)", "policy-condition"],
      [
        "restricts_less",
        "AS RESTRICTIVE USING (a = 1)",
        "AS RESTRICTIVE TO CURRENT_USER USING (a = 1)",
        "policy-scope",
      ],
      ["more", "FOR SELECT TO CURRENT_USER USING (a = 1)", "FOR SELECT USING (a = 1)", "policy-scope"],
      ["commands", "FOR SELECT USING (a = 1)", "USING (a = 1)", "policy-scope"],
    ];
    const schema = (side: 1 | 2): string =>
      ["CREATE TABLE t (a int, b int)", ...policies.map((each) => `CREATE POLICY ${each[0]} ON t ${each[side]}`)].join(
        ";\n",
      );
    const [from, to] = await withScratch(embedded, async (database) => {
      const before = await build(database, schema(1));
      return [before, await build(database, `DROP TABLE t; ${schema(2)}`)];
    });
    const { steps } = await planBetween(FILES, { from, to });
    const found = steps
      .flatMap(({ up }) => hazardsIn(up))
      .flatMap(({ hazard }) =>
        hazard.code === "SECURITY" ? [`${hazard.policy} ${hazard.reason} ${hazard.relation}`] : [],
      );
    const wanted = policies.flatMap(([name, , , warning]) =>
      warning === undefined ? [] : [`${name} ${warning} public.t`],
    );
    expect(found.toSorted()).toEqual(wanted.toSorted());
  });
});
