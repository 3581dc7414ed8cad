import { describe, expect, test } from "bun:test";
import { compareCatalogues } from "#compare/catalogue/changes.ts";
import { generateMigrations } from "#compare/generate/generate.ts";
import { sourceCatalogue } from "#compare/sources/sources.ts";
import { verify } from "#compare/verify/verify.ts";
import { commitAll } from "../../support/git.ts";
import { largeProject } from "../../support/large-project.ts";
import { long } from "../../support/long.ts";
import { temporaryProject } from "../../support/project.ts";
import { structureRevisions } from "../../support/structure-file.ts";
import { filesOf } from "./project-files.ts";

/** `scripts/benchmark-compare` does the same with more of everything. */
describe("projects of the size and shape of real ones", () => {
  long("a history of CONCURRENTLY, enum values, partitions, policies, triggers and views is proven", async () => {
    await using project = await temporaryProject(largeProject(100));
    const report = await verify(filesOf(project.dir));
    expect(report.checks.map(({ name, outcome }) => `${name}: ${outcome}`)).toEqual([
      "build: proven",
      "migrations: proven",
      "agreement: proven",
    ]);
    expect(report.from).toBe("migrations");
  });

  long("one wrong way back in the middle of it is found, and nothing else", async () => {
    const content = largeProject(60);
    const wrong = Object.keys(content).find((file) => file.includes("_replace_"))!;
    const index = /DROP INDEX (\w+);/.exec(content[wrong]!)![1]!;
    await using project = await temporaryProject({
      ...content,
      // It leaves the new index where it is, under which the next way up makes it again.
      [wrong]: content[wrong]!.replace(/(?<=-- migrate:down\n)[^]*/, "SELECT 1;\n"),
    });
    const report = await verify(filesOf(project.dir));
    const found = report.checks.flatMap(({ findings }) => findings);
    expect(found.map(({ migration }) => migration?.path)).toEqual([wrong]);
    expect(found[0]?.changes).toMatchObject([{ change: "changed", kind: "index", name: `public.${index}` }]);
  });

  test("two states of hundreds of tables and foreign keys are compared", async () => {
    const [before = "", after = ""] = structureRevisions(2, 250);
    await using project = await temporaryProject({ "db/schema/structure.sql": before });
    const from = await sourceCatalogue(filesOf(project.dir), { kind: "schema" });
    await project.write("db/schema/structure.sql", after);
    const to = await sourceCatalogue(filesOf(project.dir), { kind: "schema" });
    expect(compareCatalogues(from, from)).toEqual([]);
    expect(compareCatalogues(from, to).map(({ change, kind, name }) => `${change} ${kind} ${name}`)).toEqual([
      "changed column public.entity_015.name",
      "added constraint public.entity_020.entity_020_amount_4",
      "changed function public.touch()",
    ]);
  });

  test.skipIf(Bun.which("git") === null)(
    "the revisions of a pg_dump file are migrated one to the next, up and down",
    async () => {
      const [first = "", ...later] = structureRevisions(5, 12);
      await using project = await temporaryProject({ "db/schema/structure.sql": first });
      commitAll(project, "0");
      for (const [index, revision] of later.entries()) {
        await project.write("db/schema/structure.sql", revision);
        const generated = await generateMigrations({
          ...filesOf(project.dir),
          from: { kind: "git", revision: "HEAD" },
          renames: [],
          permit: () => {},
          noDown: false,
          online: false,
        });
        // What is returned is proven in both directions.
        expect(generated.migrations.length).toBeGreaterThan(0);
        for (const { down } of generated.migrations) expect(down.length).toBeGreaterThan(0);
        commitAll(project, String(index + 1));
      }
    },
  );
});
