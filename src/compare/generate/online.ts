import { encodeId } from "../engine/object-id.ts";
import type { RowsHazard } from "#sql/effects/hazard.ts";
import { quoteIdentifier, quoteQualified } from "#sql/quote.ts";
import { type OnlineContext, OnlinePlan } from "./online-plan.ts";
import { type PlannedStatement, rowsHazard } from "../plan/statement.ts";
import { textOf } from "../engine/lookups.ts";
import { asReadBack } from "../plan/reread.ts";
import { backfillOptions, filledHazard } from "./backfill-options.ts";
import { KEY } from "../plan/key-definition.ts";

/**
 * When a statement of an online migration runs: in the one transaction of the first file; or after it, as a backfill, in
 * batches; then, when rows are read, each statement by itself, so that no lock is held longer than its own work; or last,
 * with the indexes that PostgreSQL builds and drops outside of transactions, and what needs them.
 */
export type Phase = "transaction" | "fill" | "rows" | "indexes";

export interface OnlineStep {
  readonly phase: Phase;
  readonly statement: PlannedStatement;
}

/**
 * The same plan in forms that do not keep others from a table for longer than a moment. Each form is a rule below; a
 * statement without one stays as it is. Pure.
 */
export function onlineSteps(statements: readonly PlannedStatement[], context: OnlineContext): OnlineStep[] {
  const plan = new OnlinePlan(statements, context);
  const forms = statements.map((statement) => ({ statement, form: formOf(statement, plan) }));
  return forms.flatMap(({ statement, form = [{ phase: "transaction", statement }] }) => {
    if (plan.isTakenOver(statement)) return [];
    // What needs an index that is built later has to wait for it.
    const steps = plan.waitsFor(statement)
      ? form.map(({ statement: own }) => ({ phase: "indexes" as const, statement: own }))
      : form;
    if (steps[0]?.phase === "indexes") plan.putOff(statement);
    return steps;
  });
}

/** Whether `--online` would write this statement in another way. */
export function hasOnlineForm(
  statement: PlannedStatement,
  statements: readonly PlannedStatement[],
  context: OnlineContext,
): boolean {
  return formOf(statement, new OnlinePlan(statements, context)) !== undefined;
}

/** A rule: the steps that take the place of a statement, or undefined when it is none of the rule's. */
type Rule = (statement: PlannedStatement, plan: OnlinePlan) => OnlineStep[] | undefined;

function formOf(statement: PlannedStatement, plan: OnlinePlan): OnlineStep[] | undefined {
  // What takes an index that is there has nothing left to do.
  if (!statement.transactional || statement.sql.includes(" USING INDEX ")) return undefined;
  for (const rule of RULES) {
    const steps = rule(statement, plan);
    if (steps !== undefined) return steps;
  }
  return undefined;
}

/** A statement in place of `original`, for what `rows` says. */
function step(original: PlannedStatement, sql: string, phase: Phase = "transaction", rows?: RowsHazard): OnlineStep {
  const { loss: _loss, rows: _rows, ...rest } = original;
  return { phase, statement: { ...rest, ...(rows === undefined ? {} : { rows }), sql } };
}

/** One that PostgreSQL does not take inside a transaction. */
function outside(original: PlannedStatement, sql: string, phase: Phase, rows?: RowsHazard): OnlineStep {
  const { statement } = step(original, sql, phase, rows);
  return { phase, statement: { ...statement, transactional: false } };
}

/**
 * CREATE INDEX CONCURRENTLY lets others write while it builds; not inside a transaction, and not on a partitioned table
 * (manual, CREATE INDEX, "Building Indexes Concurrently"). An index that only changes keeps its forerunner until then.
 */
const indexConcurrently: Rule = (statement, plan) => {
  const [id] = statement.makes;
  if (id?.kind !== "index") return undefined;
  const table = plan.context.to.facts.get(id)?.parent;
  if (table === undefined || !plan.isInUse(table) || plan.isPartitioned(table)) return undefined;
  const definition = textOf(plan.context.to.facts, id, "def") ?? "";
  const sql = asReadBack(definition.replace(/^CREATE (UNIQUE )?INDEX /, "CREATE $1INDEX CONCURRENTLY "));
  const create = outside(statement, sql, "indexes", statement.rows && { ...statement.rows, leavesInvalid: true });
  const before = plan.context.from.facts.get(id)?.parent;
  const replaces = before !== undefined && encodeId(before) === encodeId(table);
  const removal = replaces ? plan.takeOverRemoval(id, table) : undefined;
  if (removal === undefined) return [create];
  const old = plan.freeName(id.schema, id.name, "_old");
  return [
    step(removal, `ALTER INDEX ${quoteQualified(id.schema, id.name)} RENAME TO ${quoteIdentifier(old)}`, "indexes"),
    create,
    outside(removal, `DROP INDEX CONCURRENTLY ${quoteQualified(id.schema, old)}`, "indexes"),
  ];
};

/**
 * DROP INDEX CONCURRENTLY waits for others instead of making them wait; not inside a transaction, and not on a
 * partitioned table (manual, DROP INDEX).
 */
const dropIndexConcurrently: Rule = (statement, plan) => {
  const [id] = statement.removes;
  if (id?.kind !== "index") return undefined;
  const table = plan.context.from.facts.get(id)?.parent;
  if (table === undefined || !plan.isInUse(table) || plan.isPartitioned(table)) return undefined;
  // It goes or changes with its columns, or its successor takes its place: see indexConcurrently.
  if (plan.changesColumns(table) || plan.makes(id)) return undefined;
  return [outside(statement, `DROP INDEX CONCURRENTLY ${quoteQualified(id.schema, id.name)}`, "indexes")];
};

/**
 * A CHECK or FOREIGN KEY that is NOT VALID holds for new rows at once and reads none; VALIDATE CONSTRAINT reads them
 * under SHARE UPDATE EXCLUSIVE, which lets others read and write (manual, ALTER TABLE, "Notes"). Before PostgreSQL 18 a
 * partitioned table takes no such foreign key.
 */
const notValidFirst: Rule = (statement, plan) => {
  const [id] = statement.makes;
  const constraint = id === undefined ? undefined : plan.context.to.facts.get(id);
  if (id?.kind !== "constraint" || constraint?.parent?.kind !== "table" || !plan.isInUse(constraint.parent))
    return undefined;
  const { type, validated } = constraint.payload;
  if (validated !== true || (type !== "c" && type !== "f")) return undefined;
  if (type === "f" && plan.isPartitioned(constraint.parent)) return undefined;
  const definition = asReadBack(textOf(plan.context.to.facts, id, "def") ?? "");
  const table = quoteQualified(id.schema, id.table);
  return [
    // A foreign key looks at a row again only where its own columns change.
    step(
      statement,
      `ALTER TABLE ${table} ADD CONSTRAINT ${quoteIdentifier(id.name)} ${definition} NOT VALID`,
      "transaction",
      type === "c" ? unvalidated(statement) : undefined,
    ),
    step(statement, validate(id.schema, id.table, id.name), "rows", statement.rows),
  ];
};

/** ALTER CONSTRAINT ... ENFORCED reads every row while nobody else can; a new foreign key need not. */
const enforceByNewOne: Rule = (statement, plan) => {
  const [id] = statement.needs;
  if (id?.kind !== "constraint" || !/ ALTER CONSTRAINT .*(?<! NOT) ENFORCED$/s.test(statement.sql)) return undefined;
  const steps = notValidFirst({ ...statement, makes: [id] }, plan);
  const drop = `ALTER TABLE ${quoteQualified(id.schema, id.table)} DROP CONSTRAINT ${quoteIdentifier(id.name)}`;
  return steps && [step(statement, drop), ...steps];
};

/** VALIDATE CONSTRAINT keeps nobody from reading and writing, so it need not be part of a transaction with what does. */
const validateByItself: Rule = (statement, { context: { to } }) => {
  const [id] = statement.needs;
  if (id?.kind !== "constraint" || !statement.sql.includes(" VALIDATE CONSTRAINT ")) return undefined;
  return to.facts.get(id)?.parent?.kind === "table" ? [{ phase: "rows", statement }] : undefined;
};

function validate(schema: string, table: string, name: string): string {
  return `ALTER TABLE ${quoteQualified(schema, table)} VALIDATE CONSTRAINT ${quoteIdentifier(name)}`;
}

/**
 * SET NOT NULL does not read the table when a valid CHECK proves that there is no NULL (manual, ALTER TABLE, "SET NOT
 * NULL"; since PostgreSQL 12), and such a CHECK can be validated while others work. From PostgreSQL 18 on a NOT NULL can
 * itself be NOT VALID.
 */
const notNullByCheck: Rule = (statement, plan) => {
  const [id] = statement.needs;
  if (id?.kind !== "column" || !statement.sql.endsWith(" SET NOT NULL")) return undefined;
  const column = plan.context.from.facts.get(id);
  if (column?.parent?.kind !== "table" || !plan.isInUse(column.parent)) return undefined;
  return notNull(statement, id, plan, "transaction");
};

function notNull(statement: PlannedStatement, id: ColumnId, plan: OnlinePlan, phase: Phase): OnlineStep[] {
  const table = `ALTER TABLE ${quoteQualified(id.schema, id.table)}`;
  const column = quoteIdentifier(id.name);
  if (plan.context.takesUncheckedNotNull) {
    const own = plan.freeName(id.schema, `${id.table}_${id.name}`, "_not_null");
    const add = `${table} ADD CONSTRAINT ${quoteIdentifier(own)} NOT NULL ${column} NOT VALID`;
    return [
      step(statement, add, phase, unvalidated(statement)),
      step(statement, validate(id.schema, id.table, own), "rows", statement.rows),
    ];
  }
  const check = plan.freeName(id.schema, id.name, "_has_no_null");
  return [
    step(
      statement,
      `${table} ADD CONSTRAINT ${quoteIdentifier(check)} CHECK (${column} IS NOT NULL) NOT VALID`,
      phase,
      unvalidated(statement),
    ),
    step(statement, validate(id.schema, id.table, check), "rows", statement.rows),
    step(statement, `${table} ALTER COLUMN ${column} SET NOT NULL`, "rows"),
    step(statement, `${table} DROP CONSTRAINT ${quoteIdentifier(check)}`, "rows"),
  ];
}

/** What a constraint that no row was looked at for does to those that are there, where there may be such. */
function unvalidated({ rows }: PlannedStatement): RowsHazard | undefined {
  return rows === undefined ? undefined : rowsHazard("unvalidated");
}

interface ColumnId {
  readonly schema: string;
  readonly table: string;
  readonly name: string;
}

/**
 * A primary key or unique constraint takes over an index that was built while others wrote (manual, ALTER TABLE, "ADD
 * table_constraint_using_index"; not for partitioned tables). The index gets the constraint's name.
 */
const constraintUsingIndex: Rule = (statement, plan) => {
  const [id] = statement.makes;
  const constraint = id === undefined ? undefined : plan.context.to.facts.get(id);
  if (id?.kind !== "constraint" || constraint?.parent?.kind !== "table") return undefined;
  const table = constraint.parent;
  if (!plan.isInUse(table) || plan.isPartitioned(table)) return undefined;
  const key = KEY.exec(textOf(plan.context.to.facts, id, "def") ?? "");
  if (key === null) return undefined;
  const [, type = "", distinct = "", columns = "", include = "", storage = "", deferrable = ""] = key;
  const index = plan.freeName(id.schema, id.name, "_new");
  const name = quoteIdentifier(id.name);
  const removal = plan.takeOverRemoval(id, table);
  return [
    outside(
      statement,
      `CREATE UNIQUE INDEX CONCURRENTLY ${quoteIdentifier(index)} ON ${quoteQualified(id.schema, id.table)} (${columns})${include}${distinct}${storage}`,
      "indexes",
      statement.rows && { ...statement.rows, leavesInvalid: true },
    ),
    step(
      statement,
      `ALTER TABLE ${quoteQualified(id.schema, id.table)} ${removal === undefined ? "" : `DROP CONSTRAINT ${name}, `}` +
        `ADD CONSTRAINT ${name} ${type} USING INDEX ${quoteIdentifier(index)}${deferrable}`,
      "indexes",
    ),
  ];
};

/**
 * A new column whose default differs from row to row makes PostgreSQL write the table anew (manual, ALTER TABLE,
 * "Notes"). Without the default it is a change of the catalogue alone, and old rows are filled by a backfill.
 */
const fillLater: Rule = (statement, plan) => {
  const [id] = statement.makes;
  if (id?.kind !== "column" || !plan.context.rewriting.has(statement.sql)) return undefined;
  const { facts } = plan.context.to;
  const column = facts.get(id);
  const value = facts.childrenOf(id).find((child) => child.id.kind === "default");
  const expression = value === undefined ? undefined : textOf(facts, value.id, "expr");
  if (column?.parent?.kind !== "table" || expression === undefined) return undefined;
  if (!statement.makes.some(({ kind }) => kind === "default")) return undefined;
  if (!plan.isInUse(column.parent) || plan.isPartitioned(column.parent)) return undefined;
  const { collation, notNull: required } = column.payload;
  const table = quoteQualified(id.schema, id.table);
  const name = quoteIdentifier(id.name);
  const collate = typeof collation === "string" ? ` COLLATE ${collation}` : "";
  return [
    step(statement, `ALTER TABLE ${table} ADD COLUMN ${name} ${textOf(facts, id, "type") ?? ""}${collate}`),
    step(statement, `ALTER TABLE ${table} ALTER COLUMN ${name} SET DEFAULT ${asReadBack(expression)}`),
    fillInBatches(statement, id, plan),
    ...(required === true ? notNull(statement, id, plan, "rows") : []),
  ];
};

/** The runner cuts it into batches, so that no row is locked for long (docs/formats.md, "Backfills"). */
function fillInBatches(original: PlannedStatement, { schema, table, name }: ColumnId, plan: OnlinePlan): OnlineStep {
  const column = quoteIdentifier(name);
  const sql = `UPDATE ${quoteQualified(schema, table)} SET ${column} = DEFAULT WHERE ${column} IS NULL`;
  const { facts } = plan.context.from;
  const backfill = backfillOptions(facts, schema, table);
  const { statement } = step(original, sql, "fill", filledHazard(facts, schema, table));
  return { phase: "fill", statement: { ...statement, backfill } };
}

const RULES: readonly Rule[] = [
  indexConcurrently,
  dropIndexConcurrently,
  notValidFirst,
  enforceByNewOne,
  validateByItself,
  notNullByCheck,
  constraintUsingIndex,
  fillLater,
];

/** What to do about a statement that keeps others waiting and has no online form; undefined where rows decide anyway. */
export function adviceFor({ sql, rows, makes: [made] }: PlannedStatement, { to }: OnlineContext): string | undefined {
  const parent = made === undefined ? undefined : to.facts.get(made)?.parent;
  const isPartitioned = parent !== undefined && textOf(to.facts, parent, "partitionKey") !== undefined;
  if (isPartitioned && made?.kind === "index") {
    return "make it ON ONLY the table, then CONCURRENTLY on each partition, and ATTACH those";
  }
  if (isPartitioned && made?.kind === "constraint") return "add it to the partitions first, one by one";
  if (/ ALTER COLUMN .* TYPE /s.test(sql)) {
    return "add a column of the new type, fill it, and let it take the old one's place in later migrations";
  }
  return made?.kind === "column" && rows !== undefined ? undefined : "run it while nobody needs the table";
}
