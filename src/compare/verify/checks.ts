import { type LoadedMigration, undoesNothing } from "#migrate/files/body.ts";
import { migrationId } from "#migrate/files/migration-file.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import { compareCatalogues } from "../catalogue/changes.ts";
import type { ChangedMigration } from "../sources/changed-since.ts";
import type { Finding } from "./finding.ts";
import { loadParser, type Parser } from "#sql/parser.ts";
import { takenAway } from "../catalogue/taken-away.ts";

/** What was proven or disproven, one for each promise. */
export interface Check {
  readonly name: "build" | "migrations" | "agreement";
  readonly outcome: "proven" | "disproven" | "not-checked";
  /** One line for people. */
  readonly summary: string;
  readonly findings: readonly Finding[];
  /** What lets migrations be run, where there are some and none could be. What proves nothing of them is no success. */
  readonly next?: string;
}

/** Whether a check found something, or there was something to find out and nobody could. Pure. */
export function fails({ outcome, next }: Check): boolean {
  return outcome === "disproven" || next !== undefined;
}

/** What lets them be run that start from something else than nothing. */
export const BEGIN_WITH_BASE =
  "`confiture migrate base --from SOURCE` writes down what there is before the first migration (a commit from before it, a database or a snapshot file tells), so that all of them are run";

/**
 * Whether migrations apply, roll back and apply again.
 * @param applied how many of them could be run
 */
export function migrationsCheck(
  loaded: readonly LoadedMigration[],
  findings: readonly Finding[],
  applied: number,
): Check {
  const name = "migrations";
  const many = `${loaded.length} ${loaded.length === 1 ? "migration" : "migrations"}`;
  if (findings.length > 0) {
    return { name, outcome: "disproven", summary: "Migrations do not apply, roll back and apply again", findings };
  }
  if (loaded.length === 0) return { name, outcome: "proven", summary: "No migrations were added", findings };
  if (applied === 0) {
    const summary = `${many} ${loaded.length === 1 ? "was" : "were"} not run, so nothing is proven: the first needs tables from the schema files, and the way back from what these build ends at the last migration without a down`;
    return { name, outcome: "not-checked", summary, findings, next: BEGIN_WITH_BASE };
  }
  const verbs =
    applied === 1 ? "applies, rolls back exactly and applies again" : "apply, roll back exactly and apply again";
  if (applied < loaded.length) {
    return { name, outcome: "proven", summary: `${applied} of ${many} ${verbs}`, findings };
  }
  const irreversible = loaded.filter((migration) => wayBackUnchecked(migration) !== undefined).length;
  const summary =
    irreversible === 0
      ? `${many} ${verbs}`
      : irreversible < loaded.length
        ? `${many} ${verbs}, as far as they have a way back`
        : `${many} ${applied === 1 ? "applies" : "apply"}; no way back could be checked`;
  return { name, outcome: "proven", summary, findings };
}

/** Why a migration's way back proves nothing, if it does not. */
function wayBackUnchecked({ file, down }: LoadedMigration): string | undefined {
  const rollingBack = `rolling back ${migrationId(file)}`;
  if (down === undefined) return `${rollingBack}, which has no way back`;
  // What an empty one leaves in the schema is found; rows are not compared.
  return undoesNothing(down) ? `${rollingBack}, whose way back is empty: what it does to rows stays` : undefined;
}

/** As `wayBackUnchecked`, of all about which nothing was found. */
export function waysBackUnchecked(migrations: readonly LoadedMigration[], findings: readonly Finding[]): string[] {
  const found = new Set(findings.map(({ migration }) => migration));
  return migrations.flatMap((migration) => (found.has(migration.file) ? [] : (wayBackUnchecked(migration) ?? [])));
}

/** Adds migrations of a commit that databases would not know again: they do not apply there, whatever they do from nothing. */
export function withChanged(
  checks: readonly Check[],
  changed: readonly ChangedMigration[],
  revision: string,
): readonly Check[] {
  if (changed.length === 0) return checks;
  const own = checks.find(({ name }) => name === "migrations");
  const summary = own?.outcome === "disproven" ? own.summary : `Migrations that ${revision} has were edited or deleted`;
  const findings = [
    ...changed.map(({ error, file }) => ({ message: summary, error, ...(file !== undefined && { migration: file }) })),
    ...(own?.findings ?? []),
  ];
  const check: Check = { name: "migrations", outcome: "disproven", summary, findings };
  return own === undefined ? [...checks, check] : checks.map((one) => (one === own ? check : one));
}

/**
 * Whether what the schema files build is what the migrations lead to.
 * @param end undefined when they did not get that far
 * @param areAll false where only the later ones were run
 */
export async function agreementCheck(
  built: Catalogue | undefined,
  end: Catalogue | undefined,
  areAll: boolean,
): Promise<Check> {
  const name = "agreement";
  if (built === undefined || end === undefined) {
    return {
      name,
      outcome: "not-checked",
      summary: "Whether schema files and migrations agree was not checked",
      findings: [],
    };
  }
  const changes = compareCatalogues(end, built);
  if (changes.length === 0) {
    const summary = "Schema files and migrations agree";
    return {
      name,
      outcome: "proven",
      summary: areAll ? summary : `${summary}, as far as these were run`,
      findings: [],
    };
  }
  const summary = "Schema files and migrations do not agree";
  return {
    name,
    outcome: "disproven",
    summary,
    findings: [{ message: summary, changes, ...waysToAgree(end, built, await loadParser()) }],
  };
}

/**
 * SQL that only adds: a migration that is missing, or what the schema files lack. Where each side has something that the other
 * has not, neither can be told from what differs.
 */
function waysToAgree(end: Catalogue, built: Catalogue, parser: Parser): Pick<Finding, "gap"> {
  if (takenAway(end, built, parser).length === 0) {
    return { gap: { from: end, to: built, as: "sql" } };
  }
  return takenAway(built, end, parser).length === 0 ? { gap: { from: built, to: end, as: "missing" } } : {};
}
