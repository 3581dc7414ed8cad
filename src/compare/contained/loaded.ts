import { piecesOf, readSchemaScript } from "#build/schema-script.ts";
import type { Script } from "#database/script.ts";
import { ConfitureError } from "#errors/error.ts";
import type { LoadedMigration } from "#migrate/files/body.ts";
import type { MigrationFile } from "#migrate/files/migration-file.ts";
import { canonicalVersion } from "#migrate/files/version.ts";
import { noteMadeBy } from "#sql/effects/foreign-objects.ts";
import {
  type Known,
  maySpeakOfUncompared,
  nothingKnown,
  type UncomparedEffect,
  uncomparedEffects,
  uncomparedInCode,
} from "#sql/effects/uncompared.ts";
import { loadParser, type Parser } from "#sql/parser.ts";
import { loadWithinLimit } from "../runs/within-limit.ts";
import { projectBase, type ProjectFiles, projectMigrations, schemaBuild } from "../sources/sources.ts";
import { type Written, writtenColumns } from "./written.ts";

/** Migrations as files say them, and what their statements tell. */
export interface Loaded {
  readonly all: readonly LoadedMigration[];
  /** Those of them that are not recorded. */
  readonly open: readonly LoadedMigration[];
  /** What each of those does that no comparison shows. */
  readonly uncompared: ReadonlyMap<LoadedMigration, readonly UncomparedEffect[]>;
  /** The same where they are run in what the schema files build, whose functions and triggers they may set off. */
  readonly uncomparedOnSchema: () => ReadonlyMap<LoadedMigration, readonly UncomparedEffect[]>;
  /** Columns that those of them write. */
  readonly written: Written;
}

const NOTHING_OPEN: Loaded = {
  all: [],
  open: [],
  uncompared: new Map(),
  uncomparedOnSchema: () => new Map(),
  written: new Set(),
};

/**
 * Reads the migrations of a project.
 * @param options.recorded versions that are recorded as applied already
 */
export async function loadOpen(options: ProjectFiles & { readonly recorded: readonly string[] }): Promise<Loaded> {
  const recorded = new Set(options.recorded.map(canonicalVersion));
  const isOpen = ({ version }: MigrationFile): boolean => !recorded.has(canonicalVersion(version));
  const migrations = projectMigrations(options);
  if (!migrations.some(isOpen)) return NOTHING_OPEN;
  const all: LoadedMigration[] = [];
  for (const file of migrations) all.push(await loadWithinLimit(options, file));
  const open = all.filter(({ file }) => isOpen(file));
  const parser = await loadParser();
  const base: LoadedMigration[] = [];
  for (const file of projectBase(options)) base.push(await loadWithinLimit(options, file));
  const effectsAfter = (known: Known): Loaded["uncompared"] => {
    const effects = [...base, ...all].map((migration) => [migration, uncomparedOf(migration, parser, known)] as const);
    return new Map(effects.filter(([migration]) => open.includes(migration)));
  };
  return {
    all,
    open,
    uncompared: effectsAfter(nothingKnown()),
    uncomparedOnSchema: () => effectsAfter(knownOfSchema(options, parser)),
    written: await writtenColumns(open),
  };
}

/** What schema files make that migrations may set off: functions, triggers. */
function knownOfSchema(options: ProjectFiles, parser: Parser): Known {
  const known = nothingKnown();
  const scripts = schemaScripts(options);
  for (const { statements } of scripts) for (const statement of statements) noteMadeBy(statement, known.made);
  if (scripts.some(({ text }) => maySpeakOfUncompared(text))) {
    for (const { statements } of scripts) uncomparedEffects(statements, parser, known);
  }
  return known;
}

/** None where they cannot be read: then nothing can be built of them either. */
function schemaScripts(options: ProjectFiles): Script[] {
  try {
    const build = schemaBuild(options);
    return build.files.flatMap((file) =>
      [...piecesOf(readSchemaScript(build, file))].flatMap((piece) => (piece === "connect" ? [] : [piece])),
    );
  } catch (error) {
    if (error instanceof ConfitureError) return [];
    throw error;
  }
}

/**
 * What a way up does, or may do, that no comparison shows.
 * @param known as for `uncomparedEffects`
 */
export function uncomparedOf({ up, kept }: LoadedMigration, parser: Parser, known: Known): UncomparedEffect[] {
  return up.kind === "sql"
    ? uncomparedEffects(up.script.statements, parser, known)
    : uncomparedInCode(kept.source ?? "", known);
}
