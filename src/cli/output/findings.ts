import { join } from "node:path";
import { findSchemaFiles } from "#build/collect.ts";
import type { Change } from "#compare/catalogue/changes.ts";
import type { Check } from "#compare/verify/checks.ts";
import type { Finding } from "#compare/verify/finding.ts";
import { blank, literalsOf } from "#compare/catalogue/code-literals.ts";
import { isComparedElsewhere } from "#compare/catalogue/extras.ts";
import type { Sought } from "#compare/catalogue/readings.ts";
import { findMaker, findPlace, findRows, findTaker, type Place } from "#compare/catalogue/places.ts";
import type { SourceText } from "#compare/catalogue/statement-words.ts";
import type { Way } from "#compare/verify/replay-ways.ts";
import { projectBase, type ProjectFiles, projectMigrations } from "#compare/sources/sources.ts";
import { ConfitureError } from "#errors/error.ts";
import { shellWord } from "#errors/shell.ts";
import { readRegularFile } from "#files/read.ts";
import { locate } from "#sql/position.ts";
import { cutFile } from "#migrate/layouts/cut.ts";
import type { MigrationFile } from "#migrate/files/migration-file.ts";
import { changeToJson, renderChange } from "./changes.ts";
import { errorToJson, renderError } from "./diagnostic.ts";
import { segmentToJson } from "./hazards.ts";
import { type ToldUndone, toldUndone, undoneInLine } from "./undone.ts";
import { inLine } from "./visible.ts";

const MARKS: Readonly<Record<Check["outcome"], string>> = { proven: "✅", disproven: "❌", "not-checked": "⚠️ " };

const WAYS: Readonly<Record<Way, string>> = {
  migrations: "The migrations were replayed from an empty database.",
  "base-file": "The migrations were replayed on top of base.sql.",
  schema:
    "The first migration needs tables from the schema files, so each one was rolled back from the built schema and applied again.",
  behind:
    "The first migration needs tables from the schema files, so the migrations were applied to the built schema, which does not have their changes yet.",
  base: "The new migrations were applied to the schema files of the base commit.",
};

/** The way that was taken, for people, and what makes the usual one of it. */
export function renderWay(way: Way, guide: Guide): string[] {
  return way === "schema" || way === "behind" ? [WAYS[way], aimed(LACKS_BASE, guide)] : [WAYS[way]];
}

const LACKS_BASE =
  "So the migrations alone make no new database: `confiture migrate base` writes down what there is before the first.";

/** Where a reader is sent to for something that differs. */
export interface Places {
  readonly schema: Place | undefined;
  readonly migration: Place | undefined;
  /** Whether what the schema files have is what a migration took away, by its text. */
  readonly isTaken?: boolean;
}

export type FindPlaces = (change: Change, finding: Finding) => Places;

/** What it takes to show findings: where they send a reader, and where the commands in their hints work. */
export interface Guide {
  readonly places: FindPlaces;
  readonly aim: (error: ConfitureError) => ConfitureError;
}

/** Where a migration makes something that is taken away, or takes away what is made. */
export type FindMaker = (
  taken: Sought & {
    /** The migration that has done it, where that is known. */
    readonly by?: MigrationFile | undefined;
  },
) => Place | undefined;

/** Reads base and migrations when it is first asked. */
export function makersIn(files: ProjectFiles): FindMaker {
  const find = amongWaysUp(files, findMaker);
  const read = reader(files);
  return (taken) => (taken.by === undefined ? find(taken) : findPlace(taken, [wayUp(taken.by, read(taken.by.path))]));
}

/** The same of what takes something away. */
export function takersIn(files: ProjectFiles): FindMaker {
  return amongWaysUp(files, findTaker);
}

/** The same of what changes something, or takes it away. */
export function changersIn(files: ProjectFiles): FindMaker {
  return amongWaysUp(files, findPlace);
}

function amongWaysUp(
  files: ProjectFiles,
  find: (sought: Sought, texts: readonly SourceText[]) => Place | undefined,
): FindMaker {
  let texts: readonly SourceText[] | undefined;
  return (sought) => find(sought, (texts ??= waysUp(files)));
}

/** Where the schema files fill a table, or else make it. */
export function fillersIn(files: ProjectFiles): (schema: string, table: string) => Place | undefined {
  const texts = findSchemaFiles(files).map(reader(files));
  return (schema, table) => findRows(table, texts) ?? findMaker({ kind: "table", path: [schema, table] }, texts);
}

function reader({ projectDir }: ProjectFiles): (file: string) => SourceText {
  return (file) => ({ file, text: readRegularFile(join(projectDir, file), file).toString() });
}

/** What the base and each migration do, at their lines. */
function waysUp(files: ProjectFiles): SourceText[] {
  const read = reader(files);
  return [...projectBase(files), ...projectMigrations(files)].map((migration) =>
    wayUp(migration, read(migration.path)),
  );
}

/**
 * Reads the files that findings may speak of, when it is first asked. What differs after a migration was rolled back is a matter of
 * its way back.
 */
export function placesIn(files: ProjectFiles): FindPlaces {
  const read = reader(files);
  let texts: { schema: readonly SourceText[]; migrations: readonly SourceText[] } | undefined;
  return (change, { migration: its, undone = [] }) => {
    if (its !== undefined) {
      const back = wayBack(its, read);
      return { schema: undefined, migration: findPlace(change, [back.source]) ?? back.begins };
    }
    texts ??= {
      schema: findSchemaFiles(files).map(read),
      migrations: waysUp(files),
    };
    const by = undone.find((each) => each.change === change)?.by;
    const taker = change.change === "added" ? findTaker(change, texts.migrations) : undefined;
    return {
      schema: findMaker(change, texts.schema) ?? findPlace(change, texts.schema),
      isTaken: taker !== undefined,
      // What the schema files have otherwise, or still have, was last changed by whatever names it last.
      migration:
        (by && findPlace(change, [wayUp(by, read(by.path))])) ??
        taker ??
        (change.change === "dropped" ? findMaker(change, texts.migrations) : undefined) ??
        findPlace(change, texts.migrations),
    };
  };
}

/** A migration's way back, at its lines, and where that begins. */
function wayBack(
  migration: MigrationFile,
  read: (file: string) => SourceText,
): { readonly source: SourceText; readonly begins: Place } {
  const source = read(migration.downPath ?? migration.path);
  const { file, text } = source;
  const from = (start: number, blanked: string): ReturnType<typeof wayBack> => {
    const first = start + (text.slice(start).match(/^\s*/)?.[0].length ?? 0);
    return { source: { ...source, text: blanked }, begins: { file, line: locate(text, first).line } };
  };
  if (migration.downPath !== undefined) return from(0, text);
  if (migration.form === "typescript") {
    const way = [...text.matchAll(WAYS_IN_CODE)].find(([, name]) => name === "down")?.index ?? 0;
    return from(way, blank(text.slice(0, way)) + literalsOf(text).slice(way));
  }
  try {
    const down = cutFile(migration, source, "up").down;
    if (down !== undefined) {
      const own = (down.text ?? text).slice(down.start, down.end);
      return from(down.start, text.slice(0, down.start).replaceAll(/[^\n\r]/g, " ") + own);
    }
  } catch (error) {
    // What is wrong with it is said by whoever runs it.
    if (!(error instanceof ConfitureError)) throw error;
  }
  return from(0, text);
}

/** A class up to its way back, or from its way up on. */
const WAYS_IN_CODE = /^\s*(?:async\s+)?(up|down)\s*\(/gm;

/** What a migration leads to is not said where it is taken back: the text up to there, or what its layout reads as its way up. */
function wayUp(migration: MigrationFile, source: SourceText): SourceText {
  const { file, text } = source;
  if (migration.form === "typescript") return { file, text: literalsOf(withoutWayBack(text)), isCode: true };
  if (migration.form === "foreign") return source;
  try {
    const { start, end, text: own = text } = cutFile(migration, source, "up").main;
    // Lines have to stay where they are.
    return { file, text: text.slice(0, start).replaceAll(/[^\n\r]/g, " ") + own.slice(start, end) };
  } catch (error) {
    // What is wrong with it is said by whoever runs it.
    if (error instanceof ConfitureError) return source;
    throw error;
  }
}

/** The same code, blank where its way back is. */
function withoutWayBack(code: string): string {
  const ways = [...code.matchAll(WAYS_IN_CODE)];
  const down = ways.findIndex(([, way]) => way === "down");
  if (down < 0) return code;
  const [start, end = code.length] = [ways[down]!.index, ways[down + 1]?.index];
  return code.slice(0, start) + blank(code.slice(start, end)) + code.slice(end);
}

/** A check with all that was found, a line each. Pure. */
export function renderCheck(check: Check, guide: Guide): string[] {
  return [
    `${MARKS[check.outcome]} ${check.summary}`,
    ...(check.next === undefined ? [] : [`  Next: ${aimed(check.next, guide)}`]),
    ...check.findings.flatMap((finding) => renderFinding(finding, check, guide)),
  ];
}

function renderFinding(finding: Finding, check: Check, guide: Guide): string[] {
  const { places, aim } = guide;
  const { message, error, changes = [], sql = [], missing = [], refusal } = finding;
  const heading = message === check.summary ? [] : [`  ${message}${changes.length === 0 ? "" : ":"}`];
  const said =
    error === undefined
      ? []
      : renderError(aim(error), (_format, text) => text)
          .trimEnd()
          .split("\n");
  return [
    ...heading,
    ...said.map((line) => `    ${line}`),
    ...changes.flatMap((change) => [
      ...renderChange(change).map((line) => `    ${line}`),
      ...renderPlaces(places(change, finding)),
    ]),
    ...(sql.length === 0
      ? []
      : [finding.migration === undefined ? "  The SQL that closes the gap:" : "  What its way back lacks, as SQL:"]),
    ...sql.flatMap((statement) => `${statement};`.split("\n").map((line) => `    ${line}`)),
    ...undoneBy(finding, guide).map((undone) => `  This ${undoneInLine(undone)}`),
    ...(missing.length === 0 ? [] : ["  What the schema files lack, as SQL:"]),
    ...missing.flatMap((statement) => `${statement};`.split("\n").map((line) => `    ${line}`)),
    ...(refusal === undefined ? [] : [`  No SQL is known that closes the gap. ${refusal.split("\n").join("\n    ")}`]),
    ...(check.name === "agreement" ? nextSteps(finding, guide) : []),
  ];
}

function undoneBy(finding: Finding, { places }: Pick<Guide, "places">): ToldUndone[] {
  return (finding.undone ?? []).map((each) => toldUndone(each, places(each.change, finding).migration));
}

/** The ways to make schema files and migrations agree, the likelier first. */
function nextSteps(finding: Finding, { places, aim }: Guide): string[] {
  const { changes = [], sql = [], undone = [] } = finding;
  const generate = "confiture migrate generate NAME writes the migration for what";
  const update = "confiture schema update brings what";
  const isAhead = sql.length > 0 && undone.length === 0 && !changes.some((change) => places(change, finding).isTaken);
  const hint = !isAhead
    ? `Next: ${update} the migrations did into the schema files\nWhere the schema files are right instead: ${generate} they say`
    : changes.every(({ change }) => change === "added")
      ? `Next: ${generate} the schema files say`
      : // Either may have changed it last.
        `Next: ${generate} the schema files say\nWhere the migrations are right instead: confiture schema update${takingOf(changes)} brings what they did into the schema files`;
  return aimed(hint, { aim })
    .split("\n")
    .map((line) => `  ${line}`);
}

/** A text whose commands work where the command that speaks works. */
export function aimed(text: string, { aim }: Pick<Guide, "aim">): string {
  return aim(new ConfitureError("schema_update_refused", "", { hint: text })).hint ?? text;
}

/** What `schema update` follows only where it is told to: it could be work in progress. */
function takingOf(changes: readonly Change[]): string {
  const names = changes.flatMap(({ change, kind, name, properties }) => {
    const isOwner = properties.every(({ property }) => property === "owner");
    return change !== "changed" || isComparedElsewhere(kind) || isOwner ? [] : [name];
  });
  return names.length === 0 ? "" : ` --take ${shellWord([...new Set(names)].join(","))}`;
}

function renderPlaces({ schema, migration }: Places): string[] {
  return [
    ...(schema === undefined ? [] : [`        schema file  ${inLine(schema.file)}:${schema.line}`]),
    ...(migration === undefined ? [] : [`        migration    ${inLine(migration.file)}:${migration.line}`]),
  ];
}

export function findingToJson(finding: Finding, { places, aim }: Guide): Record<string, unknown> {
  const { message, migration, error, changes = [], sql = [], missing = [], plan = [], refusal = null } = finding;
  return {
    message,
    migration: migration?.path ?? null,
    error: error === undefined ? null : errorToJson(aim(error)),
    changes: changes.map((change) => {
      const { schema, migration: inMigration } = places(change, finding);
      return { ...changeToJson(change), places: { schema: schema ?? null, migration: inMigration ?? null } };
    }),
    sql,
    missing,
    plan: plan.map(segmentToJson),
    undone: undoneBy(finding, { places }),
    refusal,
  };
}
