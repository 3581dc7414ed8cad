import type { ResultColumn } from "#database/database.ts";
import type { ResultFormat } from "./result-format.ts";

/** CSV as `psql --csv` writes it: a line of names, NULL as nothing, quotes where they are needed. */
export class ResultCsv implements ResultFormat {
  columns(columns: readonly ResultColumn[]): string {
    return line(columns.map(({ name }) => name));
  }

  row(values: readonly (string | null)[]): string {
    // Without columns there is no end of a line either.
    return values.length === 0 ? "" : line(values);
  }

  copied(bytes: Uint8Array): Uint8Array {
    return bytes;
  }

  completed(): string {
    return "";
  }

  failed(): string {
    return "";
  }
}

function line(values: readonly (string | null)[]): string {
  return `${values.map((value) => (value === null ? "" : quoted(value))).join(",")}\n`;
}

function quoted(value: string): string {
  return /[",\r\n]/.test(value) || value === "\\." ? `"${value.replaceAll('"', '""')}"` : value;
}
