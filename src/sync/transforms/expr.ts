import { PARTIAL, type Transform } from "./transform.ts";

/** Queries, and functions that run one that they are given, or read what is outside of the row. */
const READS_ROWS =
  /\b(?:select|table)\b|\b(?:(?:query|table|cursor|schema|database)_to_xml\w*|ts_stat|ts_rewrite|dblink\w*|pg_read_\w+|lo_get|current_setting)\s*\(/i;

export const expr: Transform = {
  name: "expr",
  summary:
    "An expression of your own. Names of columns in it, also as `{email}`, mean their transformed values: queries are refused, and so are functions that run them. For what is computed from other columns, such as a search index.",
  result: "'andersen':2 'clara':1",
  examples: [`{ expr: "to_tsvector('simple', {first_name})" }`],
  takes: "any",
  make(options, { transformed }) {
    const text = options.text();
    if (text.trim() === "") throw options.fail("An expression has to be here");
    const bare = text.replaceAll(/'(?:[^']|'')*'|"(?:[^"]|"")*"/g, "''");
    if (READS_ROWS.test(bare)) {
      throw options.fail(
        "An expression reads no other rows: originals would come through",
        "Use columns of the same row",
      );
    }
    const sql = text.replaceAll(/\{([^{}]+)\}/g, (_, column: string) => transformed(options, column));
    return {
      class: "lossy",
      proof: PARTIAL,
      maxLength: Number.POSITIVE_INFINITY,
      readsOthers: true,
      expression: () => `(${sql}\n)`,
    };
  },
};
