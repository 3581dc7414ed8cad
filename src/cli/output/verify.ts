import type { MigrationLoss, TestReport } from "#compare/verify/migration-test.ts";
import type { VerifyReport } from "#compare/verify/verify.ts";
import { migrationId } from "#migrate/files/migration-file.ts";
import { aimed, findingToJson, type Guide, renderCheck, renderWay } from "./findings.ts";
import { agree, count } from "./text.ts";

/** What was proven, what was not, and where to look. Pure. */
export function renderVerify(report: VerifyReport, guide: Guide): string {
  return lines([
    ...report.checks.flatMap((check) => renderCheck(check, guide)),
    ...(report.from === "none" || isWithoutMigrations(report) ? [] : renderWay(report.from, guide)),
    ...(report.provenBefore === 0
      ? []
      : [
          `${count(report.provenBefore, "migration")} ${agree(report.provenBefore, "was", "were")} tried out by an earlier run, and only applied by this one (--no-cache tries out all).`,
        ]),
    ...(report.builtBefore
      ? ["An earlier run has built the same schema files; this one did not again (--no-cache does)."]
      : []),
    ...report.unchecked.map(notChecked),
  ]);
}

/** A base alone is built, not replayed. */
function isWithoutMigrations({ from, checks }: VerifyReport): boolean {
  return from === "base-file" && !checks.some(({ name }) => name === "migrations");
}

export function verifyToJson(report: VerifyReport, guide: Guide): Record<string, unknown> {
  return {
    from: report.from,
    unchecked: report.unchecked,
    provenBefore: report.provenBefore,
    builtBefore: report.builtBefore,
    checks: report.checks.map(({ name, outcome, summary, next, findings }) => ({
      name,
      outcome,
      summary,
      next: next === undefined ? null : aimed(next, guide),
      findings: findings.map((finding) => findingToJson(finding, guide)),
    })),
  };
}

/** What trying migrations out has shown. Pure. */
export function renderTest(report: TestReport, guide: Guide): string {
  return lines([
    ...renderCheck(report.check, guide),
    ...(report.losses.length === 0 ? [] : ["⚠️  Data of the fixtures was lost:"]),
    ...report.losses.map(renderLoss),
    ...(report.fixtures > 0 && report.losses.length === 0 && report.check.outcome === "proven"
      ? [`✅ No data of the fixtures was lost (${count(report.fixtures, "file")})`]
      : []),
    ...(report.from === undefined ? [] : renderWay(report.from, guide)),
    ...report.unchecked.map(notChecked),
  ]);
}

function renderLoss({ migration, direction, of, what, before, after }: MigrationLoss): string {
  const lost = before - after === before ? `all ${before}` : `${before - after} of ${before}`;
  return direction === "up"
    ? `  ${migrationId(migration)} up takes ${lost} ${what} of ${of} away`
    : `  ${migrationId(migration)} down does not bring ${lost} ${what} of ${of} back`;
}

export function testToJson(report: TestReport, guide: Guide): Record<string, unknown> {
  const { from, check, tested, losses, unchecked, fixtures } = report;
  return {
    from: from ?? "none",
    outcome: check.outcome,
    summary: check.summary,
    next: check.next === undefined ? null : aimed(check.next, guide),
    tested: tested.map(({ path }) => path),
    fixtures,
    findings: check.findings.map((finding) => findingToJson(finding, guide)),
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
