/** Of the source, what rules are about; `readSource` reads it. */
export interface SourceCatalogue {
  /** Ordinary and partitioned tables and partitions, but those of extensions, temporary ones and the tool's own. */
  readonly tables: readonly SourceTable[];
  /** Those of the tool's own that say which migrations were applied. */
  readonly ledgers?: readonly TableName[];
  /** Whether it was built from the schema files, which may be behind the database that is copied. */
  readonly ofFiles?: boolean;
}

export interface TableName {
  readonly schema: string;
  readonly name: string;
}

export interface SourceTable {
  /** pg_class.oid. */
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** A partitioned table has no rows of its own. */
  readonly kind: "table" | "partitioned";
  /** Of a partition, the oid of the table that it is a part of. */
  readonly partitionOf: number | null;
  readonly columns: readonly SourceColumn[];
  /** Unique indexes; `columns` are numbers, also of those that its expressions and condition read. */
  readonly unique: readonly {
    readonly name: string;
    readonly columns: readonly number[];
    /** What its keys are, and of which rows, where it has expressions or a condition. */
    readonly computed: { readonly keys: readonly string[]; readonly condition: string | null } | null;
    readonly isPrimary: boolean;
    /** Without expressions and condition, valid, checked at once or at the end: it identifies rows. */
    readonly isPlain: boolean;
  }[];
  /** Those that every row has passed: PostgreSQL tries no row for the others. */
  readonly checks: readonly {
    readonly name: string;
    readonly columns: readonly number[];
    /** "(price > 0)" */
    readonly expression: string;
  }[];
  /** Expressions of indexes and their conditions, as one list each, with the columns that they read. */
  readonly indexExpressions: readonly {
    readonly name: string;
    readonly columns: readonly number[];
    readonly expressions: string;
  }[];
  readonly foreignKeys: readonly SourceForeignKey[];
  /** Columns of the partition key, by number; also those that its expressions read. */
  readonly partitionKey: readonly number[];
}

export interface SourceColumn {
  readonly number: number;
  readonly name: string;
  /** As PostgreSQL prints it: "character varying(20)". */
  readonly type: string;
  /** pg_type.typname of the type, or of that under a domain, or of an array's elements: "varchar", "int8". */
  readonly baseType: string;
  /** The schema of that type. */
  readonly typeSchema: string;
  readonly isArray: boolean;
  /** pg_type.typtype of that type: b base, c composite, e enum, r range, m multirange. */
  readonly typeKind: string;
  /** Of varchar(n) and char(n). */
  readonly length: number | null;
  readonly notNull: boolean;
  readonly generated: boolean;
  /** The expression of a generated column. */
  readonly generation: string | null;
  /** Numbers of the columns that it reads. */
  readonly reads: readonly number[];
  readonly isDomain: boolean;
  /** The type as a cast to it names it, whatever the search_path; null for one of an extension that has parameters. */
  readonly castType: string | null;
  /** Whether its collation takes texts of other bytes for others. */
  readonly isDeterministic: boolean;
  /** CHECK expressions of its domains over VALUE. */
  readonly domainChecks: readonly { readonly name: string; readonly expression: string }[];
}

export interface SourceForeignKey {
  readonly name: string;
  readonly columns: readonly number[];
  /** Whether every row has passed it. */
  readonly validated: boolean;
  readonly references: number;
  readonly referencedColumns: readonly number[];
  /** Whether the last column is a period (`PERIOD`, PostgreSQL 18). */
  readonly temporal: boolean;
}
