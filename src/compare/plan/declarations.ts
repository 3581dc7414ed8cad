import { ConfitureError } from "#errors/error.ts";
import { quoteIdentifier, quoteQualified } from "#sql/quote.ts";
import { columnsOf, parentTable, textOf } from "../engine/lookups.ts";
import type { Facts } from "../engine/facts.ts";
import type { ObjectId } from "../engine/object-id.ts";
import { isMadeAnew } from "./moves.ts";
import { columnSql, freeName, typeSql } from "./table-parts.ts";
import { type PlannedStatement, statementOf } from "./statement.ts";

/** A table that inherits from the same one before and after. */
interface Child {
  readonly schema: string;
  readonly name: string;
  readonly parent: { readonly schema: string; readonly name: string };
}

/**
 * Tables that come to declare columns which they inherit already, or only inherit what they have declared. ADD COLUMN refuses
 * the one, and DROP COLUMN the other. What a table leaves its parent with is its own from then on, and stays so when it inherits
 * again; what comes through a parent is the parent's alone. So a second parent is there for that long: it holds what is not to
 * become the table's own, and gives it what is no longer to be that. Pure.
 * @throws ConfitureError `generate_refused`
 */
export function planDeclarations(from: Facts, to: Facts): PlannedStatement[] {
  return to.facts().flatMap(({ id }) => {
    if (id.kind !== "table" || !from.has(id)) return [];
    const parent = parentTable(from, id);
    if (parent === undefined || !Bun.deepEquals(parent, parentTable(to, id))) return [];
    if (textOf(to, id, "partitionBound") !== undefined || isMadeAnew(id, from, to)) return [];
    return declare({ schema: id.schema, name: id.name, parent }, from, to);
  });
}

function declare(child: Child, from: Facts, to: Facts): PlannedStatement[] {
  const inherited = [...columnsOf({ kind: "table", ...child.parent }, from)];
  const after = columnsOf({ kind: "table", ...child.parent }, to);
  const [was, will] = [from, to].map((facts) => (name: string) => facts.has(columnId(child, name)));
  const declared = inherited.filter(([name]) => !was!(name) && will!(name));
  const left = inherited.filter(([name]) => was!(name) && !will!(name) && after.has(name));
  const checks = inheritedChecks(child, from, to);
  if (declared.length === 0 && left.length === 0 && !checks.some(({ isOwn }) => isOwn)) return [];
  refuseChecks(child, checks, new Set(declared.map(([name]) => name)));
  const staying = inherited.filter(([name]) => !was!(name) && !will!(name));
  const [table, parent] = [
    quoteQualified(child.schema, child.name),
    quoteQualified(child.parent.schema, child.parent.name),
  ];
  const [leave, join] = [`ALTER TABLE ${table} NO INHERIT ${parent}`, `ALTER TABLE ${table} INHERIT ${parent}`];
  if (staying.length === 0 && left.length === 0 && checks.length === 0) return [leave, join].map(statementOf);
  const gone = new Set(left.map(([name]) => name));
  const [later, now] = [true, false].map((wanted) =>
    checks.filter(({ columns, isOwn }) => (isOwn || columns.some((name) => gone.has(name))) === wanted),
  );
  const holder = quoteQualified(child.schema, freeName(child, from, to));
  const before = (name: string): string => quoteIdentifier(`${name}_before`);
  // A check is about columns, which are there with it.
  const named = new Set(checks.flatMap(({ columns }) => columns));
  const held = inherited.filter((each) => staying.includes(each) || (named.has(each[0]) && !gone.has(each[0])));
  const planned = [
    `CREATE TABLE ${holder} (${[...held.map(columnSql), ...now!.map(({ sql }) => sql)].join(", ")})`,
    `ALTER TABLE ${table} INHERIT ${holder}`,
    leave,
    ...later!.map(({ name }) => `ALTER TABLE ${table} DROP CONSTRAINT ${quoteIdentifier(name)}`),
    ...left.flatMap(([name, column]) => [
      `ALTER TABLE ${table} RENAME COLUMN ${quoteIdentifier(name)} TO ${before(name)}`,
      ...[`${name}_before`, name].map(
        (each) => `ALTER TABLE ${holder} ADD COLUMN ${columnSql([each, { ...column, notNull: false }])}`,
      ),
      // No trigger sees this, and row security hides no row from it, as both would from an UPDATE.
      `ALTER TABLE ${holder} ALTER COLUMN ${quoteIdentifier(name)} TYPE ${typeSql(column)} USING ${before(name)}`,
      ...(column.notNull ? [`ALTER TABLE ${holder} ALTER COLUMN ${quoteIdentifier(name)} SET NOT NULL`] : []),
    ]),
    ...later!.map(({ sql }) => `ALTER TABLE ${holder} ADD ${sql}`),
    join,
    `ALTER TABLE ${table} NO INHERIT ${holder}`,
    `DROP TABLE ${holder}`,
  ];
  // What needs the column is made anew for the parent's, by what the column was called until now.
  const drops = left.map(([name]) => ({
    ...statementOf(`ALTER TABLE ${table} DROP COLUMN ${before(name)}`),
    removes: [columnId(child, name)],
  }));
  return [...planned.map(statementOf), ...drops];
}

interface Check {
  readonly name: string;
  readonly sql: string;
  /** Those that it is about. */
  readonly columns: readonly string[];
  /** Whether the table has declared it so far. */
  readonly isOwn: boolean;
}

/** Those that the table is not to declare itself. */
function inheritedChecks({ schema, name, parent }: Child, from: Facts, to: Facts): Check[] {
  const above = parentTable(from, { kind: "table", ...parent });
  const further = above === undefined ? [] : inheritedChecks({ schema, name, parent: above }, from, to);
  const own = from.childrenOf({ kind: "table", ...parent }).flatMap(({ id }): Check[] => {
    const definition = textOf(from, id, "def") ?? "";
    if (id.kind !== "constraint" || textOf(from, id, "type") !== "c" || definition.endsWith(" NO INHERIT")) return [];
    const declared = { ...id, schema, table: name };
    if (to.has(declared) || (from.has(declared) && !to.has(id))) return [];
    const columns = from.outgoingEdges(id).flatMap((edge) => (edge.to.kind === "column" ? [edge.to.name] : []));
    return [
      {
        name: id.name,
        sql: `CONSTRAINT ${quoteIdentifier(id.name)} ${definition}`,
        columns,
        isOwn: from.has(declared),
      },
    ];
  });
  return [...further, ...own];
}

/** Such a check would become the table's own together with its column. */
function refuseChecks(child: Child, checks: readonly Check[], declared: ReadonlySet<string>): void {
  const check = checks.find(({ columns }) => columns.some((name) => declared.has(name)));
  if (check === undefined) return;
  const column = check.columns.find((name) => declared.has(name))!;
  const table = `${child.schema}.${child.name}`;
  throw new ConfitureError(
    "generate_refused",
    `No plan can be made: ${table} comes to declare the column "${column}", but not the check "${check.name}" on it, which it inherits as well`,
    {
      hint: `PostgreSQL has no statement for that. Write "${check.name}" into the CREATE TABLE of ${table} as well, or leave "${column}" to its parent.`,
    },
  );
}

function columnId({ schema, name: table }: Child, name: string): ObjectId {
  return { kind: "column", schema, table, name };
}
