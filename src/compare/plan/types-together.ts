import type { Facts } from "../engine/facts.ts";
import { encodeId, type ObjectId } from "../engine/object-id.ts";
import type { PlannedStatement } from "./statement.ts";

/**
 * A plan with one statement for all columns of a table that change their types: PostgreSQL would write the table anew for each of
 * several (manual, ALTER TABLE, "Notes"). What is computed from other columns has a statement of its own: it is made anew where those
 * change. Pure.
 */
export function withTypesTogether(statements: readonly PlannedStatement[], to: Facts): PlannedStatement[] {
  const changes = statements.map((statement) => changeOf(statement, to));
  const result: PlannedStatement[] = [];
  for (let start = 0; start < statements.length;) {
    let end = start;
    // Types that columns had until then go behind them.
    while (changes[end] !== undefined || (dropsType(statements[end]) && changesTypeBehind(changes, statements, end)))
      end++;
    result.push(
      ...together(changes.slice(start, end).filter((change) => change !== undefined)),
      ...statements.slice(start, end).filter(dropsType),
    );
    if (end < statements.length) result.push(statements[end]!);
    start = end + 1;
  }
  return result;
}

/** Whether a column changes its type behind a statement, with nothing in between but columns that change and types that go. */
function changesTypeBehind(
  changes: readonly (ColumnChange | undefined)[],
  statements: readonly PlannedStatement[],
  index: number,
): boolean {
  const next = index + 1;
  if (changes[next] === undefined && !dropsType(statements[next])) return false;
  return changes[next]?.changesType === true || changesTypeBehind(changes, statements, next);
}

function dropsType(statement: PlannedStatement | undefined): boolean {
  return /^DROP (?:DOMAIN|TYPE) /.test(statement?.sql ?? "");
}

/** A statement that adds or alters one column. */
interface ColumnChange {
  readonly statement: PlannedStatement;
  readonly table: string;
  readonly column: string;
  readonly changesType: boolean;
}

const ALTERS = /^(ALTER TABLE (?:[\w$]+|"(?:[^"]|"")+")\.(?:[\w$]+|"(?:[^"]|"")+")) (ADD COLUMN|ALTER COLUMN) /;
const TYPE = /^ALTER COLUMN (?:[\w$]+|"(?:[^"]|"")+") TYPE /;

function changeOf(statement: PlannedStatement, to: Facts): ColumnChange | undefined {
  const { sql, makes, needs, startsTransaction, endsTransaction, transactional } = statement;
  const [, table] = ALTERS.exec(sql) ?? [];
  const column = [...makes, ...needs].find(isOfColumn);
  const isAlone = startsTransaction || endsTransaction || !transactional;
  if (table === undefined || column === undefined || isAlone) return undefined;
  const id: ObjectId = { ...column, kind: "column" };
  const isComputed = typeof to.get(id)?.payload["generatedExpr"] === "string";
  const changesType = !isComputed && TYPE.test(sql.slice(table.length + 1)) && statement.behind === undefined;
  return { statement, table, column: encodeId(id), changesType };
}

type OfColumn = Extract<ObjectId, { readonly table: string; readonly name: string }>;

function isOfColumn(id: ObjectId): id is OfColumn {
  return id.kind === "column" || id.kind === "default";
}

/** Changes that stand behind each other, with those of a table in one place, where several of its columns change their types. */
function together(changes: readonly ColumnChange[]): PlannedStatement[] {
  const tables = Map.groupBy(changes, ({ table }) => table);
  const done = new Set<string>();
  return changes.flatMap(({ statement, table }) => {
    const own = tables.get(table)!;
    const types = own.filter(({ changesType }) => changesType);
    if (types.length < 2) return [statement];
    if (done.has(table)) return [];
    done.add(table);
    // A default goes before its column changes, and comes back afterwards.
    const before = own.filter((change, index) => !change.changesType && changesLater(change, own.slice(index)));
    const after = own.filter((change) => !change.changesType && !before.includes(change));
    return [
      ...before.map((each) => each.statement),
      inOneStatement(types.map((each) => each.statement)),
      ...after.map((each) => each.statement),
    ];
  });
}

function changesLater({ column }: ColumnChange, following: readonly ColumnChange[]): boolean {
  return following.some((other) => other.changesType && other.column === column);
}

/** Changes of types in one table as one statement. Pure. */
export function inOneStatement(apart: readonly PlannedStatement[]): PlannedStatement {
  const [first] = apart as [PlannedStatement];
  const { loss: _loss, rows: _rows, otherwise: _otherwise, ...rest } = first;
  const table = ALTERS.exec(first.sql)?.[1] ?? "";
  return {
    ...rest,
    sql: `${table}\n  ${apart.map(({ sql }) => sql.slice(table.length + 1)).join(",\n  ")}`,
    needs: apart.flatMap(({ needs }) => needs),
    makes: apart.flatMap(({ makes }) => makes),
    removes: apart.flatMap(({ removes }) => removes),
    apart,
  };
}
