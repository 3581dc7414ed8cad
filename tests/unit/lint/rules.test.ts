import { describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Sizes } from "#compare/trace/sizes.ts";
import { RULES } from "#lint/registry.ts";
import { ROOT } from "../../support/postgres-binaries.ts";
import { findingsIn, rulesIn } from "../../support/lint.ts";

/** What only shows when a statement runs, or in a commit, is tested where that is there. */
const WITHOUT_TEXT: ReadonlySet<string> = new Set(
  RULES.filter(({ asks }) => asks.every((what) => what === "trace" || what === "sizes")).map(({ id }) => id),
)
  .add("out-of-order")
  .add("edited-migration");

const OLDEST: Sizes = { format: "confiture-stats", version: 1, taken: "", postgres: 14, relations: [] };

const byText = RULES.filter(({ id }) => !WITHOUT_TEXT.has(id));

describe("every rule finds something in its wrong example, and nothing in its right one", () => {
  test.each(byText.map((rule) => [rule.id, rule] as const))("%s", (id, rule) => {
    const given = rule.given === undefined ? [] : [rule.given];
    const options = { severities: new Map([[id, rule.severity]]), sizes: OLDEST };
    const findings = findingsIn([...given, rule.wrong], options);
    expect(findings.map((finding) => finding.rule)).toContain(id);
    // Dots in SQL are for somebody else to fill in.
    for (const { fix = "" } of findings) expect(fix).not.toMatch(/^(?:ALTER|CREATE|DROP)\b.*(?: \.\.\.| \(\.\.\.\))/m);
    expect(rulesIn([...given, rule.right], options)).not.toContain(id);
  });
});

test("every file of a rule is in the registry, and is named after its rule", () => {
  const files = readdirSync(join(ROOT, "src", "lint", "rules")).map((name) => name.replace(/\.ts$/, ""));
  expect(RULES.map(({ id }) => id).toSorted()).toEqual(files.toSorted());
});

test("messages end without a full stop, and titles are one line", () => {
  for (const { title, why, instead } of RULES) {
    expect(title).not.toMatch(/[.\n]$/);
    expect(why).toMatch(/[.]$/);
    expect(instead).toMatch(/[.]$/);
  }
});
