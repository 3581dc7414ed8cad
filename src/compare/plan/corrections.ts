import type { Facts } from "../engine/facts.ts";
import { encodeId, type ObjectId } from "../engine/object-id.ts";
import type { Action } from "../engine/actions.ts";
import { quoteIdentifier, quoteQualified } from "#sql/quote.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import { argumentsOf } from "../kinds/aggregate-arguments.ts";
import { parentsFromTheBeginning } from "../kinds/further-parents.ts";
import { isVirtual } from "../kinds/generated-column.ts";
import { parentTable, textOf } from "../engine/lookups.ts";

/** What the planner writes without knowing all of it, put right. Pure. */
export function corrected(action: Action, from: Catalogue, to: Catalogue): Action {
  const sql = onAllPartitions(withVirtualColumns(action, to), action, to);
  return completed({ ...action, sql: action.verb === "create" ? withoutUsualOptions(sql) : sql }, from, to);
}

/** What a subscription does anyway goes without saying: servers before PostgreSQL 16 do not know all of it. */
function withoutUsualOptions(sql: string): string {
  return sql.startsWith("CREATE SUBSCRIPTION ") ? sql.replaceAll(USUAL, "") : sql;
}

const USUAL = /, (?:(?:disable_on_error|run_as_owner|two_phase) = false|origin = 'any')(?=[,)])/g;

/**
 * With what the planner leaves out: parents of tables, how aggregates take their arguments, and sequences that are unlogged
 * like their table. Pure.
 */
export function completed(action: Action, from: Catalogue, to: Catalogue): Action {
  const sql = withAggregateArguments(withAllParents(action, to), action, from, to);
  return {
    ...action,
    sql: isUnloggedSequence(action, to) ? sql.replace(/^CREATE SEQUENCE /, "CREATE UNLOGGED SEQUENCE ") : sql,
  };
}

/** Since PostgreSQL 15, where a column has it; one that is not as its table, or has none, is brought to it afterwards. */
function isUnloggedSequence({ verb, produces: [made] }: Action, { facts, extras, major }: Catalogue): boolean {
  if (verb !== "create" || made?.kind !== "sequence" || major < 15) return false;
  const owner = facts.get(made)?.payload["ownedBy"] as { schema: string; table: string } | null | undefined;
  if (owner === null || owner === undefined) return false;
  const isOther = extras.some(
    ({ kind, path }) => kind === "sequence persistence" && path[0] === made.schema && path[1] === made.name,
  );
  return !isOther && textOf(facts, { kind: "table", schema: owner.schema, name: owner.table }, "persistence") === "u";
}

/** The planner knows stored generated columns only; how it writes one is known exactly. */
function withVirtualColumns({ sql, produces }: Action, { facts, extras }: Catalogue): string {
  return produces.reduce((text, id) => {
    if (id.kind !== "column" || !isVirtual(extras, [id.schema, id.table, id.name])) return text;
    const { type, collation, generatedExpr } = facts.get(id)!.payload as Record<string, string | null>;
    const collate = collation === null ? "" : ` COLLATE ${collation}`;
    const column = `${quoteIdentifier(id.name)} ${type}${collate} GENERATED ALWAYS AS (${generatedExpr})`;
    return text.replace(`${column} STORED`, () => `${column} VIRTUAL`);
  }, sql);
}

/** PostgreSQL shows an index of a partitioned table as ON ONLY, which would leave the partitions without. */
function onAllPartitions(sql: string, { produces: [made] }: Action, { extras }: Catalogue): string {
  if (made?.kind !== "index" && made?.kind !== "constraint") return sql;
  const isIncomplete = extras.some(
    ({ kind, path }) => kind === "partitioned index" && path[0] === made.schema && path[1] === made.name,
  );
  if (isIncomplete) return sql.replace(/^ALTER TABLE (?!ONLY )/, "ALTER TABLE ONLY ");
  return sql.replace(/^(CREATE (?:UNIQUE )?INDEX (?:[\w$]+|"(?:[^"]|"")+") ON) ONLY /, "$1 ");
}

/** The planner knows a table's first parent only. */
function withAllParents(action: Action, to: Catalogue): string {
  const { verb, sql, produces } = action;
  const [made] = produces;
  if (verb !== "create" || made?.kind !== "table" || !sql.startsWith("CREATE ")) return sql;
  const further = parentsFromTheBeginning(made, to).map(({ schema, name }) => `, ${quoteQualified(schema, name)}`);
  return sql.replace(/(?<= INHERITS \(.*)\)/s, () => `${further.join("")})`);
}

/** An aggregate is called by the types of its arguments; how they are given to it, the planner does not know. */
function withAggregateArguments(sql: string, action: Action, from: Catalogue, to: Catalogue): string {
  const gone = new Set(action.destroys.map(encodeId));
  return [...action.produces, ...action.destroys, ...action.consumes].reduce((text, id) => {
    const side = gone.has(encodeId(id)) || !to.facts.has(id) ? from : to;
    const target = "target" in id ? id.target : id;
    if (target.kind !== "aggregate") return text;
    const args = argumentsOf(side.extras, target);
    if (args === undefined) return text;
    const name = `${quoteQualified(target.schema, target.name)}(`;
    // Up to the last parenthesis but that of what it consists of.
    const end = text.startsWith("CREATE ") ? ") (SFUNC = " : ")";
    const [start, close] = [text.indexOf(name), text.indexOf(end, text.indexOf(name))];
    return start < 0 || close < 0 ? text : `${text.slice(0, start)}${name}${args}${text.slice(close)}`;
  }, sql);
}

/**
 * What a table has from its parent and declares as well cannot be added afterwards: a column is part of CREATE TABLE, and
 * in a table that is there, columns and constraints come before the parent's. Pure.
 */
export function withInheritedParts(actions: readonly Action[], to: Facts): Action[] {
  const creates = new Map<
    string,
    { readonly action: Action; readonly clauses: string[]; readonly makes: ObjectId[] }
  >();
  const ordered: Action[] = [];
  for (const action of actions) {
    const [made] = action.produces;
    if (made?.kind === "table" && action.verb === "create" && !creates.has(encodeId(made))) {
      creates.set(encodeId(made), { action, clauses: [], makes: [] });
    }
    const part = addedPart(action);
    if (part === undefined || !isInherited(part, to)) {
      ordered.push(action);
      continue;
    }
    const create = creates.get(encodeId(tableOf(part)));
    if (create !== undefined && part.kind === "column") {
      create.clauses.push(action.sql.slice(action.sql.indexOf(" ADD COLUMN ") + " ADD COLUMN ".length));
      create.makes.push(...action.produces);
      continue;
    }
    const start = create === undefined ? 0 : ordered.indexOf(create.action) + 1;
    const at = ordered.findIndex((other, index) => index >= start && isOfAncestor(addedPart(other), part, to));
    ordered.splice(at < 0 ? ordered.length : at, 0, action);
  }
  return ordered.map((action) => {
    const [made] = action.produces;
    const create = made === undefined ? undefined : creates.get(encodeId(made));
    if (create?.action !== action || create.clauses.length === 0) return action;
    const sql = action.sql.replace(" () INHERITS ", () => ` (${create.clauses.join(", ")}) INHERITS `);
    return { ...action, sql, produces: [...action.produces, ...create.makes] };
  });
}

/** A column or constraint. */
interface Part {
  readonly kind: "column" | "constraint";
  readonly schema: string;
  readonly table: string;
  readonly name: string;
}

function addedPart(action: Action): Part | undefined {
  const [made] = action.produces;
  if (action.verb !== "create" || (made?.kind !== "column" && made?.kind !== "constraint")) return undefined;
  return action.sql.includes(" ADD ") ? { ...made, kind: made.kind } : undefined;
}

function tableOf({ schema, table }: Part): ObjectId {
  return { kind: "table", schema, name: table };
}

/** Whether an ancestor of the table has it as well. */
function isInherited(part: Part, facts: Facts): boolean {
  const parent = parentOf(part, facts);
  return parent !== undefined && (facts.has(parent) || isInherited(parent, facts));
}

function isOfAncestor(other: Part | undefined, part: Part, facts: Facts): boolean {
  if (other === undefined || other.name !== part.name || other.kind !== part.kind) return false;
  const parent = parentOf(part, facts);
  if (parent === undefined) return false;
  return encodeId(parent) === encodeId(other) || isOfAncestor(other, parent, facts);
}

/** What has the same name in the table's parent, whether it is there or not. */
function parentOf({ kind, schema, table, name }: Part, facts: Facts): Part | undefined {
  const parent = parentTable(facts, { kind: "table", schema, name: table });
  return parent && { kind, schema: parent.schema, table: parent.name, name };
}
