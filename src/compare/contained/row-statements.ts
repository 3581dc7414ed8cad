import { parseScript } from "#database/script.ts";
import type { LoadedMigration, SqlBody } from "#migrate/files/body.ts";
import { codeAsSql } from "#migrate/warnings/code-as-sql.ts";
import type { Statement } from "#sql/statement.ts";
import { RUNS_CODE, WRITES } from "./runs-code.ts";
import { callsOne, checksRows, namesOne, runsOnRows, type WritingCode } from "./writing-functions.ts";

/** What a migration may do to rows that are there. */
export interface RowStatements {
  readonly migration: LoadedMigration;
  /** Whether it is all that the migration does, of which some is done already. */
  readonly isWhole: boolean;
  /** Whether it is an INSERT on which a trigger or rule may change other rows. */
  readonly isReactedTo: boolean;
}

/** What a database has tables for, by their names without schemas, in small letters. */
export interface Tables extends WritingCode {
  /** Those whose rows are in question; any when undefined. */
  readonly filled?: ReadonlySet<string>;
}

/** Statement by statement: what a migration does besides was done when the schema files were built. */
export async function rowStatements(
  migration: LoadedMigration,
  tables: Tables,
  signal: AbortSignal | undefined,
): Promise<readonly RowStatements[]> {
  const { kept } = migration;
  let { up } = migration;
  if (up.kind === "typescript") {
    if (!WRITES.test(kept.source ?? "")) return [];
    up = (await codeAsSql(migration, signal))?.up ?? up;
  }
  if (up.kind === "refused") return [];
  return up.kind === "typescript" ? [{ migration, isWhole: true, isReactedTo: false }] : ofSql(migration, up, tables);
}

/** Each statement that may change rows, with the ones that it needs around it. Pure. */
function ofSql(migration: LoadedMigration, body: SqlBody, tables: Tables): readonly RowStatements[] {
  const { statements } = body.script;
  const isDropped = (name: string): boolean =>
    statements.some(({ firstWord, text }) => firstWord === "DROP" && text.includes(name));
  // What is there for the length of the migration, and what takes it away.
  const passing: string[] = [];
  const around: Statement[] = [];
  const ends = statements.filter(({ text }) => /^(?:drop\s+(?:function|procedure)|deallocate)\b/i.test(text));
  return statements.flatMap((statement): RowStatements[] => {
    const { firstWord = "", text } = statement;
    const made = ROUTINE.exec(text)?.[1];
    const isPassing = made !== undefined && (/^pg_temp\./i.test(made) || isDropped(made));
    const name = isPassing ? made : (TEMPORARY.exec(text)?.[1] ?? PREPARED.exec(text)?.[1]);
    if (name !== undefined) passing.push(name);
    const fills = firstWord === "INSERT" && passing.some((own) => text.includes(own));
    const before = [...around];
    if (name !== undefined || fills || firstWord === "SET" || firstWord === "RESET") {
      around.push(statement);
      if (!isMadeByCalls(text)) return [];
    }
    const onRows = runsOnRows(text, tables.writing);
    if (onRows !== undefined) {
      const up = only(body, [...before.map((each) => each.text), onRows, ...ends.map((each) => each.text)]);
      return [{ migration: { ...alone(migration), up }, isWhole: false, isReactedTo: false }];
    }
    const isReactedTo = firstWord === "INSERT" && namesOne(text, tables.reacting);
    if (!isReactedTo && !mayChangeRows(statement, tables)) return [];
    const up = only(
      body,
      // What is there already is to say so: it is not known what it did.
      [...before, statement, ...ends].map((each) =>
        each === statement ? text.replace(UNLESS_THERE, "$1") : each.text,
      ),
    );
    return [{ migration: { ...alone(migration), up }, isWhole: false, isReactedTo }];
  });
}

const UNLESS_THERE = /^((?:alter|create)\b[^]*?\b(?:add|column|index))\s+if\s+not\s+exists\b/i;
const TEMPORARY = /^create\s+(?:(?:local|global)\s+)?temp(?:orary)?\s+table\s+(?:if\s+not\s+exists\s+)?([\w."]+)/i;
/** What statements are run by name. */
const PREPARED = /^(?:prepare|declare)\s+([\w"]+)/i;
const ROUTINE = /^create\s+(?:or\s+replace\s+)?(?:function|procedure)\s+([\w."]+)/i;

function alone({
  file,
  checksum,
  kept,
}: LoadedMigration): Pick<LoadedMigration, "file" | "checksum" | "kept" | "down"> {
  return { file, checksum, kept, down: undefined };
}

function only({ script, transactional, opening, howToRunOutside }: SqlBody, statements: readonly string[]): SqlBody {
  const text = statements.join("\n;\n");
  return { kind: "sql", script: parseScript({ file: script.file, text }), transactional, opening, howToRunOutside };
}

/** Rows that a statement writes itself are in the replay; others it may make of rows that are there. */
function mayChangeRows({ firstWord = "", text }: Statement, tables: Tables): boolean {
  const { filled, writing, views } = tables;
  switch (firstWord) {
    case "UPDATE":
    case "DELETE":
    case "MERGE":
    case "TRUNCATE":
    case "REFRESH":
      return true;
    case "INSERT":
      return /\b(?:select|table)\b/i.test(text) || callsOne(text, writing);
    case "CREATE":
      return isMadeByCalls(text) || checksRows(text, tables);
    case "ALTER":
      if (checksRows(text, tables)) return true;
      return isRetyping(text) && (filled === undefined || namesOne(text, filled) || callsOne(text, writing));
    default:
      return (RUNS_CODE.get(firstWord)?.(text) ?? false) || (READS.has(firstWord) && namesOne(text, views));
  }
}

const READS: ReadonlySet<string> = new Set(["SELECT", "TABLE", "WITH", "(", "VALUES", "COPY"]);

/** Whether a table is made of the rows of a query that may call a function. */
function isMadeByCalls(text: string): boolean {
  const query = /^create\s[^;]*?\bas\s+((?:\(\s*)*(?:select|values|with|execute)\b[^]*)/i.exec(text)?.[1];
  return query !== undefined && /^create\s+(?:\w+\s+)*?table\b/i.test(text) && /[\w"]\s*\(/.test(query);
}

/** Whether a column gets another type with a say in its values. */
function isRetyping(text: string): boolean {
  return /^alter\s+table\b/i.test(text) && /\btype\b[^]*\busing\b/i.test(text);
}
