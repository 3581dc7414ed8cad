import { join } from "node:path";
import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import { readHead } from "#files/read.ts";
import { parseQualifiedName } from "#sql/quote.ts";
import type { ForeignHistory, ForeignTable } from "../layouts/layout.ts";
import { isOtherTable, keyIn, tablesOfTools } from "../layouts/read-history.ts";
import { looksLike, type TableLooks } from "../layouts/history-tables.ts";
import { HISTORIES, LAYOUTS } from "../layouts/registry.ts";
import { type MigrationFile, migrationId } from "../files/migration-file.ts";
import { importedKey } from "./origin.ts";
import { canonicalVersion, compareVersions } from "../files/version.ts";

/** A migration without a row in a ledger that another tool says it has applied. */
export interface UnreadHistory {
  /** Keys of `HISTORIES`; several tools may have tables of one form. */
  readonly tools: readonly string[];
  readonly table: string;
  readonly migration: MigrationFile;
}

/**
 * Looks for the history of another tool that holds one of these migrations, in a database without a ledger: applying it
 * would run it a second time.
 * @throws ConfitureError `adoption_refused` where that history is unfinished
 */
export async function findUnreadHistory(
  database: Database,
  files: readonly MigrationFile[],
  projectDir: string,
): Promise<UnreadHistory | undefined> {
  let found: UnreadHistory | undefined;
  for (const { table, ...looks } of await tablesOfTools(database)) {
    for (const [tool, definition] of Object.entries(HISTORIES)) {
      if (!definition.tables.some((candidate) => isCalled(looks, candidate))) continue;
      const history = await readIfIts(database, definition, table);
      const migration = history === undefined ? undefined : appliedOf(history, definition, files, projectDir);
      if (migration === undefined || (found !== undefined && found.table !== table)) continue;
      found = { tools: [...(found?.tools ?? []), tool], table, migration };
    }
    if (found !== undefined) return { ...found, tools: likeliest(found.tools, looks, files, projectDir) };
  }
  return undefined;
}

/** The histories of other tools in a database, by what their tables look like; those that are unfinished are left out. */
export async function foreignHistories(
  database: Database,
): Promise<{ readonly definition: ForeignTable; readonly history: ForeignHistory }[]> {
  const found: { definition: ForeignTable; history: ForeignHistory }[] = [];
  for (const { table, ...looks } of await tablesOfTools(database)) {
    for (const definition of Object.values(HISTORIES)) {
      if (!looksLike(definition, looks)) continue;
      const history = await readIfIts(database, definition, table).catch((error: unknown) => {
        if (error instanceof ConfitureError && error.code === "adoption_refused") return undefined;
        throw error;
      });
      if (history !== undefined) found.push({ definition, history });
    }
  }
  return found;
}

function isCalled({ schema, name }: TableLooks, candidate: string): boolean {
  const wanted = parseQualifiedName(candidate);
  return wanted?.name === name && (wanted.schema === undefined || wanted.schema === schema);
}

/** Of tools whose tables look alike, those that the columns and then the folder speak for, where they speak for any. */
function likeliest(
  tools: readonly string[],
  looks: TableLooks,
  files: readonly MigrationFile[],
  projectDir: string,
): readonly string[] {
  const alike = tools.filter((tool) => looksLike(HISTORIES[tool]!, looks));
  const left = alike.length === 0 ? tools : alike;
  const ofFolder = left.filter((tool) => toolsOf(files, projectDir).includes(tool));
  return ofFolder.length === 0 ? left : ofFolder;
}

/** The tools that have folders of this form; none for a form that people also write by hand. */
function toolsOf(files: readonly MigrationFile[], projectDir: string): readonly string[] {
  const [first] = files;
  if (first === undefined || importedKey(projectDir, first) !== undefined) return [];
  if (first.layout !== "confiture") return Object.keys(LAYOUTS[first.layout].histories);
  return files.some((file) => file.form === "sql" && hasMark(projectDir, file)) ? ["dbmate"] : [];
}

/** Whether it has the mark of dbmate, which is this tool's as well. */
export function hasMark(projectDir: string, { path }: MigrationFile): boolean {
  return /^--\s*migrate:up\b/m.test(readHead(join(projectDir, path), path, MARK_WITHIN).toString());
}

/** Bytes: the mark stands above the SQL. */
const MARK_WITHIN = 4096;

/** What is said of it, with the way on. */
export function unreadHistory({ tools, table, migration }: UnreadHistory): ConfitureError {
  return new ConfitureError(
    "adoption_refused",
    `Another tool has applied migrations here: ${migrationId(migration)} is in ${table}, and there is no ledger yet`,
    {
      hint:
        tools.length === 1
          ? `Take over its history so that nothing runs twice: confiture migrate baseline --from ${tools[0]}`
          : [
              "Take over its history so that nothing runs twice, with the command of its tool:",
              ...tools.map((tool) => `  confiture migrate baseline --from ${tool}`),
            ].join("\n"),
      location: { file: migration.path },
      data: { tools, table, version: migration.version },
    },
  );
}

async function readIfIts(
  database: Database,
  definition: ForeignTable,
  table: string,
): Promise<ForeignHistory | undefined> {
  try {
    return await definition.read(database, table);
  } catch (error) {
    if (isOtherTable(error)) return undefined;
    throw error;
  }
}

function appliedOf(
  history: ForeignHistory,
  definition: ForeignTable,
  files: readonly MigrationFile[],
  projectDir: string,
): MigrationFile | undefined {
  if (history.kind === "through") {
    const { version } = history;
    return version === undefined ? undefined : files.find((file) => compareVersions(file.version, version) <= 0);
  }
  const keys = new Set(history.records.map(({ key }) => canonicalVersion(key)));
  const { baseline } = history;
  return files.find((file) => {
    const key = keyIn(definition, file, importedKey(projectDir, file));
    return keys.has(canonicalVersion(key)) || (baseline !== undefined && compareVersions(file.version, baseline) <= 0);
  });
}
