import { inside } from "#sql/parser.ts";
import { writeIdentifier } from "#sql/quote.ts";
import type { Found, Rule } from "../rule.ts";
import { alterations, nameOf, typeText } from "../syntax.ts";

const SIZES: readonly string[] = ["smallint", "integer", "bigint"];

export const narrowsValues: Rule = {
  id: "narrows-values",
  title: "ALTER COLUMN TYPE to one that does not hold every value",
  group: "data",
  severity: "error",
  asks: ["syntax", "neighbours"],
  why: "A shorter `varchar`, a smaller integer or fewer digits make the statement fail on the first value that does not fit, and later writers as well. Fractions are dropped silently.",
  instead: "Check the rows first, add a CHECK that says what fits, and change the type only when it is valid.",
  given: "CREATE TABLE users (id bigint, name text);",
  wrong: "ALTER TABLE users ALTER COLUMN name TYPE varchar(20);",
  right: "ALTER TABLE users ADD CONSTRAINT users_name_check CHECK (length(name) <= 20) NOT VALID;",
  check({ node, isOld, world }) {
    return alterations(node, "AT_AlterColumnType").flatMap(({ table, command }): Found[] => {
      const definition = inside(command.def, "ColumnDef");
      const from = world.column(table, command.name)?.type ?? "";
      const to = typeText(definition?.typeName);
      if (from === "" || !isOld(table) || !isNarrower(from, to)) return [];
      return [
        {
          message: `Not every ${from} fits into ${to}: values of ${nameOf(table)}.${writeIdentifier(command.name ?? "")} may be refused or cut`,
          fix: "Check first which rows do not fit",
          at: definition?.location,
        },
      ];
    });
  },
};

function isNarrower(from: string, to: string): boolean {
  const [before, after] = [SIZES.indexOf(from), SIZES.indexOf(to)];
  if (before >= 0 && after >= 0) return after < before;
  const [a, b] = [length(from), length(to)];
  if (a !== undefined && b !== undefined) return b < a;
  if (from.startsWith("timestamptz") && /^(?:date|timestamp\b(?!tz))/.test(to)) return true;
  return /^(?:numeric|double precision|real)/.test(from) && SIZES.includes(to);
}

/** Of a text type; without an end where it has none. */
function length(type: string): number | undefined {
  const [, , limit] = /^(text|varchar|char)(?:\((\d+)\))?$/.exec(type) ?? [];
  if (!/^(?:text|varchar|char)/.test(type)) return undefined;
  return limit === undefined ? Number.POSITIVE_INFINITY : Number(limit);
}
