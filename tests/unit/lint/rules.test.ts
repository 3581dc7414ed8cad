import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
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

const RULES_DIR = join(ROOT, "src", "lint", "rules");

const MEASURED_OR_COMPARED: ReadonlySet<string> = new Set(["fails-on-rows.ts", "edited-migration.ts"]);

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

test("a rule whose findings may have another severity says on its page where", () => {
  const others = readdirSync(RULES_DIR).filter((name) => {
    const code = readFileSync(join(RULES_DIR, name), "utf8").replace(/\n {2}severity: .*/, "");
    return /\bseverity: (?!undefined)|absentNote\(/.test(code);
  });
  const said = RULES.flatMap(({ id, severityElse }) => (severityElse === undefined ? [] : [`${id}.ts`]));
  // What the text does not tell is found outside of the rule's file.
  expect(said.filter((name) => !MEASURED_OR_COMPARED.has(name)).toSorted()).toEqual(others.toSorted());
});

test("every file of a rule is in the registry, and is named after its rule", () => {
  const files = readdirSync(RULES_DIR).map((name) => name.replace(/\.ts$/, ""));
  expect(RULES.map(({ id }) => id).toSorted()).toEqual(files.toSorted());
});

test("messages end without a full stop, and titles are one line", () => {
  for (const { title, why, instead } of RULES) {
    expect(title).not.toMatch(/[.\n]$/);
    expect(why).toMatch(/[.]$/);
    expect(instead).toMatch(/[.]$/);
  }
});
