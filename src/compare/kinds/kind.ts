import type { RowsHazard } from "#sql/effects/hazard.ts";
import type { OtherForm } from "../engine/actions.ts";
import type { Facts } from "../engine/facts.ts";
import type { ObjectId } from "../engine/object-id.ts";

/** An object, or a property of one, of a kind in this folder: what the planner knows nothing of. */
export interface Extra<Payload = object> {
  /** In PostgreSQL's words: "cast", "statistics object"; of a property its name: "storage". */
  readonly kind: string;
  readonly path: readonly string[];
  /** The table, view or index that it belongs to and goes with. */
  readonly relation: Relation | undefined;
  /** All that is known of it but its name, its comment and its owner, as its kind's query reads it. */
  readonly payload: Payload;
  readonly comment?: string | undefined;
  /** Of an object that has one; undefined where owners do not count, or were not read. */
  readonly owner?: string | undefined;
  /** What an object depends on, and what depends on it, as far as it is not of the system. */
  readonly needs?: readonly ObjectId[];
  readonly neededBy?: readonly ObjectId[];
}

export interface Relation {
  readonly schema: string;
  readonly name: string;
}

/** What is to be there, or was. */
export interface Side {
  readonly facts: Facts;
  readonly extras: readonly Extra[];
}

/** A statement without a semicolon, with what rows that are there can do to it, or what else leads there. */
export type KindStatement =
  | string
  | { readonly sql: string; readonly rows: RowsHazard }
  | { readonly sql: string; readonly otherwise: OtherForm };

/** A kind of objects, or of properties: everything about it is in its file. Payloads are as its query makes them. */
export interface Kind<Payload extends object = object> {
  readonly query: KindQuery;
  /** The payload in one form, where PostgreSQL has several for the same: as it was read, and as snapshots have it. */
  normalized?(payload: Payload): object;
  /** All of the payload in one line, for people. */
  text(payload: Payload): string;
  /** Undefined where such objects are compared and written by hand. */
  readonly statements: Statements<Payload> | undefined;
  /** The file of `export` for it; that of what it belongs to where this is left out. */
  readonly home?: Home;
  /** What else its statements name, where `home` is left out. */
  names?(extra: Extra<Payload>, side: Side): readonly ObjectId[];
}

/** A file of an exported schema, by its folder's meaning. */
export interface Home {
  readonly folder: "common" | "types" | "functions";
  readonly name: string;
}

export interface Statements<Payload extends object> {
  /** What an object is called in DROP and COMMENT ON; of a property undefined. */
  name?(extra: Extra<Payload>): string;
  /** Makes the object, or sets the property. `before` is what is there until then. */
  create(extra: Extra<Payload>, side: Side, before: Side): readonly KindStatement[];
  /** Gives a property its default again, which may be gone by then. An object is dropped by its name. */
  reset?(extra: Extra<Payload>, side: Side): readonly KindStatement[];
  /** Whether a reset comes before everything else of a plan, because that may take away or make anew what it is of. */
  readonly resetsFirst?: true;
  /** From one payload to another; undefined where the object is made anew, or the property is just set. */
  change?(from: Extra<Payload>, to: Extra<Payload>, side: Side): readonly KindStatement[] | undefined;
  /** What has to happen before anything else of a plan, and at its end, where that is not as for other kinds. */
  transition?(
    from: Extra<Payload> | undefined,
    to: Extra<Payload> | undefined,
    side: Side,
  ): { readonly first: readonly KindStatement[]; readonly last: readonly KindStatement[] };
}

/** What reads a kind: the columns and the rest of a SELECT, which may use the queries in common.sql. */
export interface KindQuery {
  /** The object's catalogue and number, and its owner's column, where it is an object of its own. */
  readonly object?: { readonly catalogue: string; readonly oid: string; readonly owner?: string };
  /** text[] */
  readonly path: string;
  /** The number of the table, view or index that it belongs to. */
  readonly relation?: string;
  /** What jsonb_build_object takes: a name and a value, and so on. */
  readonly payload: string;
  /** From FROM on. */
  readonly from: string;
}

/** For a kind's file: checks it, and keeps what its payload is. */
export function kind<Payload extends object>(one: Kind<Payload>): Kind<Payload> {
  return one;
}
