import type { ResultColumn } from "#database/database.ts";
import type { ResultFormat } from "./result-format.ts";

/** What psql's forms for people share: a tag stands below what has no rows, and below rows that a statement gives back of its changes. */
export abstract class ResultText implements ResultFormat {
  protected count = 0;
  #open = false;
  #copied = false;

  columns(columns: readonly ResultColumn[]): string {
    this.count = 0;
    this.#open = true;
    this.begin(columns);
    return "";
  }

  row(values: readonly (string | null)[]): string {
    this.count++;
    return this.add(values);
  }

  copied(bytes: Uint8Array): Uint8Array {
    this.#copied = true;
    return bytes;
  }

  completed(tag: string): string {
    const copied = this.#copied;
    this.#copied = false;
    if (!this.#open) return copied ? "" : `${tag}\n`;
    this.#open = false;
    const end = this.end();
    return /^(?:INSERT|UPDATE|DELETE|MERGE)\b/.test(tag) ? `${end}${tag}\n` : end;
  }

  failed(): string {
    const rest = this.#open ? this.rest() : "";
    this.#copied = false;
    this.#open = false;
    return rest;
  }

  protected abstract begin(columns: readonly ResultColumn[]): void;
  protected abstract add(values: readonly (string | null)[]): string;
  /** What ends the rows of a statement that is done. */
  protected abstract end(): string;
  /** The rows that are kept and not yet written. */
  protected abstract rest(): string;
}
