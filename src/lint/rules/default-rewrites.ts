import { inside, strings } from "#sql/parser.ts";
import { writeIdentifier } from "#sql/quote.ts";
import type { Found, Rule } from "../rule.ts";
import { addedColumns, nameOf, typeText, volatileIn } from "../syntax.ts";

export const defaultRewrites: Rule = {
  id: "default-rewrites",
  title: "ADD COLUMN with a default or a domain that rewrites every row",
  group: "locks",
  severity: "error",
  severityElse: "warning where nobody knows whether the function is volatile",
  asks: ["syntax", "neighbours", "trace"],
  aliases: {
    squawk: ["adding-field-with-default"],
    eugene: ["E10"],
    atlas: ["PG302"],
    strongMigrations: ["add_column_default"],
  },
  why: "A default that is the same for all rows, `now()` among them, is kept once and rewrites nothing. One that differs from row to row, such as `gen_random_uuid()` or `clock_timestamp()`, rewrites the whole table under an ACCESS EXCLUSIVE lock. So does a column of a domain with a CHECK, even without a default.",
  instead:
    "Add the column without a default, set the default in a second statement so that new rows get one, and fill the old rows in batches. Instead of a domain with a CHECK, take its base type and add the CHECK to the table, `NOT VALID`.",
  wrong: "ALTER TABLE users ADD COLUMN token uuid DEFAULT gen_random_uuid();",
  right:
    "ALTER TABLE users ADD COLUMN created_at timestamptz DEFAULT now();\nALTER TABLE users ADD COLUMN token uuid;\nALTER TABLE users ALTER COLUMN token SET DEFAULT gen_random_uuid();",
  check({ node, isOld, rewrites, world }) {
    const added = addedColumns(node);
    const isKnownCulprit = added.some(({ constraints }) =>
      constraints.some(({ contype, raw_expr }) => contype === "CONSTR_DEFAULT" && volatileIn(raw_expr) !== undefined),
    );
    return added.flatMap(({ table, column, constraints }): Found[] => {
      const isNumbered = constraints.some(
        ({ contype }) => contype === "CONSTR_IDENTITY" || contype === "CONSTR_GENERATED",
      );
      if (!isOld(table) || isNumbered || /serial\d?$/.test(typeText(column.typeName))) return [];
      const expression = constraints.find(({ contype }) => contype === "CONSTR_DEFAULT");
      const name = writeIdentifier(column.colname ?? "");
      const isDomain = world.isCheckedType(strings(column.typeName?.names));
      // One action among several may be the one that rewrites, for all of them.
      const isAlone = inside(node, "AlterTableStmt")?.cmds?.length === 1;
      const mayBeDomain = isDomain || (expression === undefined && isAlone && rewrites(table) === true);
      if (mayBeDomain && rewrites(table) !== false) {
        return [
          {
            message: `The type of ${name} has rules of its own, so every row of ${nameOf(table)} is rewritten while all reads and writes of it wait`,
            fix: `Give ${name} the type that ${typeText(column.typeName)} is made of, and ${nameOf(table)} the CHECK, NOT VALID`,
            at: column.location,
          },
        ];
      }
      if (expression === undefined) return [];
      const volatile = volatileIn(expression.raw_expr);
      // The table is rewritten once for all of them: another column may be why.
      if ((isKnownCulprit || !isAlone) && volatile === undefined) return [];
      if (!(rewrites(table) ?? volatile !== undefined)) return [];
      const isSure = rewrites(table) === true || volatile?.isKnown === true;
      return [
        {
          message: isSure
            ? `The default of ${name} rewrites every row of ${nameOf(table)} while all reads and writes of it wait`
            : `The default of ${name} calls ${volatile?.name ?? "a function"}(): unless that is STABLE or IMMUTABLE, every row of ${nameOf(table)} is rewritten while reads and writes wait`,
          severity: isSure ? undefined : "warning",
          fix: [
            `ALTER TABLE ${nameOf(table)} ADD COLUMN ${name} ${typeText(column.typeName)};`,
            `ALTER TABLE ${nameOf(table)} ALTER COLUMN ${name} SET DEFAULT ${sameCall(expression.raw_expr)};  -- for new rows; fill the old ones in batches`,
          ].join("\n"),
          at: column.location,
        },
      ];
    });
  },
};

/** The expression, where it is a call without arguments; words that stand for it otherwise. */
function sameCall(expression: Parameters<typeof inside>[0]): string {
  const call = inside(expression, "FuncCall");
  return call === undefined || call.args !== undefined
    ? "(the same expression)"
    : `${strings(call.funcname).join(".")}()`;
}
