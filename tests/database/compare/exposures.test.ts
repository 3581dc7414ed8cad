import { afterAll, expect, test } from "bun:test";
import { hazardsIn } from "#compare/generate/hazards.ts";
import { build, EmptiedDatabase, stepsIn } from "../../support/golden.ts";
import { MAJORS, server } from "../../support/servers.ts";

/** Older ones do not know `publish_generated_columns`; 14 knows neither `security_invoker` nor `TABLES IN SCHEMA`. */
const NEEDED = 18;

const emptied = new EmptiedDatabase(async () => {
  const newest = MAJORS.at(-1)!;
  if (newest < NEEDED) return { engine: "embedded" };
  const instance = await server(newest);
  return instance.target(await instance.createDatabase("exposures"));
});
afterAll(() => emptied.close());

interface Case {
  readonly before?: string;
  readonly after: string;
  readonly up?: readonly string[];
  readonly down?: readonly string[];
}

/** On both sides. */
const AROUND = `
  CREATE TABLE t (a int PRIMARY KEY, b text);
  CREATE TABLE u (a int PRIMARY KEY, b text);
  CREATE TABLE guarded (a int PRIMARY KEY, b text);
  ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
  CREATE TABLE parent (a int);
  CREATE FOREIGN DATA WRAPPER w; CREATE SERVER far FOREIGN DATA WRAPPER w;
`;

const F = "CREATE FUNCTION f() RETURNS int LANGUAGE sql";
const DEFINER = `${F} SECURITY DEFINER SET search_path = pg_catalog AS 'SELECT 1'`;

const CASES: Readonly<Record<string, Case>> = {
  "a publication of a table": { after: "CREATE PUBLICATION p FOR TABLE t", up: ["published p public.t"] },
  "generated columns": {
    before: "CREATE PUBLICATION p FOR TABLE t",
    after: "CREATE PUBLICATION p FOR TABLE t WITH (publish_generated_columns = stored)",
    up: ["published-generated p"],
  },
  "generated columns of a new publication": {
    after: "CREATE PUBLICATION p FOR ALL TABLES WITH (publish_generated_columns = stored)",
    up: ["published p"],
  },
  "generated columns of nothing": {
    before: "CREATE PUBLICATION p",
    after: "CREATE PUBLICATION p WITH (publish_generated_columns = stored)",
  },
  "a publication of nothing": { after: "CREATE PUBLICATION p" },
  "another table": {
    before: "CREATE PUBLICATION p FOR TABLE t",
    after: "CREATE PUBLICATION p FOR TABLE t, u",
    up: ["published p public.u"],
  },
  "every table": {
    before: "CREATE PUBLICATION p FOR TABLE t",
    after: "CREATE PUBLICATION p FOR ALL TABLES",
    up: ["published p"],
  },
  "a schema": {
    before: "CREATE PUBLICATION p FOR TABLE t",
    after: "CREATE PUBLICATION p FOR TABLE t, TABLES IN SCHEMA public",
    up: ["published p"],
  },
  "a list of columns and a filter": {
    before: "CREATE PUBLICATION p FOR TABLE t (a) WHERE (a > 1)",
    after: "CREATE PUBLICATION p FOR TABLE t",
    up: ["published-columns p public.t", "published-rows p public.t"],
  },
  "more columns": {
    before: "CREATE PUBLICATION p FOR TABLE t (a)",
    after: "CREATE PUBLICATION p FOR TABLE t (a, b)",
    up: ["published-columns p public.t"],
  },
  "a filter with something added": {
    before: "CREATE PUBLICATION p FOR TABLE t WHERE (a > 1)",
    after: "CREATE PUBLICATION p FOR TABLE t WHERE (a > 1 AND a < 9)",
    down: ["published-rows p public.t"],
  },
  "kinds of changes": {
    before: "CREATE PUBLICATION p FOR TABLE t WITH (publish = 'insert')",
    after: "CREATE PUBLICATION p FOR TABLE t WITH (publish = 'insert, update')",
    up: ["published-changes p"],
  },
  "through the root": {
    before: "CREATE PUBLICATION p FOR TABLE t (a)",
    after: "CREATE PUBLICATION p FOR TABLE t (a) WITH (publish_via_partition_root)",
    up: ["published-root p"],
    down: ["published-root p"],
  },
  "options of a view": {
    before: "CREATE VIEW v WITH (security_invoker, security_barrier) AS SELECT a FROM t",
    after: "CREATE VIEW v AS SELECT a FROM t",
    up: ["view-invoker-off public.v", "view-barrier-off public.v"],
  },
  "a view that loses its options with its text": {
    before: "CREATE VIEW v WITH (security_invoker) AS SELECT a FROM t",
    after: "CREATE VIEW v AS SELECT a, b FROM t",
    up: ["view-invoker-off public.v"],
  },
  "a view that checks no longer": {
    before: "CREATE VIEW v AS SELECT a FROM t WHERE a > 0 WITH CHECK OPTION",
    after: "CREATE VIEW v AS SELECT a FROM t WHERE a > 0",
    up: ["view-check-off public.v"],
  },
  "a view of a table with row security": {
    before: "CREATE VIEW w AS SELECT a FROM t",
    after: "CREATE VIEW v AS SELECT a FROM guarded; CREATE VIEW w AS SELECT a FROM guarded",
    up: ["view-past-policies public.v public.guarded", "view-past-policies public.w public.guarded"],
  },
  "a view that reads with the rights of its readers": {
    after: "CREATE VIEW v WITH (security_invoker) AS SELECT a FROM guarded",
  },
  "a copy of a table with row security": {
    after: "CREATE MATERIALIZED VIEW v AS SELECT a FROM guarded",
    up: ["view-past-policies public.v public.guarded"],
  },
  "a function with the rights of its owner": {
    before: `${F} AS 'SELECT 1'`,
    after: DEFINER,
    up: ["definer"],
  },
  "a new one that everybody may call": { after: DEFINER, up: ["definer"] },
  "a new one that nobody may call": { after: `${DEFINER}; REVOKE EXECUTE ON FUNCTION f() FROM PUBLIC` },
  "one that loses its search_path": {
    before: DEFINER,
    after: `${F} SECURITY DEFINER AS 'SELECT 1'`,
    up: ["definer-path"],
  },
  "one whose names are looked up": {
    before: `${F} SECURITY DEFINER SET search_path = pg_catalog RETURN 1`,
    after: `${F} SECURITY DEFINER RETURN 1`,
  },
  "a function that may see rows before policies": {
    before: `${F} AS 'SELECT 1'`,
    after: `${F} LEAKPROOF AS 'SELECT 1'`,
    up: ["leakproof"],
  },
  "a function that policies call": {
    before: `${F} AS 'SELECT 1'; CREATE POLICY p ON guarded USING (a = f())`,
    after: `${F} AS 'SELECT 2'; CREATE POLICY p ON guarded USING (a = f())`,
    up: ["policy-function p public.guarded"],
    down: ["policy-function p public.guarded"],
  },
  "a function that policies call through another": {
    before: `${F} AS 'SELECT 1'; CREATE FUNCTION g() RETURNS int LANGUAGE sql AS 'SELECT F()'; CREATE POLICY p ON guarded USING (a = g())`,
    after: `${F} AS 'SELECT 2'; CREATE FUNCTION g() RETURNS int LANGUAGE sql AS 'SELECT F()'; CREATE POLICY p ON guarded USING (a = g())`,
    up: ["policy-through p public.guarded"],
    down: ["policy-through p public.guarded"],
  },
  "a view that policies read": {
    before: "CREATE VIEW v AS SELECT a FROM t WHERE a > 0; CREATE POLICY p ON guarded USING (a IN (SELECT v.a FROM v))",
    after: "CREATE VIEW v AS SELECT a FROM t; CREATE POLICY p ON guarded USING (a IN (SELECT v.a FROM v))",
    up: ["policy-through p public.guarded"],
    down: ["policy-through p public.guarded"],
  },
  "a view that policies read through a function and a view": {
    before: `CREATE VIEW v AS SELECT a FROM t WHERE a > 0; CREATE VIEW w AS SELECT a FROM v; ${F} AS 'SELECT max(a) FROM w'; CREATE POLICY p ON guarded USING (a = f())`,
    after: `CREATE VIEW v AS SELECT a FROM t; CREATE VIEW w AS SELECT a FROM v; ${F} AS 'SELECT max(a) FROM w'; CREATE POLICY p ON guarded USING (a = f())`,
    up: ["policy-through p public.guarded"],
    down: ["policy-through p public.guarded"],
  },
  "a new policy": { after: "CREATE POLICY p ON guarded USING (a = 1)", up: ["policy-new p public.guarded"] },
  "a new restriction": {
    after: "CREATE POLICY p ON guarded AS RESTRICTIVE USING (a = 1)",
    down: ["policy-gone p public.guarded"],
  },
  "a policy that comes with row security": {
    after: "ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON t USING (a = 1)",
    down: ["row-security-off public.t"],
  },
  "a table without its row security": {
    before: "CREATE TABLE x (a int); ALTER TABLE x ENABLE ROW LEVEL SECURITY",
    after: "CREATE TABLE x (a int) PARTITION BY LIST (a)",
    up: ["row-security-off public.x"],
  },
  "an owner": {
    after: "ALTER TABLE t OWNER TO bob; ALTER TABLE guarded OWNER TO bob",
    up: ["owner bob public.t", "owner-past-policies bob public.guarded"],
  },
  "an owner of what others run": {
    before: `CREATE VIEW v AS SELECT a FROM t; ${DEFINER}`,
    after: `CREATE VIEW v AS SELECT a FROM t; ${DEFINER}; ALTER VIEW v OWNER TO bob; ALTER FUNCTION f() OWNER TO bob`,
    up: ["owner-rights bob public.v", "owner-rights bob"],
    down: ["owner-rights whoever runs this public.v", "owner-rights whoever runs this"],
  },
  "an owner of what is new": { after: "CREATE TABLE x (a int); ALTER TABLE x OWNER TO bob" },
  "rights by default": {
    after: "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC",
    up: ["granted-to-public-later"],
  },
  "a user for everybody": { after: "CREATE USER MAPPING FOR PUBLIC SERVER far", up: ["mapping-for-public"] },
  "a parent": {
    before: "CREATE TABLE x (a int); ALTER TABLE x ENABLE ROW LEVEL SECURITY",
    after: "CREATE TABLE x (a int) INHERITS (parent); ALTER TABLE x ENABLE ROW LEVEL SECURITY",
    up: ["part public.x public.parent"],
  },
};

test.each(Object.entries(CASES))(
  "a plan warns of more that is seen or done: %s",
  async (_, { before = "", after, ...wanted }) => {
    const to = await build(await emptied.empty(), `${AROUND};${after}`);
    const database = await emptied.empty();
    const from = await build(database, `${AROUND};${before}`);
    const steps = await stepsIn(database, from, to, { renames: [] });
    const found = (way: "up" | "down"): string[] =>
      steps
        .flatMap((step) => (step[way] === undefined ? [] : hazardsIn(step[way])))
        .flatMap(({ hazard }) => {
          if (hazard.code !== "SECURITY") return [];
          const { reason, policy, publication, owner, relation, through } = hazard;
          const parts = [reason, policy, publication, owner, relation, through];
          return [parts.filter((part) => part !== undefined).join(" ")];
        });
    expect({ up: found("up").toSorted(), down: found("down").toSorted() }).toEqual({
      up: (wanted.up ?? []).toSorted(),
      down: (wanted.down ?? []).toSorted(),
    });
  },
);
