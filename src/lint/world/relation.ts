import type { Constraint } from "#sql/parser.ts";

/** A table, view or index as far as migrations tell: what their text says, and not what a database holds. */
export interface Relation {
  readonly schema: string;
  readonly name: string;
  readonly kind: "table" | "view" | "materialized view" | "index" | "sequence";
  /** Where it was made, as `World.here` was then. */
  readonly made: number;
  readonly temporary: boolean;
  /** Whether all of its columns are known. */
  complete: boolean;
  readonly partitioned: boolean;
  /** Key of the table that it is a partition of. */
  partitionOf?: string;
  hasDefaultPartition?: boolean;
  readonly columns: Map<string, Column>;
  readonly constraints: Map<string, KnownConstraint>;
  /** Whether row level security is on; undefined where the table was not seen to be made. */
  rowSecurity: boolean | undefined;
  readonly policies: Map<string, KnownPolicy>;
  /** Only of an index. */
  readonly index?: KnownIndex;
}

export interface Column {
  readonly name: string;
  type: string;
  notNull: boolean;
  hasDefault: boolean;
}

export interface KnownConstraint {
  readonly name: string;
  readonly kind: NonNullable<Constraint["contype"]>;
  readonly columns: readonly string[];
  valid: boolean;
  /** Columns that it proves to be no NULL, once it is valid. */
  readonly provesNotNull: readonly string[];
  /** Whether it is a CHECK that asks nothing else. */
  readonly asksNotNullAlone: boolean;
  readonly made: number;
}

export interface KnownPolicy {
  readonly permissive: boolean;
  /** "select", "all" */
  readonly command: string;
  readonly roles: readonly string[];
}

export interface KnownIndex {
  /** Key of its table. */
  table: string;
  readonly unique: boolean;
  readonly columns: readonly string[];
  readonly plain: boolean;
  /** Whether a constraint is built on it. */
  ofConstraint: boolean;
}
