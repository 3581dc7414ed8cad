import { describe, expect, test } from "bun:test";
import type { Sizes } from "#compare/trace/sizes.ts";
import { RULES } from "#lint/registry.ts";
import { loadParser } from "#sql/parser.ts";
import { findingsIn } from "../../support/lint.ts";
import { FIX_CASES, statementsOfFix } from "../../support/lint-fixes.ts";

const parser = await loadParser();

const sizes = (postgres: number): Sizes => ({
  format: "confiture-stats",
  version: 1,
  taken: "",
  postgres,
  relations: [],
});

describe("what a fix writes as a statement is one", () => {
  const examples = RULES.map(({ id, given = "", wrong, severity }) => ({ rule: id, given, sql: wrong, severity }));
  test.each([...examples, ...FIX_CASES].map((each) => [`${each.rule}: ${each.sql.slice(0, 80)}`, each] as const))(
    "%s",
    (_, { rule, given, sql }) => {
      const severities = new Map(RULES.map(({ id, severity }) => [id, severity]));
      const before = given === "" ? [] : [given];
      const found = [14, 18].flatMap((postgres) =>
        findingsIn([...before, sql], { severities, sizes: sizes(postgres) }),
      );
      if (FIX_CASES.some((each) => each.sql === sql)) expect(found.map((finding) => finding.rule)).toContain(rule);
      for (const finding of found) {
        for (const statement of statementsOfFix(finding)) {
          expect(statement).toMatch(/;(?: {2}-- .*)?$/);
          expect(`${statement} ${parser.parse(statement) === undefined ? "is not SQL" : ""}`).toBe(`${statement} `);
        }
      }
    },
  );
});
