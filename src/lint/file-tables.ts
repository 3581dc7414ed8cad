import { type MadeTable, madeTableAt, madeTables } from "#sql/effects/made-tables.ts";
import { type Replaced, replacedTables } from "#sql/effects/replaced.ts";
import { type ReplacedColumn, replacedColumns } from "#sql/effects/replaced-columns.ts";
import { Statement } from "#sql/statement.ts";
import type { LintFile, LintStatement } from "./file.ts";

/** What the statements of a file make of tables, read once for all rules. */
interface FileTables {
  readonly replaced: ReadonlyMap<LintStatement, Replaced>;
  readonly replacedColumns: ReadonlyMap<LintStatement, readonly ReplacedColumn[]>;
  /** The table that is called so behind a statement, where the file makes it. */
  readonly madeAs: (name: string, statement: LintStatement) => MadeTable | undefined;
}

const read = new WeakMap<LintFile, FileTables>();

export function tablesOf(file: LintFile): FileTables {
  const known = read.get(file);
  if (known !== undefined) return known;
  const written = new Map(file.statements.map((one) => [Statement.of(one.text), one]));
  const statements = [...written.keys()];
  const ours = <T>(found: ReadonlyMap<Statement, T>): Map<LintStatement, T> =>
    new Map([...found].map(([one, what]) => [written.get(one)!, what]));
  const made = madeTables(statements);
  const tables: FileTables = {
    replaced: ours(replacedTables(statements)),
    replacedColumns: ours(replacedColumns(statements)),
    madeAs: (name, statement) => madeTableAt(made, file.statements.indexOf(statement), name),
  };
  read.set(file, tables);
  return tables;
}
