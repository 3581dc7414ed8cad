import { expect, test } from "bun:test";
import { spentChecks } from "#migrate/warnings/spent-checks.ts";
import { splitStatements } from "#sql/split.ts";

const ADD = "ALTER TABLE app.t ADD CONSTRAINT c CHECK (a IS NOT NULL) NOT VALID;";
const SET = "ALTER TABLE app.t ALTER a SET NOT NULL;";
const DROP = "ALTER TABLE t DROP CONSTRAINT c";

test.each([
  [`${ADD} ${SET} ${DROP}`, true],
  [`${ADD} ALTER TABLE app.t ALTER COLUMN a SET NOT NULL, DROP CONSTRAINT c`, true],
  [
    `${ADD.replace("(a", "(((a").replace("NULL)", 'NULL)) AND ("B" IS NOT NULL))')} ${SET} ${SET.replace(" a ", ' "B" ')} ${DROP}`,
    true,
  ],
  [`${ADD} ${DROP}`, false],
  [`${ADD} ${SET} ALTER TABLE t ALTER a DROP NOT NULL; ${DROP}`, false],
  [`${ADD} ${SET} ${DROP}, DROP CONSTRAINT d`, false],
  [`${ADD} ${SET} ${DROP}, DROP COLUMN b`, false],
  [`${ADD.replace("NULL)", "NULL AND a > 1)")} ${SET} ${DROP}`, false],
  [`${ADD.replace("NULL)", "NULL OR b IS NOT NULL)")} ${SET} ${DROP}`, false],
  [`${ADD} ${SET.replace(" a ", " b ")} ${DROP}`, false],
  [`${ADD} ${SET.replace("app", "other")} ALTER TABLE app.t DROP CONSTRAINT c`, false],
])("%s: %p", async (sql, isSpent) => {
  const { statements } = splitStatements(sql);
  expect((await spentChecks(statements, undefined)).has(statements.at(-1)!)).toBe(isSpent);
});
