import type { Facts } from "../engine/facts.ts";
import type { OtherForm } from "../engine/actions.ts";
import { encodeId, type ObjectId } from "../engine/object-id.ts";
import type { ConfitureError } from "#errors/error.ts";
import { namesRelation } from "#sql/names-in.ts";
import { quoteIdentifier, quoteQualified } from "#sql/quote.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import { type PlannedStatement, rowsHazard, statementOf } from "./statement.ts";
import { functionsOf } from "../kinds/base-type.ts";
import type { Extra } from "../kinds/kind.ts";
import { parentTable, textOf } from "../engine/lookups.ts";
import { plainFrom } from "./expressions-first.ts";
import { nameOf } from "./extra-statements.ts";
import { detachment } from "./moves.ts";

/**
 * PostgreSQL refused a planned statement for something that another statement of the same plan may bring about. Running it
 * later may do.
 */
export function mayWorkLater(statement: PlannedStatement, error: ConfitureError): boolean {
  return statement.transactional && LATER.has(error.server?.sqlstate ?? "");
}

/** By the names that PostgreSQL gives them (manual, "PostgreSQL Error Codes"). */
const LATER: ReadonlySet<string> = new Set([
  // What it names is not there yet: undefined_table, _column, _object, _function, invalid_schema_name.
  "42P01",
  "42703",
  "42704",
  "42883",
  "3F000",
  // What has the name is still there: duplicate_object, _function, _table.
  "42710",
  "42723",
  "42P07",
  // dependent_objects_still_exist
  "2BP01",
  // object_not_in_prerequisite_state: an identity wants NOT NULL.
  "55000",
  // wrong_object_type: the index of a replica identity wants columns that are NOT NULL.
  "42809",
  // invalid_foreign_key: a reference wants the key that it points to.
  "42830",
  // invalid_table_definition: a column that is inherited goes with the parent's.
  "42P16",
]);

/** PostgreSQL refused a statement because the table or column that it is about is not there (any more). */
export function isGone(error: ConfitureError): boolean {
  return GONE.has(error.server?.sqlstate ?? "");
}

/** undefined_table, undefined_column */
const GONE: ReadonlySet<string> = new Set(["42P01", "42703"]);

/**
 * PostgreSQL changes no type of a column that a trigger, view, rule or policy names, a generated column is computed from or a publication
 * chooses rows by (manual, ALTER TABLE, "SET DATA TYPE"), and drops nothing that something else needs. What is in the way and holds nothing of
 * its own is taken away first, and the next round plans it anew. A partition that references to its table need is detached.
 * @param planned what the plan does anyway, or has done
 * @returns the statements that take it away; none when that is not what was refused
 */
export function makeWay(
  { sql, needs, removes }: PlannedStatement,
  error: ConfitureError,
  facts: Facts,
  planned: readonly PlannedStatement[],
): readonly PlannedStatement[] {
  if (isRefusedType(error, sql)) {
    // One that is a plain column by now holds values.
    const plain = new Set(planned.flatMap((statement) => plainFrom(statement) ?? []).map(encodeId));
    const columns = needs.filter(({ kind }) => kind === "column");
    const dependents = removals(columns, facts, (id) => {
      if (ON_COLUMNS.has(id.kind)) return removal(id, facts);
      return plain.has(encodeId({ ...id, kind: "column" } as ObjectId)) ? undefined : columnRemoval(id, facts);
    });
    return [...dependents, ...columns.flatMap((column) => filtersOver(column, facts))];
  }
  switch (error.server?.sqlstate) {
    // A foreign key wants both of its columns to be of types that it can compare.
    case DATATYPE_MISMATCH:
      return removals(
        needs.filter(({ kind }) => kind === "column"),
        facts,
        (id) => (id.kind === "constraint" && textOf(facts, id, "type") === "f" ? removal(id, facts) : undefined),
      );
    case STILL_NEEDED: {
      const removed = new Set(planned.flatMap((statement) => statement.removes.map(encodeId)));
      const partitions = removes.flatMap((id) => detached(id, facts) ?? []);
      if (partitions.length > 0) return partitions;
      return removals(removes, facts, (id) => (removed.has(encodeId(id)) ? undefined : removal(id, facts)));
    }
    default:
      return [];
  }
}

/** What takes a table out of publications that choose its rows by a column. */
function filtersOver(column: ObjectId, facts: Facts): readonly PlannedStatement[] {
  if (column.kind !== "column") return [];
  return facts.facts().flatMap(({ id }) => {
    const isOn = id.kind === "publicationRel" && id.schema === column.schema && id.table === column.table;
    if (!isOn || !namesRelation(textOf(facts, id, "where") ?? "", quoteIdentifier(column.name))) return [];
    const table = quoteQualified(id.schema, id.table);
    const sql = `ALTER PUBLICATION ${quoteIdentifier(id.publication)} DROP TABLE ${table}`;
    return [{ ...statementOf(sql), removes: [id] }];
  });
}

/** What keeps a column's type, besides triggers and what is computed from it. */
const ON_COLUMNS: ReadonlySet<ObjectId["kind"]> = new Set(["view", "materializedView", "rule", "policy"]);

function removals(
  ids: readonly ObjectId[],
  facts: Facts,
  removalOf: (dependent: ObjectId) => string | undefined,
): readonly PlannedStatement[] {
  return ids.flatMap((id) =>
    facts.incomingEdges(id).flatMap(({ from }) => {
      const sql = removalOf(from);
      return sql === undefined ? [] : [{ ...statementOf(sql), removes: [from] }];
    }),
  );
}

const STILL_NEEDED = "2BP01";
const DATATYPE_MISMATCH = "42804";

/** PostgreSQL refused to change a type: feature_not_supported, before PostgreSQL 15 also syntax_error and internal_error. */
function isRefusedType({ server }: ConfitureError, sql: string): boolean {
  if (server?.sqlstate === "0A000") return true;
  return ["42601", "XX000"].includes(server?.sqlstate ?? "") && / ALTER COLUMN .* TYPE /s.test(sql);
}

/**
 * Between many types PostgreSQL has no cast, but every type can be written as text and read from it (manual, CREATE CAST, "I/O
 * conversion casts"). A materialized view is filled when it is made, and its query may fail as it stands. A sequence keeps its next
 * number when its bounds change, and cannot when that is beyond them; it begins again at its start then (manual, ALTER SEQUENCE,
 * "RESTART"). An extension that no script leads to another version of is made anew, where nothing needs it (manual, ALTER EXTENSION).
 * @returns the form of the statement that its planner gives for this case; undefined when that is not what was refused
 */
export function otherForm(statement: PlannedStatement, { server }: ConfitureError): PlannedStatement | undefined {
  const { otherwise, ...rest } = statement;
  if (otherwise === undefined || server?.sqlstate.startsWith(REFUSED_FOR[otherwise.reason]) !== true) return undefined;
  if (otherwise.reason === "no-update-path") return { ...rest, sql: otherwise.sql, behind: otherwise.behind };
  if (otherwise.reason === "restart" && otherwise.behind !== undefined) {
    const { rows: _rows, ...safe } = rest;
    return { ...safe, sql: otherwise.sql, behind: otherwise.behind };
  }
  if (rest.rows?.reason === "removed-value") return { ...rest, sql: otherwise.sql };
  const { sql, reason, ...details } = otherwise;
  const rows = rowsHazard(reason, reason === "not-filled" ? { error: server.message } : details);
  const { keys } = rest.rows ?? {};
  return { ...rest, sql, rows: keys === undefined ? rows : { ...rows, keys } };
}

/** PostgreSQL has no cast for a change of type. */
export function isUncastable({ server }: ConfitureError): boolean {
  return server?.sqlstate === REFUSED_FOR["unreadable-text"];
}

/** What the SQLSTATE begins with: a class, or a whole one. */
const REFUSED_FOR: Readonly<Record<OtherForm["reason"], string>> = {
  // Class 22, "Data Exception"
  "not-filled": "22",
  // invalid_parameter_value
  restart: "22023",
  "no-update-path": "22023",
  // cannot_coerce
  "unreadable-text": "42846",
};

/**
 * A base type and the functions that read and write it need each other, so that neither can be dropped alone. When
 * nothing else needs it, CASCADE takes just them.
 * @returns the statement that drops the type with them; undefined when that is not what was refused
 */
export function withItsFunctions(
  statement: PlannedStatement,
  error: ConfitureError,
  { extras }: Catalogue,
): PlannedStatement | undefined {
  if (error.server?.sqlstate !== STILL_NEEDED) return undefined;
  const type = extras.find((object) => object.kind === "base type" && statement.sql === dropOf(object));
  if (type === undefined) return undefined;
  const functions = functionsOf(type).map(({ name }) => name);
  const dependents = (error.server.detail ?? "").split("\n");
  const own = dependents.every((line) => functions.some((name) => line.includes(`${name}(`)));
  return own ? { ...statement, sql: `${dropOf(type)} CASCADE` } : undefined;
}

/**
 * A body in SQL is checked when its function is made, and may name what is not there: another function that calls it back,
 * or what was dropped since. PostgreSQL takes it with check_function_bodies off (manual, "Statement Behavior").
 * @returns the statement with the setting around it; none when nothing is there to be checked
 */
export function withoutBodyCheck(statement: PlannedStatement, error: ConfitureError): readonly PlannedStatement[] {
  if (!LATER.has(error.server?.sqlstate ?? "") || !ROUTINE.test(statement.sql)) return [];
  return [{ ...statement, setting: "check_function_bodies = off" }];
}

const ROUTINE = /^CREATE (?:OR REPLACE )?(?:FUNCTION|PROCEDURE) /;

/**
 * An index of a partitioned table can have indexes attached that belong to constraints of partitions: neither can be dropped
 * before the other. With CASCADE they go together; constraints that are to stay are planned anew.
 * @returns the statement with CASCADE; none when that is not what was refused
 */
export function withAttachedIndexes(
  statement: PlannedStatement,
  error: ConfitureError,
  facts: Facts,
): readonly PlannedStatement[] {
  const [index] = statement.removes;
  if (error.server?.sqlstate !== STILL_NEEDED || index?.kind !== "index") return [];
  const table = facts.get(index)?.parent;
  if (table === undefined || textOf(facts, table, "partitionKey") === undefined) return [];
  return [{ ...statement, sql: `DROP INDEX ${quoteQualified(index.schema, index.name)} CASCADE` }];
}

function dropOf(type: Extra): string {
  return `DROP ${nameOf(type)}`;
}

/** What takes away a definition that holds nothing: no rows, no numbers. */
export function removal(id: ObjectId, facts: Facts): string | undefined {
  switch (id.kind) {
    case "aggregate":
    case "function":
    case "procedure":
      return `DROP ROUTINE ${quoteQualified(id.schema, id.name)}(${id.args.join(", ")})`;
    case "domain":
      return `ALTER DOMAIN ${quoteQualified(id.schema, id.name)} DROP DEFAULT`;
    case "constraint": {
      const on = facts.get(id)?.parent?.kind === "domain" ? "DOMAIN" : "TABLE";
      return `ALTER ${on} ${quoteQualified(id.schema, id.table)} DROP CONSTRAINT ${quoteIdentifier(id.name)}`;
    }
    case "policy":
      return `DROP POLICY ${quoteIdentifier(id.name)} ON ${quoteQualified(id.schema, id.table)}`;
    case "rule":
      return `DROP RULE ${quoteIdentifier(id.name)} ON ${quoteQualified(id.schema, id.table)}`;
    case "view":
      return `DROP VIEW ${quoteQualified(id.schema, id.name)}`;
    case "materializedView":
      return `DROP MATERIALIZED VIEW ${quoteQualified(id.schema, id.name)}`;
    case "index":
      return `DROP INDEX ${quoteQualified(id.schema, id.name)}`;
    case "default": {
      const isGenerated = textOf(facts, { ...id, kind: "column" }, "generatedExpr") !== undefined;
      const column = `ALTER TABLE ${quoteQualified(id.schema, id.table)} ALTER COLUMN ${quoteIdentifier(id.name)}`;
      return isGenerated ? columnRemoval(id, facts) : `${column} DROP DEFAULT`;
    }
    default:
      return columnRemoval(id, facts);
  }
}

function columnRemoval(id: ObjectId, facts: Facts): string | undefined {
  if (id.kind === "trigger")
    return `DROP TRIGGER ${quoteIdentifier(id.name)} ON ${quoteQualified(id.schema, id.table)}`;
  const isColumn = id.kind === "column" || id.kind === "default";
  const column = isColumn ? facts.get({ ...id, kind: "column" }) : undefined;
  if (!isColumn || typeof column?.payload["generatedExpr"] !== "string") return undefined;
  return `ALTER TABLE ${quoteQualified(id.schema, id.table)} DROP COLUMN ${quoteIdentifier(id.name)}`;
}

/** References to its table need a partition for as long as it is one. */
function detached(id: ObjectId, facts: Facts): PlannedStatement | undefined {
  const parent = parentTable(facts, id);
  if (id.kind !== "table" || parent === undefined || textOf(facts, id, "partitionBound") === undefined)
    return undefined;
  return detachment(id, parent, facts);
}
