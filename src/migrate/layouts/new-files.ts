import { type MigrationFile, type MigrationForm, migrationId } from "../files/migration-file.ts";

/** How a layout writes a new migration, and what the first one of an empty folder is called. */
export interface Creation {
  /** Whether versions are numbers or timestamps where nothing is there that would say it. */
  readonly versions: "number" | "timestamp";
  write(migration: NewMigration): NewFiles;
}

/** A migration that is to be written. */
export interface NewMigration {
  readonly version: string;
  readonly name: string;
  readonly up: NewWay;
  /** What its marker says of phases and backfills, which only this tool's own layout has room for. */
  readonly options?: string | undefined;
  /** Undefined for none. */
  readonly down: NewWay | undefined;
  /** What is in the folder, in version order: a new file looks like the others. */
  readonly before: readonly MigrationFile[];
}

export interface NewWay {
  /** Ends with a line break. */
  readonly sql: string;
  /** Runs outside a transaction. */
  readonly outside: boolean;
}

export interface NewFiles {
  readonly form: Exclude<MigrationForm, "foreign">;
  /** The migration's own file. */
  readonly up: NewFile;
  /** The file with its way back, where that is one of its own. */
  readonly down?: NewFile;
  /** What the tool wants to have beside it, such as a file of settings. */
  readonly others?: readonly NewFile[];
  /** The lines below which the ways are written, in a file that holds both. */
  readonly marks?: { readonly up: string | undefined; readonly down: string };
}

export interface NewFile {
  /** Below the folder of migrations. */
  readonly path: string;
  readonly content: string;
}

/** The first line of a file that runs outside a transaction, where a tool has none for it. */
export const OUTSIDE = "-- no-transaction\n";

/** A file that is one way from its first line to its last. */
export function plainContent({ sql, outside }: NewWay): string {
  return (outside ? OUTSIDE : "") + sql.trimStart();
}

/** `VERSION_name.sql`, the way up and nothing else. */
export function plainFile(migration: NewMigration): NewFiles {
  return { form: "sql", up: { path: `${migrationId(migration)}.sql`, content: plainContent(migration.up) } };
}

/** A file for each way. */
export function twoFiles({ up, down }: NewMigration, paths: { readonly up: string; readonly down: string }): NewFiles {
  return {
    form: down === undefined ? "sql" : "sql-pair",
    up: { path: paths.up, content: plainContent(up) },
    ...(down === undefined ? {} : { down: { path: paths.down, content: plainContent(down) } }),
  };
}

/** Both ways in one file, each below its mark. */
export function markedFile(
  migration: NewMigration,
  marks: { readonly up: string; readonly down: string },
  options: {
    readonly path?: string;
    /** What stands above the first mark where one of the ways runs outside a transaction, which holds for both then. */
    readonly outsideHead?: string;
    /** The line of a mark whose way runs outside a transaction. */
    readonly outside?: (mark: string) => string;
    readonly section?: (sql: string) => string;
  } = {},
): NewFiles {
  const {
    path = `${migrationId(migration)}.sql`,
    outsideHead = "",
    outside = (mark) => mark,
    section = (sql) => sql,
  } = options;
  const part = (mark: string, way: NewWay | undefined): string[] =>
    way === undefined ? [] : [`${way.outside ? outside(mark) : mark}\n${section(way.sql)}`];
  const head = migration.up.outside || migration.down?.outside === true ? outsideHead : "";
  const content = head + [...part(marks.up, migration.up), ...part(marks.down, migration.down)].join("\n");
  return { form: "sql", up: { path, content }, marks };
}

/** A section whose functions would be cut at their semicolons, as one statement. */
export function inStatementBlock(sql: string, prefix: string): string {
  return /\$\w*\$/.test(sql) ? `${prefix} StatementBegin\n${sql.trim()}\n${prefix} StatementEnd\n` : sql;
}

/** The newest migration that is SQL: what a new one is to look like. */
export function newestSql(before: readonly MigrationFile[]): MigrationFile | undefined {
  return before.findLast(({ form, baseline }) => (form === "sql" || form === "sql-pair") && baseline !== true);
}
