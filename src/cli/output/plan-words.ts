import { dangerWords } from "#sql/effects/danger-kinds.ts";
import { exposureWords } from "#sql/effects/exposure-kinds.ts";
import {
  blockedBy,
  isAtLeast,
  type Lock,
  type MigrationFacts,
  type Relation,
  type StatementFacts,
  type Trace,
} from "#compare/trace/facts.ts";
import type { Excess } from "#compare/trace/limits.ts";
import { impactOf, type Weighed } from "#compare/trace/impact.ts";
import { otherSearchPath, type SizeOf, type Sizes } from "#compare/trace/sizes.ts";
import { IS_CODE } from "#migrate/warnings/losses.ts";
import type { ConfitureError, Location } from "#errors/error.ts";
import type { AboveLimits } from "../above-limits.ts";
import { agree, count } from "./text.ts";
import { inLine } from "./visible.ts";

/** A trace with what else is known, for people and programs. */
export interface Plan {
  readonly trace: Trace;
  readonly sizes: Sizes | undefined;
  readonly aim: (error: ConfitureError) => ConfitureError;
  /** What `up` would stop at; undefined where it is not protected, or nothing is known of the sizes of tables. */
  readonly above: AboveLimits | undefined;
}

export function headline({ migrations, serverVersion }: Trace, sizes: Sizes | undefined): string {
  const statements = migrations.reduce((sum, migration) => sum + migration.statements.length, 0);
  const from = sizes === undefined ? "" : `; sizes of ${sizes.taken.slice(0, 10)}`;
  const byRows = migrations.some(({ hasBranches }) => hasBranches)
    ? " (with your rows, TypeScript may run more or fewer)"
    : "";
  return `${count(migrations.length, "pending migration")}, ${count(statements, "statement")}${byRows}, tried on PostgreSQL ${Math.floor(serverVersion / 10_000)}${from}`;
}

export function verdict(ranked: readonly Weighed[], { migrations }: Trace): string[] {
  const broken = brokenAmong(migrations);
  if (broken !== undefined) return [`Worst: ${placeInWords(broken)} ${broken.sentence}`];
  const [worst] = ranked;
  if (worst === undefined) return [];
  if (worst.impact.weight === "none") return ["Nobody has to wait for any of it"];
  if (worst.impact.weight === "unseen")
    return [`Nobody has to wait for what was seen; not all of ${placeOf(worst.statement)} was`];
  return [`Worst: ${placeOf(worst.statement)} ${inLine(worst.impact.sentence)}`];
}

/** The first file that cannot run at all, which is worse than what any statement does. Pure. */
export function brokenAmong(
  migrations: readonly MigrationFacts[],
): (Pick<Location, "file" | "line"> & { readonly sentence: string }) | undefined {
  for (const { file, error } of migrations) {
    if (error === undefined) continue;
    return { file: file.path, ...error.location, sentence: `cannot run: ${behindPlace(error.message, file)}` };
  }
  return undefined;
}

/** Why a file cannot run, and where. Pure. */
export function refusalInWords({ file, error, statements }: MigrationFacts): string | undefined {
  if (error === undefined) return undefined;
  const untried = statements.length === 0 ? "; none of its statements was tried" : "";
  return `cannot run: ${placeInWords(error.location ?? { file: file.path })} ${behindPlace(error.message, file)}${untried}`;
}

/** What is said of a file where its name stands in front already. */
function behindPlace(message: string, { path }: MigrationFacts["file"]): string {
  return inLine(message.startsWith(`${path} `) ? message.slice(path.length + 1) : message);
}

/** That `up` would stop before anything runs, in lines; none where it would not. */
export function limitLines(above: AboveLimits | undefined): string[] {
  const { excesses = [], concerns = [] } = above ?? {};
  if (above === undefined || excesses.length + concerns.length === 0) return [];
  const why =
    excesses.length === 0
      ? `To be confirmed on "${above.environment}", which is protected`
      : `Above the limits of "${above.environment}"`;
  const isCode = concerns.some(({ what }) => what === IS_CODE);
  const plan = isCode ? "an approved plan, which does not speak for TypeScript" : "an approved plan";
  return [
    `${why}: \`up\` stops before anything runs, unless it is confirmed (--yes ${above.environment}) or given ${plan}`,
    ...[...excesses, ...concerns].map((excess) => `  ${excessInWords(excess)}`),
  ];
}

/** "db/migrations/3_token.sql:2: ACCESS EXCLUSIVE on public.users (about 2,000,000 rows)" */
export function excessInWords({ statement: { place }, what }: Excess): string {
  return `${place.line === undefined ? inLine(place.file) : `${inLine(place.file)}:${place.line}`}: ${inLine(what)}`;
}

/** How it runs, and what there is to say of it as a whole. Pure. */
export function migrationInWords(migration: MigrationFacts): string {
  const { backfill, transactional, error, statements } = migration;
  const back = wayBackInWords(migration);
  if (backfill) return `a backfill, in batches: a transaction for each, ${back}`;
  if (transactional) return `one transaction, ${back}`;
  // Nothing is decided of a file that is refused.
  return error !== undefined && statements.length === 0 ? back : `outside a transaction, ${back}`;
}

/** That not all of its code was seen. Pure. */
export function noteOfBranches({ hasBranches }: MigrationFacts): string[] {
  return hasBranches ? ["has branches: what they did not lead into with the rows here was not seen"] : [];
}

/** What waits until the end, where that is more than the last statement takes. Pure. */
export function heldInWords({ statements, transactional }: MigrationFacts): string[] {
  const last = statements.findLast(({ inTransaction }) => inTransaction);
  if (!transactional || last === undefined || statements.length < 2) return [];
  const held = inUse(last.held).filter(({ kind }) => kind !== "index");
  if (held.length === 0) return [];
  const shown = held.slice(0, 6).map(({ mode, name }) => `${mode} on ${name}`);
  const more = held.length > shown.length ? ` and ${held.length - shown.length} more` : "";
  return [`Held until it commits: ${shown.join(", ")}${more}`];
}

/** Pure. */
function wayBackInWords({ reversible, wayBack }: MigrationFacts): string {
  if (!reversible) return "no way back";
  if (wayBack === undefined) return "has a way back, not tried";
  return wayBack === "leads-back" ? "has a way back" : "no way back that works";
}

/** Why a way back does not lead back. Pure. */
export function failureOfWayBack({ wayBack }: MigrationFacts): string | undefined {
  if (wayBack === "leads-elsewhere") {
    return "the way back leads to another schema than there was before: `confiture verify` shows in what it differs";
  }
  if (wayBack === undefined || wayBack === "leads-back") return undefined;
  const { message, location } = wayBack;
  const place = location === undefined ? "" : `${placeInWords(location)} `;
  return `the way back fails: ${place}${inLine(message)}`;
}

/** What there is to say of a statement, a line each. */
export function factsIn(statement: StatementFacts, sizeOf: ReadonlyMap<string, SizeOf>): string[] {
  const { how, error, opaque, loses, endangers, exposes } = statement;
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
  // A table that is written anew is not told as read.
  const worked = inUse([...statement.scans, ...statement.rewrites]);
  for (const index of statement.buildsIndexes) {
    if (!worked.some(({ name }) => name === index.table)) continue;
    add(`builds index ${index.name}`);
  }
  for (const loss of loses) add(`loses data: ${inLine(loss)}`);
  for (const danger of endangers) add(`endangers data: ${inLine(dangerWords(danger))}`);
  for (const exposure of exposes) add(`exposes data: ${inLine(exposureWords(exposure))}`);
  for (const fact of furtherFacts(statement)) add(fact);
  const locked = inUse(statement.rows).filter((table) => table.locked);
  if (locked.length > 0) add(`locks rows of ${listOf(locked.map(({ name }) => name))}`);
  if (error?.onRows?.isEvery === true) {
    if (error.onRows.example !== error.error.message) add(`for example: ${inLine(error.onRows.example)}`);
  } else if (error?.onRows !== undefined) {
    const { message } = error.error;
    add(
      `fails on ${error.onRows.whose}: ${inLine(message)}${error.onRows.example === message ? "" : `. ${inLine(error.onRows.example)}`}`,
    );
  }
  if (opaque) add("runs code with branches: what they did not lead into was not seen");
  if (how.kind === "known") add(KNOWN);
  return lines;
}

/** Of a statement that was not measured itself. */
export const KNOWN = "(known of this statement: one connection cannot measure it)";

/** What is no loss here, and somebody may have to know. Pure. */
export function furtherFacts({ sets, absent }: StatementFacts): string[] {
  return [
    ...sets.map((sequence) => `sets SEQUENCE ${sequence}: it goes on from another value`),
    ...(absent === undefined
      ? []
      : [`drops nothing: there is no ${inLine(absent)} here; a database that has it loses it`]),
  ];
}

export function notes({ withoutRows, leftOut, notReplayed, serverVersion }: Trace, sizes: Sizes | undefined): string[] {
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
      : [
          `Tried without rows of ${listOf(withoutRows)}: none could be made up, or the pending migrations delete all of them. What fails on rows is not found there, but for a new column that is NOT NULL and has no value (--fixtures)`,
        ]),
    ...(notReplayed === undefined ? [] : [notReplayedInWords(notReplayed)]),
    ...(missing.length === 0 ? [] : [`Left out, because this PostgreSQL cannot run it: ${listOf(missing)}`]),
  ];
}

/** "db/migrations/2_b.sql:1 does not run ...", of what only a database in use has. Pure. */
export function notReplayedInWords({ message, location }: ConfitureError): string {
  const place = location === undefined ? "a migration" : placeInWords(location);
  return `Tried on a copy of the database's schema, because ${place} does not run on what the migrations before it make: ${inLine(message)}`;
}

/** Why statements are judged by their text, with the place of what stopped them from being run. Pure. */
export function nothingRunInWords({ message, location }: ConfitureError): string {
  const place = location === undefined ? "" : `${placeInWords(location)}: `;
  return `judged by the text alone, because nothing could be run: ${place}${inLine(message)}`;
}

function placeInWords({ file, line = 1 }: Pick<Location, "file" | "line">): string {
  return `${inLine(file)}:${line}`;
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

export function inUse<R extends Relation>(relations: readonly R[]): R[] {
  return relations.filter(({ isNew }) => !isNew);
}

/** Those that are in somebody's way; an index that is locked no harder than its table is in nobody else's. */
export function shownLocks(locks: readonly Lock[]): Lock[] {
  return inUse(locks).filter(
    ({ table, mode }) => !locks.some((lock) => lock.name === table && isAtLeast(lock.mode, mode)),
  );
}

export function sized({ name }: Relation, sizeOf: ReadonlyMap<string, SizeOf>): string {
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

export function placeOf({ place }: StatementFacts): string {
  return place.line === undefined ? inLine(place.file) : `${inLine(place.file)}:${place.line}`;
}

export function oneLine(sql: string): string {
  return inLine(sql.slice(0, 2000).replaceAll(/\s+/g, " "));
}

export function cutTo(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 3)}...`;
}

function listOf(names: readonly string[]): string {
  return names.length <= 5 ? names.join(", ") : `${names.slice(0, 5).join(", ")} and ${names.length - 5} more`;
}
