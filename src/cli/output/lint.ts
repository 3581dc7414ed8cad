import type { Finding } from "#lint/finding.ts";
import type { Fixed } from "#lint/fix.ts";
import { GROUPS, type Rule } from "#lint/rule.ts";
import { SEVERITIES, type Severity } from "#lint/severity.ts";
import { labelled, renderLocation } from "./diagnostic.ts";
import type { Paint } from "./style.ts";
import { count } from "./text.ts";
import { indented } from "./visible.ts";

const COLOURS: Readonly<Record<Severity, "red" | "yellow" | "cyan">> = {
  error: "red",
  warning: "yellow",
  note: "cyan",
};

/**
 * Findings for people: what happens, where, and what to write instead. Pure.
 * @param fixed how many were rewritten, and are not among the findings any more
 */
export function renderLint(
  findings: readonly Finding[],
  files: readonly string[],
  ignored: number,
  paint: Paint,
  fixed = 0,
): string {
  const lines = findings.flatMap((finding) => [...renderFinding(finding, paint), ""]);
  return [...lines, ...summary(findings, files, ignored, fixed)].map((line) => `${line}\n`).join("");
}

/** What was rewritten. Pure. */
export function renderFixed(done: Pick<Fixed, "changed" | "created"> | undefined): string {
  if (done === undefined) return "";
  const lines = [
    ...done.changed.map((path) => `✅ Rewrote ${path}`),
    ...done.created.map((path) => `✅ Created ${path}`),
    ...(done.changed.length === 0 ? ["Nothing to rewrite"] : []),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

function renderFinding({ rule, severity, message, fix, how, location }: Finding, paint: Paint): string[] {
  return [
    `${paint(COLOURS[severity], `${severity}:`)} ${paint("bold", indented(message))} [${rule}]`,
    ...renderLocation(location, paint),
    ...(fix === undefined ? [] : labelled("fix", fix, paint)),
    ...(how === "text" ? [] : labelled("how", HOW[how], paint)),
  ];
}

const HOW: Readonly<Record<Exclude<Finding["how"], "text">, string>> = {
  measured: "measured: the statement was run in a scratch database",
  known: "known: as measured on PostgreSQL 14 and 18; it cannot be watched from inside",
};

function summary(findings: readonly Finding[], files: readonly string[], ignored: number, fixed: number): string[] {
  if (files.length === 0) return [];
  const counts = SEVERITIES.flatMap((severity) => {
    const number = findings.filter((finding) => finding.severity === severity).length;
    return number === 0 ? [] : [count(number, severity)];
  });
  const left = ignored === 0 ? "" : `, ${ignored} ignored by comments`;
  const where = `in ${count(files.length, "file")}${left}`;
  if (fixed > 0) {
    const rest = counts.length === 0 ? "nothing is left" : `${counts.join(", ")} left`;
    return [`${counts.length === 0 ? "✅ " : ""}${count(fixed, "finding")} rewritten, ${rest} ${where}`];
  }
  return counts.length === 0 ? [`✅ Nothing found ${where}`] : [`${counts.join(", ")} ${where}`];
}

export function findingToJson(finding: Finding): Record<string, unknown> {
  const { rule, severity, message, fix, how, location, statement, fingerprint } = finding;
  return { rule, severity, message, fix: fix ?? null, how, location, statement: statement?.text ?? null, fingerprint };
}

/** The rules, by group. Pure. */
export function renderRules(rules: readonly Rule[], paint: Paint): string {
  const width = Math.max(...rules.map(({ id }) => id.length)) + 2;
  const lines = Object.entries(GROUPS).flatMap(([group, title]) => [
    paint("bold", title),
    ...rules
      .filter((rule) => rule.group === group)
      .map((rule) => `  ${rule.id.padEnd(width)}${(rule.on === false ? "off" : rule.severity).padEnd(9)}${rule.title}`),
    "",
  ]);
  return `${lines.join("\n")}\n`;
}

export function ruleToJson({ id, title, group, severity, on, asks, aliases }: Rule): Record<string, unknown> {
  return { id, title, group, severity, on: on !== false, asks, aliases: aliases ?? {} };
}
