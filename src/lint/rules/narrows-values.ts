import { inside } from "#sql/parser.ts";
import { writeIdentifier } from "#sql/quote.ts";
import type { Found, Rule } from "../rule.ts";
import { alterations } from "#sql/alterations.ts";
import { nameOf, partsOfType, typeText } from "../syntax.ts";

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
  if (from === to) return false;
  const [a, b] = [length(from), length(to)];
  if (a !== undefined && b !== undefined) return b < a;
  if (from.startsWith("timestamp") && to === "date") return true;
  if (from.startsWith("timestamptz") && /^timestamp\b(?!tz)/.test(to)) return true;
  if (from === "double precision" && to === "real") return true;
  const [had, held] = [digits(from, "had"), digits(to, "held")];
  return had !== undefined && held !== undefined && (held.before < had.before || held.after < had.after);
}

/** How many digits values of a type may have had, or how many every one of them holds: before and behind the point. */
function digits(type: string, which: "had" | "held"): { readonly before: number; readonly after: number } | undefined {
  const { name, modifiers } = partsOfType(type);
  const most = INTEGERS[name];
  if (most !== undefined) return { before: which === "had" ? most : most - 1, after: 0 };
  const [precision, scale = 0] = modifiers;
  if (name === "numeric" && precision !== undefined) return { before: precision - scale, after: scale };
  const isWhole = name === "numeric" || name === "real" || name === "double precision";
  return isWhole ? { before: Number.POSITIVE_INFINITY, after: Number.POSITIVE_INFINITY } : undefined;
}

/** The digits of the largest value. */
const INTEGERS: Readonly<Record<string, number>> = { smallint: 5, integer: 10, bigint: 19 };

/** Of a text type; without an end where it has none. */
function length(type: string): number | undefined {
  const [, , limit] = /^(text|varchar|char)(?:\((\d+)\))?$/.exec(type) ?? [];
  if (!/^(?:text|varchar|char)/.test(type)) return undefined;
  return limit === undefined ? Number.POSITIVE_INFINITY : Number(limit);
}
