import type { MigrationFacts, StatementFacts } from "#compare/trace/facts.ts";
import { impactOf, sizesByName, worstFirst } from "#compare/trace/impact.ts";
import type { SizeOf } from "#compare/trace/sizes.ts";
import { migrationId } from "#migrate/files/migration-file.ts";
import { rowShapeOf } from "#sql/alike.ts";
import { Statement } from "#sql/statement.ts";
import {
  cutTo,
  factsIn,
  failureOfWayBack,
  headline,
  heldInWords,
  limitLines,
  migrationInWords,
  noteOfBranches,
  notes,
  oneLine,
  type Plan,
  refusalInWords,
  shownLocks,
  verdict,
} from "./plan-words.ts";
import type { Paint } from "./style.ts";
import { inLine } from "./visible.ts";
import { wrap } from "./wrap.ts";

/** Of a terminal that says nothing of its own, and at most. */
const WIDTH = 80;

/** For a terminal: within 80 columns where names allow it, the worst thing first. Pure. */
export function renderPlan({ trace, sizes, above }: Plan, paint: Paint, columns = WIDTH): string {
  const width = Math.min(columns, WIDTH);
  const { migrations } = trace;
  if (migrations.length === 0) return "No pending migrations\n";
  const sizeOf = sizesByName(sizes);
  const ranked = worstFirst(trace, sizes);
  const lines = [
    headline(trace, sizes),
    ...verdict(ranked, trace).map((line) => paint("bold", line)),
    ...limitLines(above).map((line) => paint("yellow", line)),
  ];
  for (const migration of migrations) {
    lines.push("", ...renderMigration(migration, sizeOf, paint, width));
  }
  lines.push(...notes(trace, sizes).map((note) => `\n${note}`));
  return `${lines.map((line) => wrap(line, width)).join("\n")}\n`;
}

function renderMigration(
  migration: MigrationFacts,
  sizeOf: ReadonlyMap<string, SizeOf>,
  paint: Paint,
  width: number,
): string[] {
  const { file, statements } = migration;
  const failed = failureOfWayBack(migration);
  const refusal = refusalInWords(migration);
  return [
    `${paint("bold", inLine(migrationId(file)))} (${migrationInWords(migration)})`,
    ...(failed === undefined ? [] : [`  ${paint("yellow", failed)}`]),
    ...(refusal === undefined ? [] : [`  ${paint("red", refusal)}`]),
    ...noteOfBranches(migration).map((line) => `  ${line}`),
    ...alike(statements, sizeOf).flatMap((group) => renderAlike(group, sizeOf, paint, width)),
    ...heldInWords(migration).map((line) => `  ${line}`),
  ];
}

/** Statements in a row that are alike, as those for the rows of a table that a migration fills. */
interface Alike {
  readonly first: StatementFacts;
  readonly rest: StatementFacts[];
}

function alike(statements: readonly StatementFacts[], sizeOf: ReadonlyMap<string, SizeOf>): Alike[] {
  const groups: Alike[] = [];
  for (const statement of statements) {
    const group = groups.at(-1);
    if (group !== undefined && isLike(statement, group.rest.at(-1) ?? group.first, sizeOf)) group.rest.push(statement);
    else groups.push({ first: statement, rest: [] });
  }
  return groups;
}

/** Whether two statements keep nobody waiting, or were measured together and have the same said of them. */
function isLike(one: StatementFacts, other: StatementFacts, sizeOf: ReadonlyMap<string, SizeOf>): boolean {
  if (verbOf(one) !== verbOf(other)) return false;
  if (one.together === undefined || other.together === undefined) return isQuiet(one) && isQuiet(other);
  // Those that were measured together have this in common, and by far the most are.
  if (one.locks === other.locks) return Bun.deepEquals(ownOf(one), ownOf(other));
  return shapeOf(one) === shapeOf(other) && Bun.deepEquals(factsIn(one, sizeOf), factsIn(other, sizeOf));
}

function shapeOf({ sql }: StatementFacts): string | undefined {
  return rowShapeOf(Statement.of(sql));
}

/** What is known of a statement by its own text, also where it was measured together with others. */
function ownOf({ loses, endangers, exposes }: StatementFacts): readonly unknown[] {
  return [loses, endangers, exposes];
}

/** Whether it changes rows that were made for it, and there is no more to say. */
function isQuiet(statement: StatementFacts): boolean {
  const {
    how,
    error,
    tooNew,
    opaque,
    rewrites,
    rewritesIndexes,
    scans,
    buildsIndexes,
    drops,
    rows,
    loses,
    endangers,
    exposes,
    locks,
  } = statement;
  const lists = [
    rewrites,
    rewritesIndexes,
    scans,
    buildsIndexes,
    drops,
    rows.filter(({ isNew }) => !isNew),
    loses,
    endangers,
    exposes,
  ];
  return (
    how.kind === "measured" &&
    error === undefined &&
    tooNew === undefined &&
    !opaque &&
    lists.every(({ length }) => length === 0) &&
    shownLocks(locks).length === 0
  );
}

/** "INSERT INTO users" */
function verbOf({ sql }: StatementFacts): string | undefined {
  return /^\s*(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM)\s+[^\s(]+/i.exec(sql)?.[0].toUpperCase();
}

function renderAlike(
  { first, rest }: Alike,
  sizeOf: ReadonlyMap<string, SizeOf>,
  paint: Paint,
  width: number,
): string[] {
  const shown = [first, ...(rest.length < 3 ? rest : [])].flatMap((statement) =>
    renderStatement(statement, sizeOf, paint, width),
  );
  const last = rest.at(-1)?.place.line;
  const together = first.together === undefined ? "" : ", measured together";
  const where = last === undefined ? "" : `, down to line ${last}`;
  return rest.length < 3
    ? shown
    : [...shown, `        and ${rest.length.toLocaleString("en-US")} more like it${together}${where}`];
}

function renderStatement(
  statement: StatementFacts,
  sizeOf: ReadonlyMap<string, SizeOf>,
  paint: Paint,
  width: number,
): string[] {
  const { place, sql } = statement;
  const { weight } = impactOf(statement, sizeOf);
  const bad = weight === "fails" || weight === "rewrite" || weight === "scan";
  const mark = bad ? paint(weight === "fails" ? "red" : "yellow", "!") : " ";
  const head = `${mark} ${String(place.line ?? "?").padStart(4)}  `;
  const facts = factsIn(statement, sizeOf).flatMap((text) =>
    wrap(text, width - 9)
      .split("\n")
      .map((line, at) => `${at === 0 ? "        " : "          "}${line.trimStart()}`),
  );
  return [`${head}${cutTo(oneLine(sql), width - 8)}`, ...facts];
}
