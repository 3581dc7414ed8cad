import { join } from "node:path";
import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import { readHead } from "#files/read.ts";
import { parseQualifiedName, quoteIdentifier } from "#sql/quote.ts";
import type { ForeignHistory, ForeignTable } from "../layouts/layout.ts";
import { isOtherTable, keyIn, type NamedLikeHistory, tablesOfTools } from "../layouts/read-history.ts";
import { looksLike, type TableLooks } from "../layouts/history-tables.ts";
import { HISTORIES, LAYOUTS } from "../layouts/registry.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { type MigrationFile, migrationId } from "../files/migration-file.ts";
import { importedKey } from "./origin.ts";
import { tableSettings } from "./tool-settings.ts";
import { canonicalVersion, compareVersions } from "../files/version.ts";

/** Another tool's history, where there is no ledger yet. */
export interface UnreadHistory {
  /** Keys of `HISTORIES`; several tools may have tables of one form. */
  readonly tools: readonly string[];
  readonly table: string;
  /** A migration without a row in a ledger that the tool says it has applied; undefined where its table may not be read. */
  readonly migration: MigrationFile | undefined;
  /** Who may not read it, and what its owner has to run first. */
  readonly closed?: { readonly role: string; readonly grants: readonly string[] };
}

/**
 * Looks for the history of another tool that holds one of these migrations, or may hold some and cannot be read, in a database without
 * a ledger: applying it would run it a second time.
 * @param ledger where the ledger will be
 * @throws ConfitureError `adoption_refused` where that history is unfinished
 */
export async function findUnreadHistory(
  database: Database,
  files: readonly MigrationFile[],
  projectDir: string,
  ledger: Ledger,
): Promise<UnreadHistory | undefined> {
  let found: UnreadHistory | undefined;
  const [first] = files;
  if (first === undefined) return undefined;
  const settings = tableSettings(projectDir, first.layout);
  const histories = Object.entries(HISTORIES).map(([tool, definition]) => {
    const own = settings.filter((setting) => setting.tool === tool).map(({ value }) => value);
    return { tool, definition: { ...definition, tables: [...own, ...definition.tables] } };
  });
  const tables = await tablesOfTools(
    database,
    settings.map(({ value }) => value),
  );
  for (const { table, grants, ...looks } of tables) {
    if (grants.length > 0) continue;
    for (const { tool, definition } of histories) {
      if (!definition.tables.some((candidate) => isCalled(looks, candidate))) continue;
      const history = await readIfIts(database, definition, table);
      const migration = history === undefined ? undefined : appliedOf(history, definition, files, projectDir);
      if (migration === undefined || (found !== undefined && found.table !== table)) continue;
      found = { tools: [...(found?.tools ?? []), tool], table, migration };
    }
    if (found !== undefined) return { ...found, tools: likeliest(found.tools, looks, files, projectDir) };
  }
  return closedHistory(tables, histories, files, projectDir, ledger);
}

/** The histories of tools, with the names of their tables in a project. */
type Histories = readonly { readonly tool: string; readonly definition: ForeignTable }[];

/**
 * One that may not be read, of the tool whose folder this is. Where the folder does not tell, one where that tool would have made it for
 * this project: those of other applications are in schemas of their own.
 */
function closedHistory(
  tables: readonly NamedLikeHistory[],
  histories: Histories,
  files: readonly MigrationFile[],
  projectDir: string,
  ledger: Ledger,
): UnreadHistory | undefined {
  const ofFolder = toolsOf(files, projectDir);
  for (const { table, role, grants, ...looks } of tables) {
    if (grants.length === 0) continue;
    const isNear = looks.schema === "public" || looks.schema === ledger.schema;
    const alike = histories.flatMap(({ tool, definition }) => (looksLike(definition, looks) ? [tool] : []));
    const tools = ofFolder.length > 0 ? alike.filter((tool) => ofFolder.includes(tool)) : isNear ? alike : [];
    if (tools.length > 0) return { tools, table, migration: undefined, closed: { role, grants } };
  }
  return undefined;
}

/** The histories of other tools in a database, by what their tables look like; those that are unfinished are left out. */
export async function foreignHistories(
  database: Database,
): Promise<{ readonly definition: ForeignTable; readonly history: ForeignHistory }[]> {
  const found: { definition: ForeignTable; history: ForeignHistory }[] = [];
  for (const { table, grants, ...looks } of await tablesOfTools(database)) {
    for (const definition of grants.length > 0 ? [] : Object.values(HISTORIES)) {
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
export function unreadHistory(unread: UnreadHistory): ConfitureError {
  const { tools, table, migration } = unread;
  if (migration === undefined) return closedToRole(unread);
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

function closedToRole({ tools, table, closed }: UnreadHistory): ConfitureError {
  const { role = "", grants = [] } = closed ?? {};
  return new ConfitureError(
    "adoption_refused",
    `${table} is the history of ${oneOf(tools)}, and role ${quoteIdentifier(role)} may not read it: which migrations have run here is not known, and there is no ledger yet`,
    {
      hint: [
        "Have its owner run this, so that nothing runs twice, and try again:",
        ...grants.map((grant) => `  ${grant}`),
        "If it is another application's, record what the database holds of these migrations, by proof: confiture migrate baseline --proven",
      ].join("\n"),
      data: { tools, table, role, grants },
    },
  );
}

/** "dbmate, golang-migrate or rails" */
function oneOf(tools: readonly string[]): string {
  return [tools.slice(0, -1).join(", "), tools.at(-1)].filter((part) => part !== "").join(" or ");
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
