import { readFileSync } from "node:fs";
import { join } from "node:path";
import { collectSchemaFiles } from "#build/collect.ts";
import type { Change } from "#compare/changes.ts";
import { findPlace, type SourceText } from "#compare/places.ts";
import type { ProjectFiles } from "#compare/sources.ts";
import type { Finding } from "#compare/finding.ts";
import type { Check, VerifyReport } from "#compare/verify.ts";
import { discoverMigrations } from "#migrate/discover.ts";
import { renderChange } from "./changes.ts";
import { errorToJson, renderError } from "./diagnostic.ts";

const MARKS: Readonly<Record<Check["outcome"], string>> = { proven: "✅", disproven: "❌", "not-checked": "⚠️ " };

const WAYS: Readonly<Record<VerifyReport["from"], string>> = {
  migrations: "The migrations were replayed from an empty database.",
  schema:
    "The migrations do not start from nothing: the built schema was rolled back through them and brought forward again.",
  behind:
    "The migrations do not start from nothing: they were applied to the built schema, which does not hold their changes.",
  base: "The schema files of the base commit were brought forward.",
  none: "",
};

/** The files that a reader is sent to; read only when something was found. */
interface Places {
  readonly schema: readonly SourceText[];
  readonly migrations: readonly SourceText[];
}

/** What was proven, what was not, and where to look. */
export async function renderVerify(report: VerifyReport, files: ProjectFiles): Promise<string> {
  const places = report.checks.some(({ findings }) => findings.length > 0)
    ? readPlaces(files)
    : { schema: [], migrations: [] };
  const lines = report.checks.flatMap((check) => [
    `${MARKS[check.outcome]} ${check.summary}`,
    ...check.findings.flatMap((finding) => renderFinding(finding, check, places)),
  ]);
  if (WAYS[report.from] !== "") lines.push(WAYS[report.from]);
  lines.push(...report.unchecked.map((what) => `Not checked: ${what}.`));
  return `${lines.join("\n")}\n`;
}

function readPlaces(files: ProjectFiles): Places {
  const read = (file: string): SourceText => ({ file, text: readFileSync(join(files.projectDir, file), "utf8") });
  return {
    schema: collectSchemaFiles(files).map(read),
    migrations: discoverMigrations(files.projectDir, files.migrationsDir).migrations.map(({ path }) => read(path)),
  };
}

function renderFinding(finding: Finding, check: Check, places: Places): string[] {
  const lines =
    finding.message === check.summary ? [] : [`  ${finding.message}${finding.changes === undefined ? "" : ":"}`];
  if (finding.error !== undefined) {
    const plain = renderError(finding.error, (_format, text) => text);
    lines.push(
      ...plain
        .trimEnd()
        .split("\n")
        .map((line) => `    ${line}`),
    );
  }
  for (const change of finding.changes ?? [])
    lines.push(...renderChange(change).map((line) => `    ${line}`), ...renderPlaces(change, check, places));
  if (finding.sql !== undefined && finding.sql.length > 0) {
    lines.push(
      "  The SQL that closes the gap:",
      ...finding.sql.flatMap((sql) => `${sql};`.split("\n").map((line) => `    ${line}`)),
    );
  }
  return lines;
}

function renderPlaces(change: Change, check: Check, places: Places): string[] {
  if (check.name !== "agreement") return [];
  const schema = findPlace(change, places.schema);
  const migration = findPlace(change, places.migrations);
  return [
    ...(schema === undefined ? [] : [`        schema file  ${schema.file}:${schema.line}`]),
    ...(migration === undefined ? [] : [`        migration    ${migration.file}:${migration.line}`]),
  ];
}

export function changeToJson({
  change,
  kind,
  name,
  on,
  summary,
  properties,
  planned,
}: Change): Record<string, unknown> {
  return {
    change,
    kind,
    name,
    on: on === undefined ? null : `${on.kind} ${on.name}`,
    summary: summary ?? null,
    planned,
    properties: properties.map(({ property, from, to }) => ({ property, from: from ?? null, to: to ?? null })),
  };
}

export function verifyToJson(report: VerifyReport): Record<string, unknown> {
  return {
    from: report.from,
    unchecked: report.unchecked,
    checks: report.checks.map(({ name, outcome, summary, findings }) => ({
      name,
      outcome,
      summary,
      findings: findings.map((finding) => ({
        message: finding.message,
        migration: finding.migration?.path ?? null,
        error: finding.error === undefined ? null : errorToJson(finding.error),
        changes: (finding.changes ?? []).map(changeToJson),
        sql: finding.sql ?? [],
      })),
    })),
  };
}
