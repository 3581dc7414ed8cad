import type { Lacking, ProjectState } from "#compare/contained/project-states.ts";
import { migrationId } from "#migrate/files/migration-file.ts";
import { isBase } from "#migrate/files/version.ts";
import { count } from "./text.ts";
import { inLine } from "./visible.ts";

/** Which of a project's files rules were checked against. */
export interface CheckedFiles {
  readonly states: readonly Omit<ProjectState, "database">[];
  /** Migrations of a state without the schema files, which hold not all of what these make. */
  readonly lacking: Lacking | undefined;
}

/** A line where it is more than the schema files; otherwise "". */
export function renderChecked(checked: CheckedFiles | undefined): string {
  const states = checked?.states ?? [];
  if (!states.some(({ migrations }) => migrations.length > 0)) return "";
  const parts = states.flatMap(({ schemaFiles, migrations, lacking }) => {
    if (!schemaFiles) return [historyOf(migrations)];
    if (migrations.length === 0) return ["the schema files"];
    return lacking === undefined || lacking.migrations.length === 0
      ? [`the same with ${count(migrations.length, "migration")} on top`]
      : [lackingWords(lacking)];
  });
  const more = checked?.lacking;
  const rest = more?.isProven === true ? more.migrations.map(migrationId).join(", ") : "";
  const told = rest === "" ? "" : `; the schema files do not contain ${rest}`;
  return `${inLine(`Checked: ${parts.join(" and ")}${told}`)}\n`;
}

/** "the result of base.sql and 2 migrations" */
function historyOf(migrations: ProjectState["migrations"]): string {
  const others = migrations.filter(({ version }) => !isBase(version)).length;
  const base = others < migrations.length ? ["base.sql"] : [];
  return `the result of ${[...base, ...(others === 0 ? [] : [count(others, "migration")])].join(" and ")}`;
}

function lackingWords({ migrations, isProven }: Lacking): string {
  const which = isProven ? "do not contain" : "may not contain";
  return `${count(migrations.length, "migration")} that they ${which}: ${migrations.map(migrationId).join(", ")}`;
}

/** Null for a database in use. */
export function checkedToJson(checked: CheckedFiles | undefined): readonly Record<string, unknown>[] | null {
  return (
    checked?.states.map(({ schemaFiles, migrations }) => ({
      schemaFiles,
      migrations: migrations.map(({ version, name, path }) => ({ version, name, file: path })),
    })) ?? null
  );
}
