import { quoteLiteral } from "#sql/quote.ts";
import type { TokenKind } from "../plan.ts";
import { PARTIAL, type Transform } from "./transform.ts";

/** What replaces a number that is looked for is one itself. */
const LOOKS: Partial<Record<TokenKind, RegExp>> = {
  ssn: /^\d{3}-\d{2}-\d{4}$/,
  card: /^\d{4}([ -]?\d{4}){3}$/,
  iban: /^[A-Z]{2}\d{2}( ?[A-Z0-9]{4}){3,7}( ?[A-Z0-9]{1,3})?$/,
  phone: /^\+[1-9][0-9 ()./-]{5,}[0-9]$/,
};

export const value: Transform = {
  name: "value",
  summary:
    "The same value in every row, of any type, written as PostgreSQL reads it. NULL stays NULL; `null` makes all of them NULL.",
  result: "x",
  examples: ['{ value: "x" }', "{ value: null }"],
  takes: "any",
  make(options) {
    const isNull = options.node === undefined;
    const looks = isNull ? undefined : Object.entries(LOOKS).find(([, look]) => look.test(options.text()));
    const literal = isNull ? "NULL" : quoteLiteral(options.text()).trim();
    return {
      class: "lossy",
      proof: PARTIAL,
      ...(looks === undefined ? {} : { tokens: looks[0] as TokenKind }),
      mayBeResult: (text, type) =>
        isNull ? "false" : `${text} operator(pg_catalog.=) (${literal}::${type})::pg_catalog.text`,
      // An error of the cast would say the rule's value alone; it is looked at before.
      maxLength: isNull ? "original" : Array.from(options.text()).length,
      makesNull: isNull,
      isConstant: true,
      expression: () => literal,
    };
  },
};
