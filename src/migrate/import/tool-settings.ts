import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import { shellWord } from "#errors/shell.ts";
import { readRegularFile } from "#files/read.ts";
import { quoteIdentifier, writeIdentifier } from "#sql/quote.ts";
import type { LayoutName } from "../layouts/names.ts";
import { LAYOUTS } from "../layouts/registry.ts";

/** What another tool's own file of settings says. */
export interface ToolSetting {
  readonly tool: string;
  readonly file: string;
  readonly line: number;
  /** "defaultSchema" */
  readonly key: string;
  readonly value: string;
}

/** Where a tool is told what decides where its migrations run, or where their history is: `key` and `value` are groups. */
interface Source {
  readonly files: readonly string[];
  /** Where names without a schema go; the first that is found counts. */
  readonly schema?: readonly RegExp[];
  /** The table of the history, where it has not its usual name. */
  readonly table?: RegExp;
}

const SOURCES: Readonly<Record<string, readonly Source[]>> = {
  flyway: [
    {
      files: ["flyway.toml", "flyway.user.toml", "flyway.conf", "conf/flyway.toml", "conf/flyway.conf"],
      schema: [
        /^\s*(?:flyway\.)?(?<key>defaultSchema)\s*=(?<value>.*)/m,
        /^\s*(?:flyway\.)?(?<key>schemas)\s*=(?<value>.*)/m,
      ],
      table: /^\s*(?:flyway\.)?(?<key>table)\s*=(?<value>.*)/m,
    },
    // Spring Boot, which runs Flyway.
    {
      files: ["src/main/resources/application.properties", "config/application.properties"],
      schema: [
        /^\s*(?<key>spring\.flyway\.default-?[sS]chema)\s*[=:](?<value>.*)/m,
        /^\s*(?<key>spring\.flyway\.schemas)\s*[=:](?<value>.*)/m,
      ],
      table: /^\s*(?<key>spring\.flyway\.table)\s*[=:](?<value>.*)/m,
    },
    {
      files: ["yml", "yaml"].flatMap((end) => [`src/main/resources/application.${end}`, `config/application.${end}`]),
      schema: [below("flyway", "default-?[sS]chema"), below("flyway", "schemas")],
      table: below("flyway", "table"),
    },
  ],
  rails: [{ files: ["config/database.yml"], schema: [/^\s*(?<key>schema_search_path):(?<value>.*)/m] }],
  dbmate: [{ files: [".env"], table: /^\s*(?:export\s+)?(?<key>DBMATE_MIGRATIONS_TABLE)\s*=(?<value>.*)/m }],
  goose: [{ files: [".env"], table: /^\s*(?:export\s+)?(?<key>GOOSE_TABLE)\s*=(?<value>.*)/m }],
  sqlx: [{ files: ["sqlx.toml"], table: /^\s*(?<key>table-name)\s*=(?<value>.*)/m }],
  "sql-migrate": [{ files: ["dbconfig.yml", "dbconfig.yaml"], table: /^\s*(?<key>table):(?<value>.*)/m }],
  tern: [{ files: ["tern.conf"], table: /^\s*(?<key>version_table)\s*=(?<value>.*)/m }],
  // Of the package "config", in which it looks for its section.
  "node-pg-migrate": [
    {
      files: ["config/default.json"],
      schema: [/"(?<key>schema)"\s*:(?<value>.*)/],
      table: /"(?<key>migrations-table)"\s*:(?<value>.*)/,
    },
  ],
  drizzle: [
    {
      files: ["ts", "js", "mjs", "json"].map((end) => `drizzle.config.${end}`),
      table: /\bmigrations["']?\s*:\s*\{[^}]*?\b(?<key>table)["']?\s*:(?<value>.*)/,
    },
  ],
};

/** A line of YAML among those that are further in than a key. */
function below(parent: string, key: string): RegExp {
  return new RegExp(
    String.raw`^(?<indent>[ \t]*)${parent}:[ \t]*(?:#.*)?\n(?:(?:\k<indent>[ \t]+\S.*|[ \t]*(?:#.*)?)\n)*?\k<indent>[ \t]+(?<key>${key}):(?<value>.*)`,
    "m",
  );
}

/** The first of a list, without quotation marks, brackets, and the comment behind it. */
const VALUE = /^[\s[]*(?:"(?<double>[^"]*)"|'(?<single>[^']*)'|(?<bare>[^\s,\]"'#]+))/;

/** What the tools of such a folder are told in their own files about where migrations run. Those with a variable in them are nobody's. */
function schemaSetting(projectDir: string, layout: LayoutName): ToolSetting | undefined {
  return settings(projectDir, layout, ({ schema }) => schema ?? [])[0];
}

/** Where they are told to keep their history, each with the name of its tool. */
export function tableSettings(projectDir: string, layout: LayoutName): readonly ToolSetting[] {
  return settings(projectDir, layout, ({ table }) => (table === undefined ? [] : [table]));
}

function settings(
  projectDir: string,
  layout: LayoutName,
  patternsOf: (source: Source) => readonly RegExp[],
): ToolSetting[] {
  return Object.keys(LAYOUTS[layout].histories).flatMap((tool) => {
    return (SOURCES[tool] ?? []).flatMap((source) =>
      patternsOf(source).flatMap((pattern) =>
        source.files.flatMap((file) => settingIn(projectDir, file, tool, pattern) ?? []),
      ),
    );
  });
}

function settingIn(projectDir: string, file: string, tool: string, pattern: RegExp): ToolSetting | undefined {
  const path = join(projectDir, file);
  if (!existsSync(path)) return undefined;
  const text = readRegularFile(path, file).toString();
  const found = pattern.exec(text);
  const { key = "", value: written = "" } = found?.groups ?? {};
  const { double, single, bare } = VALUE.exec(written)?.groups ?? {};
  const value = double ?? single ?? bare ?? "";
  if (found === null || value === "" || value.includes("${")) return undefined;
  const line = text
    .slice(0, found.index + found[0].lastIndexOf(key, found[0].length - written.length))
    .split("\n").length;
  return { tool, file, line, key, value };
}

/**
 * Stops where migrations would run in another schema than the one that their tool was told of: its settings are not honoured.
 * @throws ConfitureError `config_invalid`
 */
export async function requireSchemaOfTool(database: Database, projectDir: string, layout: LayoutName): Promise<void> {
  const setting = schemaSetting(projectDir, layout);
  if (setting === undefined) return;
  const [row] = await database.query<{ schema: string | null; name: string }>(
    "select pg_catalog.current_schema()::pg_catalog.text as schema, pg_catalog.current_database()::pg_catalog.text as name",
  );
  const here = row?.schema ?? null;
  if (here === setting.value) return;
  throw elsewhere(setting, here, wayTo(setting.value, database.engine, row?.name ?? ""));
}

/** How a schema becomes the one for names without a schema, in lines of a hint. */
function wayTo(schema: string, engine: Database["engine"], database: string): string[] {
  const path = `${writeIdentifier(schema)},public`;
  if (engine === "embedded") {
    const sql = `ALTER DATABASE ${writeIdentifier(database)} SET search_path = ${path}`;
    return [`  confiture db sql ${shellWord(sql)}`];
  }
  return [
    "  database:",
    `    options: -c search_path=${path}`,
    `in the environment file, or options=-c%20search_path%3D${encodeURIComponent(path)} in a URL.`,
  ];
}

function elsewhere(
  { tool, file, line, key, value }: ToolSetting,
  here: string | null,
  way: readonly string[],
): ConfitureError {
  const title = Object.values(LAYOUTS).find(({ histories }) => tool in histories)?.title ?? tool;
  const place = here === null ? "no schema" : `schema ${quoteIdentifier(here)}`;
  return new ConfitureError(
    "config_invalid",
    `${key} of ${title} is ${value}, which is not honoured: what these migrations name without a schema would go to ${place}`,
    {
      hint: [
        `Nothing was run. To have it go to ${quoteIdentifier(value)}, which has to be there:`,
        ...way,
        `Where all names have their schema, take the line out of ${file}.`,
      ].join("\n"),
      location: { file, line },
      data: { tool, key, value, schema: here },
    },
  );
}
