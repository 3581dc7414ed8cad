import { quoteLiteral } from "#sql/quote.ts";
import { PARTIAL, type Transform } from "./transform.ts";

export const value: Transform = {
  name: "value",
  summary:
    "The same value in every row, of any type, written as PostgreSQL reads it. NULL stays NULL; `null` makes all of them NULL.",
  result: "x",
  examples: ['{ value: "x" }', "{ value: null }"],
  takes: "any",
  make(options) {
    const isNull = options.node === undefined;
    const literal = isNull ? "NULL" : quoteLiteral(options.text()).trim();
    return {
      class: "lossy",
      proof: PARTIAL,
      // An error of the cast would say the rule's value alone; it is looked at before.
      maxLength: isNull ? "original" : Array.from(options.text()).length,
      makesNull: isNull,
      isConstant: true,
      expression: () => literal,
    };
  },
};
