import type { Action } from "../engine/actions.ts";
import { alteration } from "./alteration.ts";
import type { Facts } from "../engine/facts.ts";
import { encodeId, type ObjectId } from "../engine/object-id.ts";
import { quoteIdentifier, quoteQualified } from "#sql/quote.ts";

/** A sequence that columns with values come to take their numbers from: that of an identity, or of defaults. */
export interface Takeover {
  readonly next: Source;
  readonly columns: readonly ColumnId[];
  /** What they took them from until then, and what goes. */
  readonly olds: readonly Old[];
}

/** A sequence, as an object or as a column's identity. */
export interface Source {
  readonly schema: string;
  readonly name: string;
  /** The column that it is the identity of; of a default's undefined. */
  readonly identity: ColumnId | undefined;
}

interface Old extends Source {
  /** What it is called meanwhile, where the next one takes its name. */
  readonly aside: string | undefined;
}

interface OldIdentity extends Old {
  readonly identity: ColumnId;
}

function isIdentity(old: Old): old is OldIdentity {
  return old.identity !== undefined;
}

export interface ColumnId {
  readonly kind: "column";
  readonly schema: string;
  readonly table: string;
  readonly name: string;
}

/** Where columns come to be serial or an identity, or take another sequence. Pure. */
export function takeovers(from: Facts, to: Facts): Takeover[] {
  const changed = to.facts().flatMap(({ id }) => {
    if (id.kind !== "column" || !from.has(id)) return [];
    const column = { ...id, kind: id.kind };
    const [old, next] = [sourceOf(column, from), sourceOf(column, to)];
    if (next === undefined || (old?.identity !== undefined && next.identity !== undefined)) return [];
    return next.identity === undefined && from.has(sequenceId(next)) ? [] : [{ column, old, next }];
  });
  return [...Map.groupBy(changed, ({ next }) => keyOf(next)).values()].map((group) => {
    const { next } = group[0]!;
    const columns = group.map(({ column }) => column);
    const olds = new Map(group.flatMap(({ old }) => (old === undefined ? [] : [[keyOf(old), old] as const])));
    const goes = (old: Source): boolean =>
      old.identity !== undefined || (!to.has(sequenceId(old)) && isOnlyFor(columns, old, from));
    const aside = (old: Source): string | undefined =>
      keyOf(old) === keyOf(next) ? freeName(old, from, to) : undefined;
    return { next, columns, olds: [...olds.values()].filter(goes).map((old) => ({ ...old, aside: aside(old) })) };
  });
}

/** The statements of a plan, with each sequence that goes staying until the next one has taken over its number. Pure. */
export function withNumbersKept(actions: readonly Action[], taken: readonly Takeover[]): Action[] {
  return taken.reduce(
    (planned, { next, olds }) => {
      const [identities, sequences] = [olds.filter(isIdentity), olds.filter((old) => !isIdentity(old))];
      return sequences.reduce(
        (others, old) => keepNumber(others, old, next),
        keepIdentities(planned, identities, next),
      );
    },
    [...actions],
  );
}

function keepNumber(actions: Action[], old: Old, next: Source): Action[] {
  const goes = actions.find((action) => action.verb === "drop" && isOf(action.destroys, old));
  const comes = actions.find((action) => makes(action, next));
  if (goes === undefined || comes === undefined) return actions;
  const gone = { ...goes, sql: `DROP SEQUENCE ${currentName(old)}`, verb: "alter" as const, destroys: [] };
  const rest = actions.filter((action) => action !== goes);
  return rest.flatMap((action) => (action === comes ? [...renaming(old), comes, gone] : [action]));
}

/** The next one comes before the first of them goes, and before that, nobody else can take numbers any more. */
function keepIdentities(actions: Action[], olds: readonly OldIdentity[], next: Source): Action[] {
  const comes = actions.find((action) => makes(action, next));
  const going = olds.filter(({ identity }) => actions.some((action) => alters(action, identity, " DROP IDENTITY")));
  if (comes === undefined || going.length === 0) return actions;
  const isSoonEnough = going.every(({ aside }) => aside === undefined);
  const first = actions.find(
    (action) =>
      (isSoonEnough && action === comes) || going.some(({ identity }) => alters(action, identity, " DROP IDENTITY")),
  );
  const before = [...going.map(({ identity }) => locking(identity)), ...going.flatMap(renaming), comes];
  return actions.flatMap((action) => {
    const rest = action === comes ? [] : [action];
    return action === first ? [...before, ...rest] : rest;
  });
}

/** Whether an action makes the sequence that columns come to take their numbers from. Pure. */
export function makes(action: Action, next: Takeover["next"]): boolean {
  if (next.identity !== undefined) return alters(action, next.identity, " ADD GENERATED ");
  return action.verb === "create" && isOf(action.produces, next);
}

/** Whether an action changes a column with a clause like that. Pure. */
export function alters({ sql, consumes, produces }: Action, column: ColumnId, clause: string): boolean {
  const ids = new Set([encodeId(column), encodeId({ ...column, kind: "default" })]);
  return sql.includes(clause) && [...consumes, ...produces].some((id) => ids.has(encodeId(id)));
}

function isOf(ids: readonly ObjectId[], { schema, name }: Source): boolean {
  return ids.some((id) => id.kind === "sequence" && id.schema === schema && id.name === name);
}

/**
 * Nobody is to take a number between the reading of the last one and the end of the identity. It changes nothing that is not
 * gone right after it, and locks the table, as LOCK TABLE does in transactions alone (manual, "ALTER TABLE": ACCESS EXCLUSIVE).
 */
function locking({ schema, table, name }: ColumnId): Action {
  const column = quoteIdentifier(name);
  return alteration(`ALTER TABLE ${quoteQualified(schema, table)} ALTER COLUMN ${column} SET GENERATED BY DEFAULT`);
}

function renaming({ schema, name, aside }: Old): Action[] {
  if (aside === undefined) return [];
  return [alteration(`ALTER SEQUENCE ${quoteQualified(schema, name)} RENAME TO ${quoteIdentifier(aside)}`)];
}

/** What an old one is called when its number is read, and when it goes. Pure. */
export function currentName({ schema, name, aside = name }: Takeover["olds"][number]): string {
  return quoteQualified(schema, aside);
}

/** Where a column takes its numbers from. Pure. */
export function sourceOf(column: ColumnId, facts: Facts): Source | undefined {
  const identity = facts.get(column)?.payload["identity"] as
    | { readonly sequence?: { readonly schema: string; readonly name: string } | null }
    | null
    | undefined;
  if (identity?.sequence !== undefined && identity.sequence !== null) {
    return { schema: identity.sequence.schema, name: identity.sequence.name, identity: column };
  }
  const used = facts.outgoingEdges({ ...column, kind: "default" }).find(({ to }) => to.kind === "sequence")?.to;
  return used?.kind === "sequence" ? { schema: used.schema, name: used.name, identity: undefined } : undefined;
}

function keyOf({ schema, name }: Source): string {
  return encodeId(sequenceId({ schema, name }));
}

function sequenceId({ schema, name }: Pick<Source, "schema" | "name">): ObjectId {
  return { kind: "sequence", schema, name };
}

function isOnlyFor(columns: readonly ColumnId[], old: Source, facts: Facts): boolean {
  const own = new Set(columns.map((column) => encodeId({ ...column, kind: "default" })));
  return facts
    .incomingEdges(sequenceId(old))
    .every(({ from, kind }) => kind !== "depends" || from.kind !== "default" || own.has(encodeId(from)));
}

function freeName({ schema, name }: Source, ...sides: Facts[]): string {
  const kinds = ["table", "view", "materializedView", "foreignTable", "sequence", "index"] as const;
  const isTaken = (other: string): boolean =>
    sides.some((facts) => kinds.some((kind) => facts.has({ kind, schema, name: other })));
  // PostgreSQL cuts names after 63 bytes.
  let free = `${name.slice(0, 14)}_before`;
  while (isTaken(free)) free += "_";
  return free;
}
