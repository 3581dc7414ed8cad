import type { Report, Reported, ShownPath } from "./report.ts";

const SEVERITIES: Readonly<Record<Reported["severity"], string>> = { error: "major", warning: "minor", note: "info" };

/** Findings as GitLab's code quality report. Pure. */
export function renderGitlab({ suites }: Pick<Report, "suites">, shown: ShownPath): string {
  const findings = suites.flatMap((suite) => suite.findings);
  const report = findings.map(({ rule, severity, message, fix, location, fingerprint }) => ({
    description: fix === undefined ? message : `${message}\n${fix}`,
    check_name: rule,
    fingerprint,
    severity: SEVERITIES[severity],
    location: { path: shown(location.file), lines: { begin: location.line ?? 1 } },
  }));
  return `${JSON.stringify(report, null, 2)}\n`;
}
