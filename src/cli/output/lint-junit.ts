import type { Finding } from "#lint/finding.ts";
import type { ShownPath } from "./lint.ts";

/**
 * Findings as JUnit XML: a suite for each file, and a failure for each finding that counts as one. Pure.
 * @param isFailure whether a finding makes the command fail
 */
export function renderJunit(
  findings: readonly Finding[],
  files: readonly string[],
  shown: ShownPath,
  isFailure: (finding: Finding) => boolean,
): string {
  const suites = files.map((path) => {
    const own = findings.filter(({ file }) => file.path === path);
    const failures = own.filter(isFailure).length;
    const cases = own.length === 0 ? [passed(shown(path))] : own.map((finding) => caseOf(finding, shown, isFailure));
    return [
      `  <testsuite name="${escaped(shown(path))}" tests="${cases.length}" failures="${failures}">`,
      ...cases,
      "  </testsuite>",
    ].join("\n");
  });
  const failures = findings.filter(isFailure).length;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="confiture lint" failures="${failures}">\n${suites.map((suite) => `${suite}\n`).join("")}</testsuites>\n`;
}

function passed(path: string): string {
  return `    <testcase name="lint" classname="${escaped(path)}"/>`;
}

function caseOf(finding: Finding, shown: ShownPath, isFailure: (finding: Finding) => boolean): string {
  const { rule, severity, message, fix, location } = finding;
  const place = [shown(location.file), location.line].filter((part) => part !== undefined).join(":");
  const open = `    <testcase name="${escaped(`${rule} at ${place}`)}" classname="${escaped(shown(location.file))}">`;
  const text = escaped(`${place}: ${severity}: ${message}${fix === undefined ? "" : `\n${fix}`}`);
  const inner = isFailure(finding)
    ? `      <failure message="${escaped(message)}" type="${rule}">${text}</failure>`
    : `      <system-out>${text}</system-out>`;
  return `${open}\n${inner}\n    </testcase>`;
}

/** Characters that XML 1.0 does not have, in no form, are left out. */
function escaped(text: string): string {
  return text
    .replaceAll(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, "")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
