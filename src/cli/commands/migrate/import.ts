import type { MigrationsConfig } from "#config/config.ts";
import { ConfitureError } from "#errors/error.ts";
import { importMigrations } from "#migrate/import/import.ts";
import { LAYOUT_NAMES } from "#migrate/layouts/names.ts";
import { LAYOUTS } from "#migrate/layouts/registry.ts";
import { migrationId } from "#migrate/files/migration-file.ts";
import { isRepeatable } from "#migrate/files/version.ts";
import { defineCommand } from "../../command.ts";
import { count } from "../../output/text.ts";

/** Tools whose folders are in this tool's form. */
const OWN_FORM = ["dbmate", "golang-migrate", "sqlx"];

const OTHERS = LAYOUT_NAMES.filter((name) => name !== "confiture");

export const command = defineCommand({
  args: {
    from: { type: "string", valueHint: "FOLDER", description: "the folder to read (default: migrations.dir)" },
    layout: {
      type: "enum",
      options: [...OTHERS, ...OWN_FORM],
      valueHint: "TOOL",
      description: "whose folder it is, see above (default: migrations.layout)",
    },
    to: {
      type: "string",
      valueHint: "FOLDER",
      description:
        "where to write: an empty folder (default: migrations.dir, whose files are moved to a folder beside it)",
    },
  },
  details:
    "Writes one file per migration, with both ways, all of them or none, and overwrites nothing. Only files change.\n" +
    "Databases that ran the old folder with Confiture know the new files. Where the tool itself ran it, take its history\n" +
    "over with `migrate baseline --from TOOL`.\n\n" +
    `Tools: ${OTHERS.join(", ")}.\n` +
    "Folders of dbmate, golang-migrate and sqlx run as they are.",
  examples: [
    "confiture migrate import",
    "confiture migrate import --from prisma/migrations",
    "confiture migrate import --from sql --layout flyway --to db/migrations",
  ],
  async run(args, context) {
    if (OWN_FORM.includes(args.layout ?? "")) {
      throw new ConfitureError(
        "layout_foreign",
        `A folder of ${args.layout} runs as it is: there is nothing to rewrite`,
        {
          hint: `Where ${args.layout} has run it: confiture migrate baseline --from ${args.layout}`,
        },
      );
    }
    const { migrations: settings, file: environment } = await context.config("files");
    const from = withoutSlash(args.from ?? settings.dir);
    const to = withoutSlash(args.to ?? settings.dir);
    const { layout, migrations, leftOut, movedTo } = await importMigrations({
      projectDir: context.projectDir,
      from,
      to,
      layout: args.layout ?? (from === settings.dir ? settings.layout : undefined),
    });
    for (const { path, why } of leftOut) context.messages.warn(`${path} is left out: ${why}`);
    const repeated = migrations.filter(({ from: { version } }) => isRepeatable(version));
    for (const { from: old, path } of repeated) {
      context.messages.warn(
        `${old.path} ran again whenever it changed; ${path} is an ordinary migration, which runs once and is not to be edited`,
      );
    }
    const [tool] = Object.keys(LAYOUTS[layout].histories);
    const next = [
      `Wrote ${count(migrations.length, "migration")} to ${to}`,
      ...(movedTo === undefined ? [] : [`The files of ${LAYOUTS[layout].title} are in ${movedTo} now`]),
      "Existing databases:",
      "  migrated by Confiture from the old folder: nothing to do, the new files count as applied there",
      ...(tool === undefined
        ? ["  that have the migrations otherwise: confiture migrate baseline"]
        : [`  migrated by ${LAYOUTS[layout].title}: confiture migrate baseline --from ${tool}`]),
      ...(repeated.length === 0 ? [] : REPEATED),
      ...toBeRead(settings, to, environment),
    ].join("\n");
    return {
      json: {
        layout,
        movedTo: movedTo ?? null,
        migrations: migrations.map(({ from: file, version, path }) => ({
          from: { version: file.version, name: file.name, file: file.path },
          version,
          file: path,
        })),
        leftOut: leftOut.map(({ path, why }) => ({ file: path, why })),
      },
      text: migrations.map(({ from: file, path }) => `✅ ${migrationId(file)} -> ${path}\n`).join(""),
      next,
    };
  },
});

/** Where what ran again lives from now on. */
const REPEATED = [
  "What ran again whenever it changed: keep it in schema files (`confiture export` writes them), edit it there,",
  "  and `confiture migrate generate NAME` writes each change as a migration",
];

/** What the environment has to say for the new files to be read, where it does not. */
function toBeRead(settings: MigrationsConfig, to: string, environment: string | null): string[] {
  const dir = withoutSlash(settings.dir) === to ? [] : [`    dir: ${to}`];
  const layout = settings.layout === "auto" || settings.layout === "confiture" ? [] : ["    layout: confiture"];
  if (dir.length + layout.length === 0) return [];
  return [
    `The new files are read once ${environment ?? "the environment file"} says:`,
    "  migrations:",
    ...dir,
    ...layout,
  ];
}

function withoutSlash(path: string): string {
  return path.replace(/^\.\//, "").replace(/(?<=.)\/+$/, "");
}
