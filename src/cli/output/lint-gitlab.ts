import type { Finding } from "#lint/finding.ts";
import type { ShownPath } from "./lint.ts";

const SEVERITIES: Readonly<Record<Finding["severity"], string>> = { error: "major", warning: "minor", note: "info" };

/** Findings as GitLab's code quality report. Pure. */
export function renderGitlab(findings: readonly Finding[], shown: ShownPath): string {
  const report = findings.map(({ rule, severity, message, fix, location, fingerprint }) => ({
    description: fix === undefined ? message : `${message}\n${fix}`,
    check_name: rule,
    fingerprint,
    severity: SEVERITIES[severity],
    location: { path: shown(location.file), lines: { begin: location.line ?? 1 } },
  }));
  return `${JSON.stringify(report, null, 2)}\n`;
}
