import type { ResultColumn } from "#database/database.ts";
import type { ResultFormat } from "./result-format.ts";
import { visibleJsonText } from "./visible.ts";

const BOOLEAN = 16;
const NUMBERS = new Set([20, 21, 23, 26, 700, 701, 1700]);
const JSON_TYPES = new Set([114, 3802]);

/** A number of PostgreSQL's that is one of JSON's as well: not NaN, not Infinity. */
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d+)?$/i;

/**
 * The elements of the JSON document's list of results, as they come: `{"columns": [...], "rows": [{...}], "command":
 * "SELECT 1"}`. Values are what PostgreSQL's to_json makes of numbers, booleans and JSON, and text otherwise.
 */
export class ResultJson implements ResultFormat {
  #names: string[] = [];
  #types: number[] = [];
  #results = 0;
  #rows = 0;
  /** What the result that is being written has begun with. */
  #open: "nothing" | "rows" | "copy" = "nothing";
  #decoder = new TextDecoder();

  columns(columns: readonly ResultColumn[]): string {
    const names: string[] = [];
    for (const { name } of columns) {
      let free = name;
      for (let n = 2; names.includes(free); n++) free = `${name}_${n}`;
      names.push(free);
    }
    this.#names = names.map((name) => `${text(name)}: `);
    this.#types = columns.map(({ type }) => type);
    this.#rows = 0;
    this.#open = "rows";
    return `${this.#next()}{"columns": [${names.map(text).join(", ")}], "rows": [`;
  }

  row(values: readonly (string | null)[]): string {
    const fields = values.map((value, index) => this.#names[index]! + jsonValue(value, this.#types[index]!));
    return `${this.#rows++ === 0 ? "" : ","}\n    {${fields.join(", ")}}`;
  }

  copied(bytes: Uint8Array): string {
    const begin = this.#open === "copy" ? "" : `${this.#next()}{"copied": "`;
    if (begin !== "") this.#decoder = new TextDecoder();
    this.#open = "copy";
    return begin + text(this.#decoder.decode(bytes, { stream: true })).slice(1, -1);
  }

  completed(tag: string): string {
    const begin = this.#open === "nothing" ? `${this.#next()}{` : `${this.#close()}, `;
    this.#open = "nothing";
    return `${begin}"command": ${text(tag)}}`;
  }

  failed(): string {
    const end = this.unfinished();
    this.#open = "nothing";
    return end;
  }

  unfinished(): string {
    return this.#open === "nothing" ? "" : `${this.#close()}, "command": null}`;
  }

  #next(): string {
    return `${this.#results++ === 0 ? "" : ","}\n  `;
  }

  #close(): string {
    return this.#open === "copy" ? '"' : `${this.#rows === 0 ? "" : "\n  "}]`;
  }
}

function jsonValue(value: string | null, type: number): string {
  if (value === null) return "null";
  if (type === BOOLEAN) return value === "t" ? "true" : "false";
  if (NUMBERS.has(type)) return NUMBER.test(value) ? value : text(value);
  // Ends of lines and tabs stand only between its parts.
  return JSON_TYPES.has(type) ? visibleJsonText(value.replaceAll(/[\n\r\t]/g, " ")) : text(value);
}

function text(value: string): string {
  return visibleJsonText(JSON.stringify(value));
}
