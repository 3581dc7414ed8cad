import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Sizes } from "#compare/trace/sizes.ts";
import { RULES } from "#lint/registry.ts";
import { newestServer } from "../../support/engines.ts";
import { findingsIn } from "../../support/lint.ts";
import { FIX_CASES, statementsOfFix } from "../../support/lint-fixes.ts";

setDefaultTimeout(120_000);

/** Those that have to be asked for as well. */
const severities = new Map(RULES.map(({ id, severity }) => [id, severity]));

describe.each(newestServer.map((engine) => [engine.name, engine] as const))("on %s", (_, engine) => {
  test.each(FIX_CASES.map((each) => [`${each.rule}: ${each.sql}`, each] as const))(
    "the statements of a fix run, one after the other: %s",
    async (_name, { rule, given, sql, first }) => {
      const sizes: Sizes = { format: "confiture-stats", version: 1, taken: "", postgres: engine.major, relations: [] };
      const before = given === "" ? [] : [given];
      const found = findingsIn([...before, sql], { sizes, severities }).filter((finding) => finding.rule === rule);
      expect(found.length).toBeGreaterThan(0);
      await using database = await engine.fresh();
      for (const statement of [...given.split(/(?<=;) /), first ?? ""]) {
        if (statement.trim() !== "") await database.query(statement);
      }
      for (const statement of found.flatMap(statementsOfFix)) await database.query(statement);
    },
  );
});
