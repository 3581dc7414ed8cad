import {
  blockedBy,
  isAtLeast,
  type Lock,
  type MigrationFacts,
  type Relation,
  type StatementFacts,
  type Trace,
} from "#compare/trace/facts.ts";
import { impactOf, sizesByName, type Weighed, worstFirst } from "#compare/trace/impact.ts";
import { otherSearchPath, type SizeOf, type Sizes } from "#compare/trace/sizes.ts";
import type { ConfitureError } from "#errors/error.ts";
import { migrationId } from "#migrate/migration-file.ts";
import { errorToJson } from "./diagnostic.ts";
import type { Paint } from "./style.ts";
import { agree, count } from "./text.ts";
import { inLine } from "./visible.ts";
import { wrap } from "./wrap.ts";

/** A trace with what else is known, for people and programs. */
export interface Plan {
  readonly trace: Trace;
  readonly sizes: Sizes | undefined;
  readonly aim: (error: ConfitureError) => ConfitureError;
}

const WIDTH = 80;

/** What GitHub takes as one comment is 65,536 characters; some room stays for what is written around it. */
const MARKDOWN_LIMIT = 60_000;

/** For a terminal: within 80 columns where names allow it, the worst thing first. Pure. */
export function renderPlan({ trace, sizes }: Plan, paint: Paint): string {
  const { migrations } = trace;
  if (migrations.length === 0) return "No pending migrations\n";
  const sizeOf = sizesByName(sizes);
  const ranked = worstFirst(trace, sizes);
  const lines = [headline(trace, sizes), ...verdict(ranked, trace).map((line) => paint("bold", line))];
  for (const migration of migrations) {
    lines.push("", ...renderMigration(migration, sizeOf, paint));
  }
  lines.push(...notes(trace, sizes).map((note) => `\n${note}`));
  return `${lines.map((line) => wrap(line, WIDTH)).join("\n")}\n`;
}

function headline({ migrations, serverVersion }: Trace, sizes: Sizes | undefined): string {
  const statements = migrations.reduce((sum, migration) => sum + migration.statements.length, 0);
  const from = sizes === undefined ? "" : `; sizes of ${sizes.taken.slice(0, 10)}`;
  return `${count(migrations.length, "pending migration")}, ${count(statements, "statement")}, tried on PostgreSQL ${Math.floor(serverVersion / 10_000)}${from}`;
}

function verdict(ranked: readonly Weighed[], { migrations }: Trace): string[] {
  const broken = migrations.find(({ error }) => error !== undefined);
  if (broken?.error !== undefined)
    return [`Worst: ${inLine(broken.file.path)} cannot run: ${inLine(broken.error.message)}`];
  const [worst] = ranked;
  if (worst === undefined) return [];
  if (worst.impact.weight === "none") return ["Nobody has to wait for any of it"];
  if (worst.impact.weight === "unseen")
    return [`Nobody has to wait for what was seen; not all of ${placeOf(worst.statement)} was`];
  return [`Worst: ${placeOf(worst.statement)} ${inLine(worst.impact.sentence)}`];
}

function renderMigration(migration: MigrationFacts, sizeOf: ReadonlyMap<string, SizeOf>, paint: Paint): string[] {
  const { file, transactional, backfill, reversible, statements, error } = migration;
  const how = backfill
    ? "a backfill, in batches: a transaction for each"
    : transactional
      ? "one transaction"
      : "outside a transaction";
  return [
    `${paint("bold", inLine(migrationId(file)))} (${how}, ${reversible ? "reversible" : "no way back"})`,
    ...(error === undefined ? [] : [paint("red", `  cannot run: ${inLine(error.message)}`)]),
    ...statements.flatMap((statement) => renderStatement(statement, sizeOf, paint)),
    ...heldLines(migration),
  ];
}

function renderStatement(statement: StatementFacts, sizeOf: ReadonlyMap<string, SizeOf>, paint: Paint): string[] {
  const { place, sql } = statement;
  const { weight } = impactOf(statement, sizeOf);
  const bad = weight === "fails" || weight === "rewrite" || weight === "scan";
  const mark = bad ? paint(weight === "fails" ? "red" : "yellow", "!") : " ";
  const head = `${mark} ${String(place.line ?? "?").padStart(4)}  `;
  const facts = factsIn(statement, sizeOf).flatMap((text) =>
    wrap(text, WIDTH - 9)
      .split("\n")
      .map((line, at) => `${at === 0 ? "        " : "          "}${line.trimStart()}`),
  );
  return [`${head}${cutTo(oneLine(sql), WIDTH - 8)}`, ...facts];
}

/** What migrations do, by their files: comments for a script that shows their statements already. Pure. */
export function factsByFile({ trace, sizes }: Omit<Plan, "aim">): ReadonlyMap<string, readonly string[]> {
  const sizeOf = sizesByName(sizes);
  return new Map(
    trace.migrations.map((migration) => [
      migration.file.path,
      [
        ...(migration.error === undefined ? [] : [`cannot run: ${inLine(migration.error.message)}`]),
        ...migration.statements.flatMap((statement) =>
          factsIn(statement, sizeOf).map((fact) => `line ${statement.place.line ?? "?"}: ${fact}`),
        ),
      ],
    ]),
  );
}

/** What there is to say of a statement, a line each. */
function factsIn(statement: StatementFacts, sizeOf: ReadonlyMap<string, SizeOf>): string[] {
  const { sql, how, error, opaque, loses, drops } = statement;
  const { weight, sentence } = impactOf(statement, sizeOf);
  const bad = weight === "fails" || weight === "rewrite" || weight === "scan";
  const lines: string[] = [];
  const add = (text: string): void => void lines.push(text);
  if (how.kind === "not-traced" && error === undefined) add(`not traced: ${inLine(how.reason)}`);
  if (bad) add(sentence);
  for (const lock of shownLocks(statement.locks))
    add(`${lock.mode} on ${lock.name}: blocks ${blockedBy(lock.mode, lock.kind)}`);
  for (const relation of inUse(statement.rewrites)) add(`rewrites ${sized(relation, sizeOf)}`);
  for (const relation of inUse(statement.rewritesIndexes)) add(`rebuilds index ${sized(relation, sizeOf)}`);
  for (const relation of inUse(statement.scans)) add(`reads ${sized(relation, sizeOf)}`);
  for (const index of statement.buildsIndexes) {
    if (!inUse(statement.scans).some(({ name }) => name === index.table)) continue;
    add(`builds index ${index.name}`);
  }
  for (const loss of loses) add(`loses data: ${inLine(loss)}`);
  const locked = inUse(statement.rows).filter((table) => table.locked);
  if (locked.length > 0) add(`locks rows of ${listOf(locked.map(({ name }) => name))}`);
  const gone = inUse(drops).filter(({ name }) => !sql.includes(name.split(".").at(-1) ?? name));
  if (gone.length > 0) add(`takes along ${listed(gone)}`);
  if (error?.onRows !== undefined) {
    const whose = error.onRows.madeUp ? "on rows made up for this" : "on rows of the fixtures";
    const { message } = error.error;
    add(
      `fails ${whose}: ${inLine(message)}${error.onRows.example === message ? "" : `. ${inLine(error.onRows.example)}`}`,
    );
  }
  if (opaque) add("runs code with branches: what they did not lead into was not seen");
  if (how.kind === "known") add("(known of this statement: one connection cannot measure it)");
  return lines;
}

/** What waits until the end, where that is more than the last statement takes. */
function heldLines({ statements, transactional }: MigrationFacts): string[] {
  const last = statements.findLast(({ inTransaction }) => inTransaction);
  if (!transactional || last === undefined || statements.length < 2) return [];
  const held = inUse(last.held).filter(({ kind }) => kind !== "index");
  if (held.length === 0) return [];
  const shown = held.slice(0, 6).map(({ mode, name }) => `${mode} on ${name}`);
  const more = held.length > shown.length ? ` and ${held.length - shown.length} more` : "";
  return [`  Held until it commits: ${shown.join(", ")}${more}`];
}

function notes({ withoutRows, leftOut, serverVersion }: Trace, sizes: Sizes | undefined): string[] {
  const tried = Math.floor(serverVersion / 10_000);
  const path = sizes && otherSearchPath(sizes);
  const missing = leftOut.map(
    ({ message, location }) => `${location?.file ?? ""}:${location?.line ?? ""} ${inLine(message)}`,
  );
  return [
    ...(sizes === undefined || sizes.postgres === tried
      ? []
      : [
          `The database is PostgreSQL ${sizes.postgres}, and this was tried on ${tried}: --scratch URL tries it on a server of your own`,
        ]),
    ...(path === undefined
      ? []
      : [`The database looks names up in ${path}: names without a schema may mean other tables there than here`]),
    ...(withoutRows.length === 0
      ? []
      : [`No rows could be made up for ${listOf(withoutRows)}: what fails on rows is not found there (--fixtures)`]),
    ...(missing.length === 0 ? [] : [`Left out, because this PostgreSQL cannot run it: ${listOf(missing)}`]),
  ];
}

/** For a pull request: at most 60,000 characters, the worst statements first, the rest counted. Pure. */
export function planToMarkdown({ trace, sizes }: Plan): string {
  const { migrations } = trace;
  if (migrations.length === 0) return "No pending migrations.\n";
  const sizeOf = sizesByName(sizes);
  const ranked = worstFirst(trace, sizes);
  const head = [
    "### Migration plan",
    "",
    `${headline(trace, sizes)}.`,
    "",
    ...verdict(ranked, trace).flatMap((line) => [`**${escaped(line)}**`, ""]),
    ...migrations.flatMap(({ file, error }) =>
      error === undefined ? [] : [`- \`${inCode(file.path)}\` cannot run: ${escaped(inLine(error.message))}`, ""],
    ),
    "| place | statement | worst | locks |",
    "|---|---|---|---|",
  ].join("\n");
  const tail = notes(trace, sizes)
    .map((note) => `\n${escaped(note)}\n`)
    .join("");
  let text = `${head}\n`;
  for (const [index, { statement, impact }] of ranked.entries()) {
    const row = `| ${inCode(placeOf(statement))} | \`${inCode(cutTo(oneLine(statement.sql), 120))}\` | ${escaped(inLine(rowWords(statement, impact.sentence, sizeOf)))} | ${escaped(lockWords(statement.locks))} |\n`;
    const rest = `\n${count(ranked.length - index, "more statement")}: see \`confiture migrate plan\`.\n`;
    if (text.length + row.length + rest.length + tail.length > MARKDOWN_LIMIT)
      return `${text}${rest}${cutTo(tail, 2000)}`;
    text += row;
  }
  return text + tail;
}

function rowWords(statement: StatementFacts, sentence: string, sizeOf: ReadonlyMap<string, SizeOf>): string {
  const { how, error } = statement;
  if (how.kind === "not-traced" && error === undefined) return `not traced: ${how.reason}`;
  const large = [...inUse(statement.rewrites), ...inUse(statement.scans)].filter(({ name }) => sizeOf.has(name));
  const sizes = large.length === 0 ? "" : ` (${large.map((relation) => sized(relation, sizeOf)).join(", ")})`;
  const rows = error?.onRows === undefined ? "" : `; fails on some rows: ${error.onRows.example}`;
  const unseen = statement.opaque ? "; its code has branches, of which not all were seen" : "";
  return cutTo(`${sentence}${sizes}${rows}${unseen}`, 600);
}

function lockWords(locks: readonly Lock[]): string {
  const shown = shownLocks(locks).map(({ mode, name }) => `${mode} on ${name}`);
  return shown.length <= 4 ? shown.join(", ") : `${shown.slice(0, 4).join(", ")} and ${shown.length - 4} more`;
}

/** Characters that a table or emphasis of Markdown would take for its own. */
function escaped(text: string): string {
  return text.replaceAll(/[\\|*_<>`]/g, (character) => `\\${character}`);
}

function inCode(text: string): string {
  return inLine(text).replaceAll("`", "'").replaceAll("|", "\\|");
}

export function planToJson({ trace, sizes, aim }: Plan): Record<string, unknown> {
  const sizeOf = sizesByName(sizes);
  const [worst] = worstFirst(trace, sizes);
  const relation = (one: Relation): Record<string, unknown> => ({
    name: one.name,
    kind: one.kind,
    table: one.table ?? null,
    isNew: one.isNew,
    rows: sizeOf.get(one.name)?.rows ?? null,
    bytes: sizeOf.get(one.name)?.bytes ?? null,
  });
  const lock = (one: Lock): Record<string, unknown> => ({
    ...relation(one),
    mode: one.mode,
    blocks: blockedBy(one.mode, one.kind),
  });
  const statementToJson = (statement: StatementFacts): Record<string, unknown> => {
    const { how, error, place } = statement;
    const { weight, sentence } = impactOf(statement, sizeOf);
    return {
      sql: statement.sql,
      file: place.file,
      line: place.line ?? null,
      column: place.column ?? null,
      inTransaction: statement.inTransaction,
      how: how.kind,
      reason: how.kind === "not-traced" ? how.reason : null,
      weight,
      worst: sentence,
      locks: statement.locks.map(lock),
      held: statement.held.map(lock),
      rewrites: statement.rewrites.map(relation),
      rewritesIndexes: statement.rewritesIndexes.map(relation),
      scans: statement.scans.map(relation),
      buildsIndexes: statement.buildsIndexes.map(relation),
      drops: statement.drops.map(relation),
      changes: statement.rows.map((one) => ({
        ...relation(one),
        updated: one.updated,
        deleted: one.deleted,
        locked: one.locked,
      })),
      loses: statement.loses,
      opaque: statement.opaque,
      error: error === undefined ? null : errorToJson(aim(error.error)),
      tooNew: statement.tooNew ?? null,
      onRows:
        error?.onRows === undefined
          ? null
          : { table: error.onRows.table ?? null, example: error.onRows.example, madeUp: error.onRows.madeUp },
    };
  };
  return {
    serverVersion: trace.serverVersion,
    sizes: sizes?.taken ?? null,
    worst:
      worst === undefined
        ? null
        : {
            weight: worst.impact.weight,
            sentence: worst.impact.sentence,
            file: worst.statement.place.file,
            line: worst.statement.place.line ?? null,
          },
    migrations: trace.migrations.map((migration) => ({
      version: migration.file.version,
      name: migration.file.name,
      file: migration.file.path,
      transactional: migration.transactional,
      backfill: migration.backfill,
      reversible: migration.reversible,
      error: migration.error === undefined ? null : errorToJson(aim(migration.error)),
      statements: migration.statements.map(statementToJson),
    })),
    withoutRows: trace.withoutRows,
    leftOut: trace.leftOut.map((error) => errorToJson(aim(error))),
  };
}

/** Whether something in it cannot run, whatever rows there are. Pure. */
export function hasFailure({ migrations }: Trace): boolean {
  return migrations.some(
    ({ error, statements }) =>
      error !== undefined ||
      statements.some(
        (statement) =>
          statement.tooNew !== undefined || (statement.error !== undefined && statement.error.onRows === undefined),
      ),
  );
}

function inUse<R extends Relation>(relations: readonly R[]): R[] {
  return relations.filter(({ isNew }) => !isNew);
}

/** Those that are in somebody's way; an index that is locked no harder than its table is in nobody else's. */
function shownLocks(locks: readonly Lock[]): Lock[] {
  return inUse(locks).filter(
    ({ table, mode }) => !locks.some((lock) => lock.name === table && isAtLeast(lock.mode, mode)),
  );
}

function sized({ name }: Relation, sizeOf: ReadonlyMap<string, SizeOf>): string {
  const size = sizeOf.get(name);
  if (size === undefined) return name;
  const rows = size.rows === null ? "rows never counted" : `about ${size.rows.toLocaleString("en-US")} rows`;
  const indexes = size.indexes === 0 ? "" : `, ${size.indexes} ${agree(size.indexes, "index", "indexes")}`;
  return `${name} (${rows}, ${inBytes(size.bytes)}${indexes})`;
}

function inBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value >= 10 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

function placeOf({ place }: StatementFacts): string {
  return place.line === undefined ? inLine(place.file) : `${inLine(place.file)}:${place.line}`;
}

function oneLine(sql: string): string {
  return inLine(sql.slice(0, 2000).replaceAll(/\s+/g, " "));
}

function cutTo(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 3)}...`;
}

function listed(relations: readonly Relation[]): string {
  return listOf(relations.map(({ kind, name }) => `${kind} ${name}`));
}

function listOf(names: readonly string[]): string {
  return names.length <= 5 ? names.join(", ") : `${names.slice(0, 5).join(", ")} and ${names.length - 5} more`;
}
