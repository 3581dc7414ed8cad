import type { TreeNode, YamlSource } from "#files/yaml-tree.ts";

/** Where rules are, relative to the project. */
export const RULES_DIR = "db/sync";

/** A place in a file of rules. */
export interface Place {
  readonly file: YamlSource;
  readonly offset: number;
}

/** What is wrong, where. */
export interface Problem {
  readonly rule: string;
  readonly message: string;
  readonly fix?: string | undefined;
  readonly place: Place;
  readonly table?: string;
  readonly column?: string;
  /** Of what is wrong inside documents: the path in them. */
  readonly path?: string;
  /** The column without whose fault this would be none: where that one is told, this is not. */
  readonly because?: { readonly table: string; readonly column: string } | undefined;
  /** What has no rule because of this one: every table, one, all of its columns or one of them. */
  readonly explains?: "tables" | { readonly table: string; readonly column?: string };
}

/** A text of a rule, and where it is. */
export interface PlacedText {
  readonly text: string;
  /** As it is written, where `text` is not. */
  readonly shown?: string;
  readonly place: Place;
}

/** Of a rule for several schemas, how they are written, and the one that it is laid beside. */
export interface Several {
  readonly pattern: string;
  readonly schema: string;
}

export interface ColumnRule {
  readonly column: string;
  /** Undefined: the column is in a list of kept ones. */
  readonly node: TreeNode | undefined;
  readonly place: Place;
  /** Of a rule for tables in several schemas. */
  readonly several?: Several;
}

export const FOLLOW = ["down", "up", "none"] as const;

export type Follow = (typeof FOLLOW)[number];

export interface TableRule {
  /** As written: `users`, `billing.invoices`. */
  readonly name: string;
  readonly mode: "rows" | "skip";
  readonly place: Place;
  readonly columns: readonly ColumnRule[];
  /** A condition in SQL. */
  readonly rows: PlacedText | undefined;
  /** The share of rows, between 0 and 1. */
  readonly sample: { readonly share: number; readonly place: Place } | undefined;
  /** By column of a foreign key, as written. */
  readonly follow: readonly { readonly column: string; readonly direction: Follow; readonly place: Place }[];
  /** Whether the rules' tenant applies. */
  readonly tenant: boolean;
}

/** A reference that the schema does not have. */
export interface ReferenceRule {
  /** Each column with the one that it refers to: `events.user_id` and `users.id`. */
  readonly pairs: readonly { readonly from: PlacedText; readonly to: PlacedText }[];
  /** For which rows of the first table it holds, in SQL. */
  readonly where: PlacedText | undefined;
}

export interface Rules {
  readonly files: readonly YamlSource[];
  readonly tables: readonly TableRule[];
  readonly references: readonly ReferenceRule[];
  readonly tenant: { readonly column: string; readonly value: string; readonly place: Place } | undefined;
  /** `skip`: large objects stay behind, and that is said. */
  readonly largeObjects: "refuse" | "skip";
  /** `skip`: rows that somebody has put into tables of extensions stay behind, and that is said. */
  readonly extensionTables: "refuse" | "skip";
  /** What could not be read. */
  readonly problems: readonly Problem[];
  /** SHA-256 of what the rules mean, as hex. */
  readonly digest: string;
}

/** Keys of a table that are no columns. A column of such a name goes below `columns`. */
export const TABLE_KEYS: readonly string[] = ["keep", "rows", "sample", "follow", "tenant", "columns"];
