import { parseScript } from "#database/script.ts";
import type { Database } from "#database/database.ts";
import type { ConfitureError } from "#errors/error.ts";
import type { LoadedMigration, SqlBody } from "#migrate/files/body.ts";
import { migrationId } from "#migrate/files/migration-file.ts";
import { codeAsSql } from "#migrate/warnings/code-as-sql.ts";
import type { Statement } from "#sql/statement.ts";
import { SCRATCH_LEDGER, startRun } from "../runs/scratch-run.ts";
import { settle } from "./chance.ts";
import { type Clock, requireTime } from "./clock.ts";
import type { Lacking } from "./lacking.ts";
import type { Fixed } from "./marks.ts";
import type { ContainedOptions } from "./replayed.ts";
import { hashesOf, readRowHashes, type Rows, rowsOf } from "./rows.ts";
import type { Written } from "./written.ts";

/** A migration that the rows of schema files tell to be lacking, although a replay without these rows does not. */
export interface LackingOnRows extends Lacking {
  /** How many migrations come before it. */
  readonly at: number;
  /** Why it is not known whether the rows are as they are after it, or before; undefined where they are as before. */
  readonly unknown: string | undefined;
}

/** What there is to try migrations on. */
interface Tried {
  /** Those that seem to be contained. */
  readonly held: readonly LoadedMigration[];
  readonly written: Written;
  /** Values that are no chance. */
  readonly fixed: Fixed;
  /** What the schema files build. */
  readonly built: Rows;
  /** What base and migrations make of an empty database. */
  readonly replayed: Rows;
}

/**
 * Tries what migrations do to rows on those that only the schema files make: a replay does not have them, so it does not show
 * whether the files hold them as these migrations leave them. Where they do, nothing is changed.
 * @param rebuild a scratch database with what the schema files build, for this alone; not asked for where no row can be changed
 */
export async function lackingOnRows(
  options: ContainedOptions & { readonly clock: Clock },
  { held, written, fixed, built, replayed }: Tried,
  rebuild: () => Promise<Database>,
): Promise<LackingOnRows | undefined> {
  const own = onlyIn(built, replayed);
  if (own.size === 0) return undefined;
  const all: (readonly Change[])[] = [];
  for (const migration of held) all.push(await changesOf(migration, options.signal));
  if (all.every(({ length }) => length === 0)) return undefined;
  const database = await rebuild();
  const run = await startRun(database, options);
  const read = async (): Promise<Rows> =>
    settle(await readRowHashes(database, SCRATCH_LEDGER, { written, chance: "each" }), fixed);
  const apply = async (changes: readonly Change[]): Promise<ConfitureError | undefined> => {
    for (const { migration, isWhole } of changes) {
      requireTime(options.clock);
      const error = await run.step(migration, "up");
      if (error === undefined) await run.forget(migration);
      else if (isWhole ? speaksOf(migration, own) : !isDoneAlready(error)) return error;
    }
    return undefined;
  };
  let first: LackingOnRows | undefined;
  let before = built;
  for (const [at, changes] of all.entries()) {
    if (changes.length === 0) continue;
    const error = await apply(changes);
    const after = await read();
    const by = migrationId(held[at]!.file);
    if (error !== undefined) return first ?? { at, of: "rows", what: FAILED(by), unknown: `${by}: ${error.message}` };
    const lacking = lackingIn(after, { own, built, by });
    if (lacking === undefined) first = undefined;
    else if (first === undefined) {
      // A second time, it changes nothing of what it has left.
      const isStable =
        Bun.deepEquals(before, after) || ((await apply(changes)) === undefined && Bun.deepEquals(await read(), after));
      first = { at, ...lacking, unknown: isStable ? undefined : `${by} changes rows each time it is run` };
    }
    before = after;
  }
  return first;
}

const FAILED = (by: string): string => `what ${by} does to rows could not be tried on those in`;

/** Rows that one has more of than the other. Pure. */
function onlyIn(one: Rows, other: Rows): Rows {
  return new Map(
    [...one].flatMap(([table, rows]) => {
      const more = [...rows].flatMap(([hash, times]) => {
        const left = times - hashesOf(other, table, hash);
        return left > 0 ? [[hash, left] as const] : [];
      });
      return more.length === 0 ? [] : [[table, new Map(more)] as const];
    }),
  );
}

/** What is not any more as the schema files make it. Rows of the replay do not count: it has told of them. Pure. */
function lackingIn(
  after: Rows,
  { own, built, by }: { readonly own: Rows; readonly built: Rows; readonly by: string },
): Lacking | undefined {
  for (const [table, rows] of own) {
    let lost = 0;
    for (const [hash, times] of rows) lost += Math.max(0, times - hashesOf(after, table, hash));
    if (lost > 0) {
      return {
        of: "rows",
        what: `${rowsOf(lost, table)}, which ${by} takes away or changes, ${areOrIs(lost)} still in`,
      };
    }
  }
  for (const [table, rows] of after) {
    if (count(rows) <= count(built.get(table))) continue;
    let made = 0;
    for (const [hash, times] of rows) if (hashesOf(built, table, hash) === 0) made += times;
    if (made > 0) return { of: "rows", what: `${rowsOf(made, table)}, made by ${by}, ${areOrIs(made)} not in` };
  }
  return undefined;
}

function areOrIs(many: number): "is" | "are" {
  return many === 1 ? "is" : "are";
}

function count(rows: ReadonlyMap<string, number> = new Map()): number {
  return rows.values().reduce((sum, times) => sum + times, 0);
}

/** What a migration may do to rows that are there. */
interface Change {
  readonly migration: LoadedMigration;
  /** Whether it is all that the migration does, of which some is done already. */
  readonly isWhole: boolean;
}

const WRITES = /\b(?:update|delete|merge|truncate|insert|call|execute|perform|select)\b/i;

/** Statement by statement: what a migration does besides was done when the schema files were built. */
async function changesOf(migration: LoadedMigration, signal: AbortSignal | undefined): Promise<readonly Change[]> {
  const { kept } = migration;
  let { up } = migration;
  if (up.kind === "typescript") {
    if (!WRITES.test(kept.source ?? "")) return [];
    up = (await codeAsSql(migration, signal))?.up ?? up;
  }
  if (up.kind === "refused") return [];
  return up.kind === "typescript" ? [{ migration, isWhole: true }] : changesOfSql(migration, up);
}

/** Each statement that may change rows, with the ones that it needs around it. Pure. */
function changesOfSql(migration: LoadedMigration, body: SqlBody): readonly Change[] {
  const { statements } = body.script;
  const isDropped = (name: string): boolean =>
    statements.some(({ firstWord, text }) => firstWord === "DROP" && text.includes(name));
  // What is there for the length of the migration, and what takes it away.
  const passing: string[] = [];
  const around: Statement[] = [];
  const ends = statements.filter(({ text }) => /^drop\s+(?:function|procedure)\b/i.test(text));
  return statements.flatMap((statement): Change[] => {
    const { firstWord = "", text } = statement;
    const made = ROUTINE.exec(text)?.[1];
    const isPassing = made !== undefined && (/^pg_temp\./i.test(made) || isDropped(made));
    const name = isPassing ? made : TEMPORARY.exec(text)?.[1];
    if (name !== undefined) passing.push(name);
    const fills = firstWord === "INSERT" && passing.some((own) => text.includes(own));
    if (name !== undefined || fills || firstWord === "SET" || firstWord === "RESET") {
      around.push(statement);
      return [];
    }
    if (!mayChangeRows(statement)) return [];
    return [{ migration: { ...alone(migration), up: only(body, [...around, statement, ...ends]) }, isWhole: false }];
  });
}

const TEMPORARY = /^create\s+(?:(?:local|global)\s+)?temp(?:orary)?\s+table\s+(?:if\s+not\s+exists\s+)?([\w."]+)/i;
const ROUTINE = /^create\s+(?:or\s+replace\s+)?(?:function|procedure)\s+([\w."]+)/i;

function alone({
  file,
  checksum,
  kept,
}: LoadedMigration): Pick<LoadedMigration, "file" | "checksum" | "kept" | "down"> {
  return { file, checksum, kept, down: undefined };
}

function only({ script, transactional, opening, howToRunOutside }: SqlBody, statements: readonly Statement[]): SqlBody {
  const text = statements.map((statement) => statement.text).join("\n;\n");
  return { kind: "sql", script: parseScript({ file: script.file, text }), transactional, opening, howToRunOutside };
}

/** Rows that a statement writes itself are in the replay; others it may make of rows that are there. */
function mayChangeRows({ firstWord = "", text }: Statement): boolean {
  switch (firstWord) {
    case "UPDATE":
    case "DELETE":
    case "MERGE":
    case "TRUNCATE":
    case "CALL":
      return true;
    case "INSERT":
      return /\bselect\b/i.test(text);
    case "WITH":
      return /\b(?:update|delete|merge|insert)\b/i.test(text);
    case "DO":
      return WRITES.test(text);
    case "SELECT":
      return text.replaceAll(/\b(?:set_config|setval)\s*\(/gi, "").includes("(");
    default:
      return false;
  }
}

/** Whether it is about what a later migration has taken away, or makes a row that is there. */
function isDoneAlready({ server }: ConfitureError): boolean {
  const code = server?.sqlstate ?? "";
  return code.startsWith("42") || code === "23505";
}

/** Whether the code of a migration speaks of a table with such rows. */
function speaksOf({ kept }: LoadedMigration, rows: Rows): boolean {
  const words = new Set((kept.source ?? "").toLowerCase().match(/[a-z_][\w$]*/g));
  return rows.keys().some((table) =>
    words.has(
      table
        .slice(table.lastIndexOf(".") + 1)
        .replaceAll('"', "")
        .toLowerCase(),
    ),
  );
}
