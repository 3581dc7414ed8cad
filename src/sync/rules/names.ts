import { nearest } from "#errors/suggest.ts";
import { quoteIdentifier, quoteQualified, reportedName, writeIdentifier, writeQualified } from "#sql/quote.ts";
import type { SourceCatalogue, SourceColumn, SourceTable } from "../source/catalogue.ts";

/** Finds tables and columns by the names that rules give them: as the catalogue has them, as SQL writes them, or as reports do. */
export class Names {
  readonly #tables = new Map<string, SourceTable>();

  readonly #ofFiles: boolean;

  constructor({ tables, ofFiles = false }: SourceCatalogue) {
    this.#ofFiles = ofFiles;
    for (const table of tables) {
      const { schema, name } = table;
      const written = `${writeIdentifier(schema)}.${writeIdentifier(name)}`;
      const short = schema === "public" ? [name, writeIdentifier(name)] : [];
      for (const key of [
        `${schema}.${name}`,
        written,
        quoteQualified(schema, name),
        reportedName(schema, name),
        ...short,
      ]) {
        this.#tables.set(key, table);
      }
    }
  }

  /** What to do with a rule of something that is not there, and is like nothing that is. */
  get fixOfUnknown(): string {
    return this.#ofFiles
      ? "The schema files have no such name. If production has it, bring the files up to date (confiture drift, confiture export); otherwise remove the rule"
      : "Remove the rule";
  }

  table(written: string): SourceTable | undefined {
    return this.#tables.get(written);
  }

  /** The nearest name that there is. */
  suggestTable(written: string): string | undefined {
    const elsewhere = [...this.#tables.values()].find(({ name }) => name === written);
    return elsewhere === undefined ? nearest(written, this.#tables.keys()) : shownTable(elsewhere);
  }

  /** `users.email`, `billing.invoices.iban` */
  column(written: string): { readonly table: SourceTable; readonly column: SourceColumn } | undefined {
    const [of, name] = splitColumn(written);
    const table = this.table(of);
    const column = table === undefined ? undefined : columnNamed(table, name);
    return table === undefined || column === undefined ? undefined : { table, column };
  }

  /** What to write in place of a name that no column has. */
  suggestColumn(written: string): string {
    const [of, name] = splitColumn(written);
    const table = this.table(of) ?? this.table(this.suggestTable(of) ?? "");
    const names = table?.columns.map((column) => column.name) ?? [];
    const near = names.includes(name) ? name : nearest(name, names);
    const isBehind = this.#ofFiles && of !== "";
    if (table === undefined) return isBehind ? this.fixOfUnknown : "Write TABLE.COLUMN: users.email";
    if (near === undefined) {
      const known = `${shownTable(table)} has ${names.map(writeIdentifier).join(", ")}`;
      return isBehind ? `${known}. ${this.fixOfUnknown}` : known;
    }
    // As YAML takes it: quotes of SQL around a part of a value are none of YAML's.
    const { schema, name: tableName } = table;
    return `Did you mean "${reportedName(...(schema === "public" ? [] : [schema]), tableName, near)}"?`;
  }
}

/** The table and the column of "users.email". */
function splitColumn(written: string): [table: string, column: string] {
  const at = written.endsWith('"') ? written.lastIndexOf('."') : written.lastIndexOf(".");
  return [written.slice(0, Math.max(at, 0)), written.slice(at + 1)];
}

export function columnNamed({ columns }: SourceTable, written: string): SourceColumn | undefined {
  return columns.find(({ name }) => name === written || quoteIdentifier(name) === written);
}

/** "users", or "billing.invoices" outside of public: as rules name it. */
export function shownTable({ schema, name }: { readonly schema: string; readonly name: string }): string {
  return writeQualified(schema, name);
}

/** A column as `references` and `as` name it: "users.email". */
export function columnReference(table: SourceTable, { name }: SourceColumn): string {
  return `${shownTable(table)}.${writeIdentifier(name)}`;
}
