import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Catalogue, readCatalogue } from "#compare/catalogue/catalogue.ts";
import { compareCatalogues } from "#compare/catalogue/changes.ts";
import type { Edit } from "#compare/update/apply.ts";
import { type SchemaUpdate, updateSchema } from "#compare/update/update.ts";
import type { ScratchSite } from "#scratch/site.ts";
import { withScratch } from "#scratch/scratch.ts";
import { buildSchema, type ProjectFiles } from "#compare/sources/sources.ts";
import { unifiedDiff } from "../../src/cli/output/unified-diff.ts";
import { ConfitureError } from "#errors/error.ts";
import { build, type Golden, migrate } from "./golden.ts";
import { filesOf } from "../database/compare/project-files.ts";
import { temporaryProject, type TemporaryProject } from "./project.ts";
import type { LikelyMigration, SchemaTree } from "./schema-trees.ts";

/** What became of schema files that had to follow a migration. */
export type UpdateOutcome =
  | { readonly kind: "updated"; readonly edits: readonly Edit[]; readonly diff: string }
  /** They build something else than they should. */
  | { readonly kind: "wrong"; readonly diff: string; readonly different: string }
  | { readonly kind: "refused"; readonly reason: string };

/** Brings a migration into schema files that lack it; the base holds what they build. */
export async function update(
  schema: Readonly<Record<string, string>>,
  migration: string,
  base = Object.values(schema).join("\n"),
  more: Partial<ProjectFiles> = {},
): Promise<SchemaUpdate & { readonly after: Readonly<Record<string, string | undefined>> }> {
  await using project = await temporaryProject({
    ...Object.fromEntries(Object.entries(schema).map(([path, text]) => [`db/schema/${path}`, text])),
    "db/migrations/base.sql": base,
    "db/migrations/1_change.sql": migration,
  });
  const result = await updateSchema({ ...filesOf(project.dir), ...more });
  const after = result.files.map(({ path, after: text }) => [path.slice("db/schema/".length), text] as const);
  return { ...result, after: Object.fromEntries(after) };
}

/** A project whose schema file is `from.sql`, and whose one migration is `up.sql`; the base is `from.sql` as well. */
export async function updateGolden(golden: Golden, scratch: ScratchSite): Promise<UpdateOutcome> {
  const sections = golden.up.split(/^(?=-- migrate:up)/m).filter((section) => section.trim() !== "");
  await using project = await temporaryProject({
    "db/schema/schema.sql": golden.from,
    "db/migrations/base.sql": golden.from,
    ...Object.fromEntries(sections.map((section, index) => [`db/migrations/${index + 1}_up.sql`, section])),
  });
  const files: ProjectFiles = {
    projectDir: project.dir,
    includeDirs: [{ path: "db/schema", recursive: true, include: ["**/*.sql"], exclude: [] }],
    excludeDirs: [],
    resetBetweenFiles: false,
    migrationsDir: "db/migrations",
    table: "confiture_migrations",
    scratch,
    toolVersion: "test",
  };
  return await follow(project, files, () => withScratch(files, (database) => build(database, golden.to)));
}

/** A project with the tree's schema files, with what they build as its base, and with one migration. */
export async function updateTree({ files, base }: SchemaTree, { sql }: LikelyMigration): Promise<UpdateOutcome> {
  await using project = await temporaryProject();
  await cp(files.projectDir, project.dir, { recursive: true });
  await rm(join(project.dir, files.migrationsDir), { recursive: true, force: true });
  await project.write(`${files.migrationsDir}/base.sql`, base);
  await project.write(`${files.migrationsDir}/1_next.sql`, sql);
  return await follow(project, { ...files, projectDir: project.dir }, () =>
    withScratch(files, async (database) => {
      await build(database, base);
      return await migrate(database, sql);
    }),
  );
}

/** Lets a project's files follow its migrations, and compares what they then build. */
async function follow(
  project: TemporaryProject,
  files: ProjectFiles,
  wanted: () => Promise<Catalogue>,
): Promise<UpdateOutcome> {
  try {
    const { files: updated, edits } = await updateSchema(files);
    for (const { path, after } of updated) {
      if (after === undefined) await rm(project.path(path));
      else await project.write(path, after);
    }
    const diff = updated.map(({ path, before, after }) => unifiedDiff(path, before, after)).join("");
    const built = await withScratch(files, async (database) => {
      await buildSchema(database, files);
      return await readCatalogue(database);
    });
    const different = compareCatalogues(built, await wanted());
    if (different.length === 0) return { kind: "updated", edits, diff };
    return { kind: "wrong", diff, different: different.map(({ kind, name }) => `${kind} ${name}`).join(", ") };
  } catch (error) {
    if (!(error instanceof ConfitureError) || error.code === "internal") throw error;
    return { kind: "refused", reason: error.message };
  }
}
