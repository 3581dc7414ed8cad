import { NAME_BYTES } from "#sql/clip-name.ts";
import { quoteIdentifier } from "#sql/quote.ts";
import type { Action } from "../engine/actions.ts";
import type { Facts } from "../engine/facts.ts";
import { textOf } from "../engine/lookups.ts";
import { type MadeTable, writeTable } from "../engine/made-table.ts";
import { encodeId, type ObjectId } from "../engine/object-id.ts";
import type { Relation } from "../kinds/kind.ts";
import type { ColumnId } from "./numbers-kept.ts";
import { sequenceOptions, type SequenceOptions } from "../engine/sequence-options.ts";

/**
 * A sequence that is made with its column, and is as PostgreSQL makes it for `serial` (manual, Serial Types), becomes that: one
 * statement in the place of three. Pure.
 */
export function withSerials(actions: readonly Action[], to: Facts): Action[] {
  const result: (Action | undefined)[] = [...actions];
  for (const [
    at,
    {
      produces: [made],
      sql,
    },
  ] of actions.entries()) {
    if (made?.kind !== "sequence" || !sql.startsWith("CREATE ")) continue;
    const serial = serialOf({ ...made, kind: made.kind }, to);
    if (serial === undefined) continue;
    const home = result.findIndex((each) => produces(each, serial.column));
    const whole = result[home];
    const written = whole && withSerial(whole, serial);
    const uses = [...result.entries()].filter(
      ([index, each]) => index !== home && each !== undefined && refersTo(each, made),
    );
    // It belongs to the column, and with that to whom the table belongs to. What else asks for it comes behind the column.
    const [owned, others] = [uses.filter(saysOwner), uses.filter((use) => !saysOwner(use))];
    if (written === undefined || others.some(([index]) => index !== at && index < home)) continue;
    for (const [index] of [[at], ...owned]) result[index] = undefined;
    result[home] = { ...written, produces: [...written.produces, made] };
  }
  return result.filter((action) => action !== undefined);
}

function saysOwner([, action]: readonly [number, Action | undefined]): boolean {
  return SAYS_OWNER.test(action?.sql ?? "");
}

/** OWNED BY a column, or OWNER TO a role. */
const SAYS_OWNER = /^ALTER SEQUENCE (?:"(?:[^"]|"")*"\.?)+ (?:OWNED BY|OWNER TO) /;

interface Serial {
  readonly column: ColumnId;
  /** What stands behind its name. */
  readonly definition: string;
  readonly type: string;
}

/** The column whose `serial` would make this sequence. */
function serialOf(id: { readonly kind: "sequence" } & Relation, to: Facts): Serial | undefined {
  const { ownedBy, dataType, ...options } = (to.get(id)?.payload ?? {}) as unknown as Sequence;
  if (ownedBy === null || ownedBy?.schema !== id.schema) return undefined;
  const { schema, table, column: name } = ownedBy;
  const column: ColumnId = { kind: "column", schema, table, name };
  const type = SERIALS[dataType];
  const isNamedSo = id.name === `${table}_${name}_seq` && Buffer.byteLength(id.name) <= NAME_BYTES;
  if (type === undefined || !isNamedSo || sequenceOptions(dataType, options).length > 0) return undefined;
  if (textOf(to, column, "type") !== dataType) return undefined;
  const value = to.childrenOf(column).find((child) => child.id.kind === "default");
  const isIts = value !== undefined && to.outgoingEdges(value.id).some((edge) => encodeId(edge.to) === encodeId(id));
  const expression = value?.payload["expr"];
  if (!isIts || typeof expression !== "string" || !/^nextval\('[^']*'::regclass\)$/.test(expression)) return undefined;
  return { column, definition: `${dataType} NOT NULL DEFAULT ${expression}`, type };
}

interface Sequence extends SequenceOptions {
  readonly ownedBy: { readonly schema: string; readonly table: string; readonly column: string } | null | undefined;
  readonly dataType: string;
}

/** By the type that a column has. */
export const SERIALS: Readonly<Record<string, string>> = {
  smallint: "smallserial",
  integer: "serial",
  bigint: "bigserial",
};

function withSerial(action: Action, { column, definition, type }: Serial): Action | undefined {
  const name = quoteIdentifier(column.name);
  const [before, after] = [`${name} ${definition}`, `${name} ${type}`];
  const { table, sql, element } = action;
  if (table !== undefined) {
    const elements = table.elements.map((each) => (each === before ? after : each));
    if (elements.every((each, index) => each === table.elements[index])) return undefined;
    const made: MadeTable = { ...table, elements };
    return { ...action, table: made, sql: writeTable(made) };
  }
  const added = ` ADD COLUMN ${before}`;
  if (!sql.endsWith(added)) return undefined;
  return {
    ...action,
    sql: `${sql.slice(0, -added.length)} ADD COLUMN ${after}`,
    ...(element === undefined ? {} : { element: after }),
  };
}

function produces(action: Action | undefined, id: ObjectId): boolean {
  return action?.produces.some((made) => encodeId(made) === encodeId(id)) === true;
}

/** Whether a statement is about a sequence, or needs it. */
function refersTo({ produces: made, consumes, destroys, releases }: Action, id: ObjectId): boolean {
  const key = encodeId(id);
  return [...made, ...consumes, ...destroys, ...releases].some(
    (each) => encodeId(each) === key || ("target" in each && encodeId(each.target) === key),
  );
}
