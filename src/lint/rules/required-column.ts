import { writeIdentifier } from "#sql/quote.ts";
import type { Found, Rule } from "../rule.ts";
import { addedColumns, isNullConstant, nameOf, typeText } from "../syntax.ts";
import { exampleValue } from "../example-value.ts";

export const requiredColumn: Rule = {
  id: "required-column",
  title: "ADD COLUMN NOT NULL without a default",
  group: "data",
  severity: "error",
  asks: ["syntax", "neighbours"],
  aliases: { squawk: ["adding-required-field"], atlas: ["MF103"], strongMigrations: ["add_column_null"] },
  why: "A new NOT NULL column without a default fails as soon as the table holds a row. On an empty table it works, and then applications fail that do not know the column yet.",
  instead: "Give it a default, or add it without NOT NULL, fill it, and set NOT NULL later (see not-null-scans).",
  wrong: "ALTER TABLE users ADD COLUMN locale text NOT NULL;",
  right: "ALTER TABLE users ADD COLUMN locale text NOT NULL DEFAULT 'en';",
  check({ node, isOld }) {
    return addedColumns(node).flatMap(({ table, column, constraints }): Found[] => {
      const kinds = constraints.map(({ contype }) => contype);
      const isRequired = kinds.includes("CONSTR_NOTNULL") || kinds.includes("CONSTR_PRIMARY");
      const hasValue =
        kinds.includes("CONSTR_IDENTITY") ||
        kinds.includes("CONSTR_GENERATED") ||
        /serial\d?$/.test(typeText(column.typeName)) ||
        constraints.some(({ contype, raw_expr }) => contype === "CONSTR_DEFAULT" && !isNullConstant(raw_expr));
      if (!isRequired || hasValue || !isOld(table)) return [];
      const name = writeIdentifier(column.colname ?? "");
      const type = typeText(column.typeName);
      const value = exampleValue(type);
      return [
        {
          message: `This fails when ${nameOf(table)} holds a row, and where it does not, applications fail that leave ${name} out`,
          fix: value
            ? `ALTER TABLE ${nameOf(table)} ADD COLUMN ${name} ${type} NOT NULL DEFAULT ${value};  -- or another value`
            : `ALTER TABLE ${nameOf(table)} ADD COLUMN ${name} ${type};  -- fill it, and SET NOT NULL in a later migration`,
          at: column.location,
        },
      ];
    });
  },
};
