import { expect, test } from "bun:test";
import { NO_EFFECTS } from "#compare/generate/effects.ts";
import { hazardsIn } from "#compare/generate/hazards.ts";
import { rowsHazard, statementOf } from "#compare/plan/statement.ts";
import { inOneStatement } from "#compare/plan/types-together.ts";

test("a hazard of one of several columns that change their types names its column, and is told once", () => {
  const change = (column: string, type: string) => ({
    ...statementOf(`ALTER TABLE public.t ALTER COLUMN ${column} TYPE ${type}`),
    rows: rowsHazard("too-large", { type }),
  });
  const whole = inOneStatement([change("a", "integer"), change("b", "smallint"), change("c", "integer")]);
  expect(whole.sql).toBe(
    "ALTER TABLE public.t\n  ALTER COLUMN a TYPE integer,\n  ALTER COLUMN b TYPE smallint,\n  ALTER COLUMN c TYPE integer",
  );
  const statements = [{ ...whole, effects: { ...NO_EFFECTS, rewrites: ["public.t"] } }];
  expect(hazardsIn({ statements, transactional: true })).toEqual([
    { sql: change("a", "integer").sql, hazard: rowsHazard("too-large", { type: "integer" }) },
    { sql: change("b", "smallint").sql, hazard: rowsHazard("too-large", { type: "smallint" }) },
    { sql: whole.sql, hazard: { code: "REWRITE", relations: ["public.t"] } },
  ]);
});
