import { PARTIAL, type Transform } from "./transform.ts";

export const expr: Transform = {
  name: "expr",
  summary:
    "An expression of your own. Names of columns in it, also as `{email}`, mean their transformed values; it cannot read its own column, generated ones and other expressions. It holds these, constants, operators and functions of PostgreSQL that only compute, and no query, so that originals are out of its reach. For what is computed from other columns, such as a search index.",
  result: "'andersen':2 'clara':1",
  examples: [`{ expr: "to_tsvector('simple', {first_name})" }`],
  takes: "any",
  make(options, { transformed }) {
    const text = options.text();
    // What else may be in it, `expressionFault` says.
    if (text.trim() === "") throw options.fail("An expression has to be here");
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
