import type { MigrationLoss, TestReport } from "#compare/verify/migration-test.ts";
import type { VerifyReport } from "#compare/verify/verify.ts";
import { migrationId } from "#migrate/discover.ts";
import { findingToJson, type FindPlaces, renderCheck, renderWay } from "./findings.ts";
import { count } from "./text.ts";

/** What was proven, what was not, and where to look. Pure. */
export function renderVerify(report: VerifyReport, places: FindPlaces): string {
  return lines([
    ...report.checks.flatMap((check) => renderCheck(check, places)),
    ...(report.from === "none" ? [] : [renderWay(report.from)]),
    ...report.unchecked.map(notChecked),
  ]);
}

export function verifyToJson(report: VerifyReport, places: FindPlaces): Record<string, unknown> {
  return {
    from: report.from,
    unchecked: report.unchecked,
    checks: report.checks.map(({ name, outcome, summary, findings }) => ({
      name,
      outcome,
      summary,
      findings: findings.map((finding) => findingToJson(finding, places)),
    })),
  };
}

/** What trying migrations out has shown. Pure. */
export function renderTest(report: TestReport, places: FindPlaces): string {
  return lines([
    ...renderCheck(report.check, places),
    ...(report.losses.length === 0 ? [] : ["⚠️  Data of the fixtures was lost:"]),
    ...report.losses.map(renderLoss),
    ...(report.fixtures > 0 && report.losses.length === 0 && report.check.outcome === "proven"
      ? [`✅ No data of the fixtures was lost (${count(report.fixtures, "file")})`]
      : []),
    ...(report.from === undefined ? [] : [renderWay(report.from)]),
    ...report.unchecked.map(notChecked),
  ]);
}

function renderLoss({ migration, direction, of, what, before, after }: MigrationLoss): string {
  const lost = before - after === before ? `all ${before}` : `${before - after} of ${before}`;
  return direction === "up"
    ? `  ${migrationId(migration)} up takes ${lost} ${what} of ${of} away`
    : `  ${migrationId(migration)} down does not bring ${lost} ${what} of ${of} back`;
}

export function testToJson(report: TestReport, places: FindPlaces): Record<string, unknown> {
  const { from, check, tested, losses, unchecked, fixtures } = report;
  return {
    from: from ?? "none",
    outcome: check.outcome,
    summary: check.summary,
    tested: tested.map(({ path }) => path),
    fixtures,
    findings: check.findings.map((finding) => findingToJson(finding, places)),
    losses: losses.map(({ migration, ...loss }) => ({ migration: migration.path, ...loss })),
    unchecked,
  };
}

function notChecked(what: string): string {
  return `Not checked: ${what}.`;
}

function lines(all: readonly string[]): string {
  return all.map((line) => `${line}\n`).join("");
}
