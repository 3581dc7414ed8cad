import type { Report, Reported, ShownPath } from "./report.ts";

/** Findings as JUnit XML: a suite for each file or check, and a failure for each finding that counts as one. Pure. */
export function renderJunit({ command, suites, fails }: Omit<Report, "rules">, shown: ShownPath): string {
  const rendered = suites.map(({ name, findings }) => {
    const failures = findings.filter(fails).length;
    const cases = findings.length === 0 ? [passed(command, name)] : findings.map((one) => caseOf(one, shown, fails));
    return [
      `  <testsuite name="${escaped(name)}" tests="${cases.length}" failures="${failures}">`,
      ...cases,
      "  </testsuite>",
    ].join("\n");
  });
  const failures = suites.flatMap(({ findings }) => findings).filter(fails).length;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="confiture ${command}" failures="${failures}">\n${rendered.map((suite) => `${suite}\n`).join("")}</testsuites>\n`;
}

function passed(command: string, suite: string): string {
  return `    <testcase name="${escaped(command)}" classname="${escaped(suite)}"/>`;
}

function caseOf(finding: Reported, shown: ShownPath, fails: Report["fails"]): string {
  const { rule, severity, message, fix, location } = finding;
  const place = [shown(location.file), location.line].filter((part) => part !== undefined).join(":");
  const open = `    <testcase name="${escaped(`${rule} at ${place}`)}" classname="${escaped(shown(location.file))}">`;
  const text = escaped(`${place}: ${severity}: ${message}${fix === undefined ? "" : `\n${fix}`}`);
  const inner = fails(finding)
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
