import { describe, expect, test } from "bun:test";
import { withDatabase } from "#database/open.ts";
import type { Database } from "#database/database.ts";
import { checkRules } from "#sync/check.ts";
import type { SourceColumn } from "#sync/source/catalogue.ts";
import { shownTable } from "#sync/rules/names.ts";
import { parseRules } from "#sync/rules/read.ts";
import { readSource } from "#sync/source/read.ts";
import { familyOf } from "#sync/transforms/registry.ts";
import { newestServer, serverEngines } from "../../support/engines.ts";
import { largeProject } from "../../support/large-project.ts";
import { KEY } from "../../support/sync.ts";
import { createRoles, EVERYTHING } from "../compare/everything.ts";
import { copy, ruled } from "./copying.ts";

/** In every text of a source. */
const SECRET = "hidden.example";
const ROWS = 20;

const LARGE = Object.entries(largeProject(90))
  .filter(([path]) => path.startsWith("db/schema/"))
  .toSorted(([a], [b]) => (a < b ? -1 : 1))
  .map(([, text]) => text)
  .join("\n");

/** Values of row `g`, by type; NULL for what is not among them. */
const VALUES: Readonly<Record<string, string>> = {
  text: `'Secret' || g || '@${SECRET}'`,
  varchar: `'Secret' || g || '@${SECRET}'`,
  citext: `'Secret' || g || '@${SECRET}'`,
  int2: "g",
  int4: "g",
  int8: "g",
  numeric: "g",
  float8: "g",
  bool: "g % 2 = 0",
  date: "date '2024-03-01' + g::int",
  timestamptz: "timestamptz '2024-03-01 12:00+00' + g * interval '1 day'",
  uuid: "md5(g::text)::uuid",
  jsonb: `jsonb_build_object('note', 'Secret' || g || '@${SECRET}')`,
};

/** Fills what can be filled: a table that refers to another one after it. */
async function fill(database: Database): Promise<number> {
  let open = (await readSource(database)).tables.filter(({ partitionOf }) => partitionOf === null);
  let filled = 0;
  for (let before = -1; before !== open.length;) {
    before = open.length;
    const left = [];
    for (const table of open) {
      const columns = table.columns.filter((column) => !column.generated && valueOf(column) !== undefined);
      const names = columns.map(({ name }) => `"${name}"`).join(", ");
      const list = columns.map((column) => valueOf(column)).join(", ");
      const sql = `insert into "${table.schema}"."${table.name}" (${names}) overriding system value select ${list} from generate_series(1, ${ROWS}) g`;
      try {
        await database.execute(sql);
        filled++;
      } catch {
        left.push(table);
      }
    }
    open = left;
  }
  return filled;
}

function valueOf({ baseType, typeKind, isArray, isDomain, length }: SourceColumn): string | undefined {
  const value = typeKind === "b" ? VALUES[baseType] : undefined;
  if (value === undefined) return undefined;
  if (isArray) return `array[${value}]`;
  if (isDomain && baseType === "text") return "'ABC'";
  return length === null ? value : `left(${value}, ${length})`;
}

const BY_FAMILY = {
  text: "token",
  integer: "integer",
  uuid: "uuid",
  date: "year",
  timestamp: "year",
  network: "network",
  json: "{ value: null }",
  hstore: "{ value: null }",
  number: "keep",
  other: "keep",
} as const;

/** Every row of every table, as a digest of their texts in order. */
const CONTENTS = `
  select table_schema, table_name,
         query_to_xml(format('select md5(string_agg(t::text, chr(10) order by t::text)) from only %I.%I t', table_schema, table_name), true, true, '')::text as rows
    from information_schema.tables where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema') order by 1, 2`;

/** Rules that replace every column that can be replaced: what is refused is kept. */
async function rulesFor(database: Database): Promise<{ yaml: string; replaced: number }> {
  const { tables } = await readSource(database);
  const roots = tables.filter(({ partitionOf }) => partitionOf === null);
  const decided = new Map<string, string>();
  for (const table of roots) {
    const keys = new Set(table.foreignKeys.flatMap(({ columns }) => columns));
    for (const column of table.columns) {
      if (column.generated || keys.has(column.number)) continue;
      const rule = column.length !== null && column.length < 32 ? "mask" : BY_FAMILY[familyOf(column)];
      decided.set(JSON.stringify([shownTable(table), column.name]), rule);
    }
  }
  for (;;) {
    const lines = roots.flatMap((table) => [
      `  ${JSON.stringify(shownTable(table))}:`,
      "    columns:",
      ...table.columns.flatMap(({ name }) => {
        const rule = decided.get(JSON.stringify([shownTable(table), name]));
        return rule === undefined ? [] : [`      ${JSON.stringify(name)}: ${rule}`];
      }),
    ]);
    const yaml = `tables:\n${lines.join("\n").replaceAll(/ {4}columns:(?=\n {2}"|$)/g, "    keep: []")}\n`;
    const checked = await checkRules(database, [], await parseRules([{ file: "db/sync/all.yaml", text: yaml }]), KEY);
    if (checked.kind === "plan")
      return { yaml, replaced: [...decided.values()].filter((rule) => rule !== "keep").length };
    const refused = checked.findings.map(({ table, column }) => JSON.stringify([table, column]));
    if (refused.every((key) => decided.get(key) === "keep" || !decided.has(key)))
      throw new Error(checked.findings.map(({ message }) => message).join("\n"));
    for (const key of refused) decided.set(key, "keep");
  }
}

describe.each([
  ["objects of every kind", EVERYTHING, serverEngines],
  ["a large project", LARGE, newestServer],
] as const)("%s", (_name, schema, engines) => {
  test.each(engines.map((engine) => [engine.name, engine] as const))(
    "with every column replaced on %s: the same catalogue, and no original; with every column kept: every row",
    async (_engine, engine) => {
      await using source = await engine.fresh();
      await using target = await engine.fresh();
      const { yaml, replaced } = await withDatabase(source.target, {}, async (database) => {
        await createRoles(database);
        await database.execute("do $$ begin create role app_reader; exception when duplicate_object then null; end $$");
        await database.execute(schema);
        expect(await fill(database)).toBeGreaterThan(3);
        return await rulesFor(database);
      });
      expect(replaced).toBeGreaterThan(5);
      const report = await copy(source.target, target.target, { plan: ruled(yaml) });
      expect(report.proof.leaks).toEqual([]);
      expect(report.proof.columns.filter(({ holds }) => !holds)).toEqual([]);
      expect(report.tables.some(({ rowsWritten }) => rowsWritten === ROWS)).toBe(true);
      const kept = await target.query(
        `select table_schema, table_name from information_schema.tables where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')
            and query_to_xml(format('select 1 from only %I.%I t where t::text ilike %L', table_schema, table_name, '%${SECRET}%'), true, true, '')::text <> ''`,
      );
      expect(kept).toEqual([]);
      await using same = await engine.fresh();
      await copy(source.target, same.target);
      expect(await same.query(CONTENTS)).toEqual(await source.query(CONTENTS));
    },
    120_000,
  );
});
