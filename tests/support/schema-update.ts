import { readCatalogue } from "#compare/catalogue/catalogue.ts";
import { compareCatalogues } from "#compare/catalogue/changes.ts";
import type { Edit } from "#compare/update/apply.ts";
import { updateSchema } from "#compare/update/update.ts";
import type { ScratchSite } from "#compare/scratch/site.ts";
import { withScratch } from "#compare/scratch/scratch.ts";
import { buildSchema, type ProjectFiles } from "#compare/sources/sources.ts";
import { ConfitureError } from "#errors/error.ts";
import type { Golden } from "./golden.ts";
import { temporaryProject } from "./project.ts";

/** What became of schema files that had to follow a migration. */
export type UpdateOutcome =
  | { readonly kind: "updated"; readonly edits: readonly Edit[]; readonly text: string }
  /** They build something else than `to.sql`. */
  | { readonly kind: "wrong"; readonly text: string; readonly different: string }
  | { readonly kind: "refused"; readonly reason: string };

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
  try {
    const { files: updated, edits } = await updateSchema(files);
    for (const { path, after = "" } of updated) await project.write(path, after);
    const text = updated.map(({ after }) => after ?? "").join("\n");
    const built = await withScratch(files, async (database) => {
      await buildSchema(database, files);
      return await readCatalogue(database);
    });
    await project.write("db/schema/schema.sql", golden.to);
    const wanted = await withScratch(files, async (database) => {
      await buildSchema(database, files);
      return await readCatalogue(database);
    });
    const different = compareCatalogues(built, wanted);
    if (different.length === 0) return { kind: "updated", edits, text };
    return { kind: "wrong", text, different: different.map(({ kind, name }) => `${kind} ${name}`).join(", ") };
  } catch (error) {
    if (!(error instanceof ConfitureError) || error.code === "internal") throw error;
    return { kind: "refused", reason: error.message };
  }
}
