/** A page of the site by its file in the repository; its title is its first heading unless another is given. */
export type Entry = string | { readonly file: string; readonly title: string };

export interface Section {
  readonly title: string;
  readonly entries: readonly Entry[];
}

/** The order in which the site shows its pages. Every document has its place here; a test says which has none. */
export const OUTLINE: readonly Section[] = [
  {
    title: "Start",
    entries: [
      { file: "README.md", title: "Quick start" },
      "docs/installing.md",
      { file: "examples/01-basic-migration/README.md", title: "Tutorial" },
      "docs/comparison.md",
      { file: "docs/faq.md", title: "Questions" },
      "docs/terms.md",
    ],
  },
  {
    title: "Guides",
    entries: [
      { file: "docs/guides/migration-decision-tree.md", title: "Which way?" },
      "docs/guides/medium-1-build-from-ddl.md",
      "docs/guides/medium-2-incremental-migrations.md",
      "docs/guides/medium-3-production-sync.md",
      "docs/guides/medium-4-schema-to-schema.md",
      "docs/organizing-sql-files.md",
      "docs/adopting.md",
      "docs/developing.md",
      "docs/using-the-database.md",
    ],
  },
  {
    title: "Features in depth",
    entries: [
      "docs/verification.md",
      "docs/generating.md",
      "docs/comparing.md",
      "docs/linting.md",
      "docs/planning.md",
      "docs/sync.md",
    ],
  },
  {
    title: "Examples",
    entries: [
      "examples/02-fraiseql-integration/README.md",
      "examples/03-zero-downtime-migration/README.md",
      "examples/04-production-sync-anonymization/README.md",
      "examples/05-multi-environment-workflow/README.md",
    ],
  },
  {
    title: "How to",
    entries: [
      "docs/how-to/containers.md",
      "docs/how-to/managed-servers.md",
      "docs/how-to/monorepo.md",
      "docs/connecting.md",
      "docs/troubleshooting.md",
    ],
  },
  {
    title: "Coming from",
    entries: [
      { file: "docs/coming-from/dbmate.md", title: "dbmate" },
      { file: "docs/coming-from/golang-migrate.md", title: "golang-migrate" },
      { file: "docs/coming-from/sqlx.md", title: "sqlx" },
      { file: "docs/coming-from/flyway.md", title: "Flyway" },
      { file: "docs/coming-from/prisma.md", title: "Prisma" },
      { file: "docs/coming-from/drizzle.md", title: "Drizzle" },
      { file: "docs/coming-from/atlas.md", title: "Atlas" },
      { file: "docs/coming-from/supabase.md", title: "Supabase CLI" },
    ],
  },
  {
    title: "Reference",
    entries: ["docs/reference/cli.md", "docs/formats.md", "docs/errors.md", "docs/lint/README.md"],
  },
  {
    title: "Behind it",
    entries: [
      "docs/reliability.md",
      "docs/performance.md",
      "docs/zero-downtime.md",
      "docs/convergence.md",
      { file: "docs/lint/comparison.md", title: "Lint, compared" },
      "docs/architecture.md",
      "CONTRIBUTING.md",
    ],
  },
  {
    title: "Project",
    entries: [
      "docs/versions.md",
      { file: "CHANGELOG.md", title: "Changes" },
      { file: ".github/SECURITY.md", title: "Security" },
      { file: ".github/CODE_OF_CONDUCT.md", title: "Code of conduct" },
    ],
  },
];

/** Pages that are reached from another page and would only lengthen the list. */
export const UNLISTED = /^docs\/(README|lint\/(?!README|comparison)[\w-]+)\.md$/;
