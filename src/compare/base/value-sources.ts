import { placeIn, type Script } from "#database/script.ts";
import type { Location } from "#errors/error.ts";
import type { LoadedMigration } from "#migrate/files/body.ts";
import { migrationId } from "#migrate/files/migration-file.ts";
import { inside, type Node, type Parser } from "#sql/parser.ts";
import type { TableCells } from "./cells.ts";
import { locateInFile } from "#sql/position.ts";
import { callOf, isMoving, movingText } from "./moving.ts";

/** Where values of a column come from, as far as statements say it; code may write any. */
export interface ColumnSources {
  /** Whether a statement names the column, whatever it gives it. */
  isNamed: boolean;
  /** Constants that statements give it. */
  readonly constants: Set<string>;
  /** Whether one gives it what is in another column. */
  isCopied: boolean;
  /** What goes by the moment or the user and by no row, `now()` or `CURRENT_DATE + 7`, by what it means. */
  readonly calls: Map<string, string>;
  /** The last other expression. */
  other: ValueSource | undefined;
  /** The last that goes by the moment or the user, and by rows as well. */
  moving: ValueSource | undefined;
}

/** A statement that gives a column its values. */
export interface ValueSource {
  readonly by: string;
  readonly location: Location | undefined;
}

/** The sources of each column, by "table.column". */
export type ValueSources = ReadonlyMap<string, ColumnSources>;

/** Longer statements are rows, constants one and all. */
const LIMIT = 200_000;

/** SQL that writes rows, and what it is called. */
export interface Writer {
  readonly by: string;
  readonly script: Script;
}

/**
 * The last statement that speaks of a table and may write rows, for values of which no statement says where they come from:
 * code writes them. Pure.
 * @param doing what such a statement says
 */
export function lastWriter(
  table: string,
  writers: readonly Writer[],
  migrations: readonly LoadedMigration[] = [],
  doing = MAY_WRITE,
): ValueSource | undefined {
  const name = new RegExp(`(?<![\\w$])${RegExp.escape(table)}(?![\\w$])`, "i");
  const inCode = migrations.findLast(({ up, kept }) => up.kind !== "sql" && name.test(kept.source ?? ""));
  if (inCode !== undefined) {
    const text = inCode.kept.source ?? "";
    return { by: migrationId(inCode.file), location: locateInFile(inCode.file.path, text, text.search(name)) };
  }
  for (const { by, script } of writers.toReversed()) {
    const statement = script.statements.findLast(({ text }) => doing.test(text) && name.test(text));
    if (statement !== undefined) return { by, location: placeIn(script, statement.start) };
  }
  return undefined;
}

const MAY_WRITE = /\b(?:insert|update|merge|copy|do|call|select|execute)\b/i;

/** The ways up that are SQL. Pure. */
export function writersOf(migrations: readonly LoadedMigration[]): Writer[] {
  return migrations.flatMap(({ file, up }) =>
    up.kind === "sql" ? [{ by: migrationId(file), script: up.script }] : [],
  );
}

/**
 * Reads where statements take values from that they write into rows.
 * @param tables that have rows, for statements that name no columns
 */
export function valueSources(writers: readonly Writer[], parser: Parser, tables: readonly TableCells[]): ValueSources {
  const sources = new Map<string, ColumnSources>();
  const of = (table: string, column: string): ColumnSources => {
    const key = `${table}.${column}`;
    const known: ColumnSources = sources.get(key) ?? {
      isNamed: false,
      constants: new Set(),
      isCopied: false,
      calls: new Map(),
      other: undefined,
      moving: undefined,
    };
    sources.set(key, known);
    return known;
  };
  for (const { by, script } of writers) {
    for (const statement of script.statements) {
      const { text } = statement;
      if (text.length > LIMIT || !/\b(?:insert|update|merge)\b/i.test(text)) continue;
      const add: Add = (table, column, value) => {
        const source = of(table, column);
        source.isNamed = true;
        const here = { by, location: placeIn(script, statement.start) };
        const call = callOf(value);
        const moving = call === undefined ? movingText(value, text, parser) : undefined;
        const constant = constantOf(value);
        if (call !== undefined) source.calls.set(meaningOf(call), call);
        else if (moving !== undefined) source.calls.set(moving, moving);
        else if (isMoving(value)) source.moving = source.other = here;
        else if (!isPlain(value)) source.other = here;
        else if (constant !== undefined) source.constants.add(constant);
        else if (value !== undefined && !("SetToDefault" in value)) source.isCopied = true;
      };
      visit(parser.parse(text), add, tables);
    }
  }
  return sources;
}

type Add = (table: string, column: string, value: Node | undefined) => void;

function visit(value: unknown, add: Add, tables: readonly TableCells[]): void {
  if (typeof value !== "object" || value === null) return;
  const node = value as Node;
  const insert = inside(node, "InsertStmt");
  const into = insert?.relation?.relname;
  if (into !== undefined) {
    const select = inside(insert?.selectStmt, "SelectStmt");
    const listed = (insert?.cols ?? []).map((column) => inside(column, "ResTarget")?.name ?? "");
    const columns =
      listed.length > 0 ? listed : (tables.find(({ table }) => table === into)?.columns ?? []).map(({ name }) => name);
    const lists =
      select?.valuesLists?.map((row) => inside(row, "List")?.items ?? []) ??
      (select?.targetList === undefined ? [] : [select.targetList.map((target) => inside(target, "ResTarget")?.val)]);
    for (const items of lists) {
      for (const [at, item] of items.entries()) if (columns[at] !== undefined) add(into, columns[at], item);
    }
    addTargets(into, insert?.onConflictClause?.targetList, add);
    // Values hold no statement that writes; what feeds them may.
    visit(insert?.withClause, add, tables);
    return;
  }
  const update = inside(node, "UpdateStmt");
  if (update !== undefined) addTargets(update.relation?.relname, update.targetList, add);
  const merge = inside(node, "MergeStmt");
  for (const clause of merge?.mergeWhenClauses ?? []) {
    addTargets(merge?.relation?.relname, inside(clause, "MergeWhenClause")?.targetList, add);
  }
  for (const child of Object.values(value)) visit(child, add, tables);
}

function addTargets(table: string | undefined, targets: readonly Node[] | undefined, add: Add): void {
  for (const target of targets ?? []) {
    const { name, val } = inside(target, "ResTarget") ?? {};
    if (table !== undefined && name !== undefined) add(table, name, val);
  }
}

/** A constant, DEFAULT, or the value of another column. */
function isPlain(node: Node | undefined): boolean {
  if (node === undefined) return true;
  const cast = inside(node, "TypeCast");
  return cast === undefined ? "A_Const" in node || "SetToDefault" in node || "ColumnRef" in node : isPlain(cast.arg);
}

/** The text of a constant. */
function constantOf(node: Node | undefined): string | undefined {
  const cast = inside(node, "TypeCast");
  if (cast !== undefined) return constantOf(cast.arg);
  const constant = inside(node, "A_Const");
  if (constant === undefined) return undefined;
  const { sval, ival, fval, boolval } = constant;
  if (sval !== undefined) return sval.sval ?? "";
  if (boolval !== undefined) return String(boolval.boolval ?? false);
  return ival === undefined ? (fval?.fval ?? "") : String(ival.ival ?? 0);
}

/** The same for calls that are the same: `CURRENT_TIMESTAMP` and `now()`. Pure. */
export function meaningOf(call: string): string {
  const plain = call.toLowerCase().replace(/^pg_catalog\./, "");
  return SAME[plain] ?? plain;
}

const SAME: Readonly<Record<string, string>> = {
  current_timestamp: "now()",
  "transaction_timestamp()": "now()",
  user: "current_user",
  current_role: "current_user",
};
