import { parseScript } from "#database/script.ts";
import type { LoadedMigration, SqlBody } from "#migrate/files/body.ts";
import { codeAsSql } from "#migrate/warnings/code-as-sql.ts";
import type { Statement } from "#sql/statement.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";

/** What a migration may do to rows that are there. */
export interface RowStatements {
  readonly migration: LoadedMigration;
  /** Whether it is all that the migration does, of which some is done already. */
  readonly isWhole: boolean;
  /** Whether it is an INSERT on which a trigger or rule may change other rows. */
  readonly isReactedTo: boolean;
}

const WRITES = /\b(?:update|delete|merge|truncate|insert|call|execute|perform|select|refresh)\b/i;

/** The names of tables and views with a trigger or a rule, which may change rows elsewhere. Pure. */
export function reactingTables({ facts }: Catalogue): ReadonlySet<string> {
  return new Set(
    facts.facts().flatMap(({ id }) => (id.kind === "trigger" || id.kind === "rule" ? [id.table.toLowerCase()] : [])),
  );
}

/**
 * Statement by statement: what a migration does besides was done when the schema files were built.
 * @param reacting from `reactingTables`
 */
export async function rowStatements(
  migration: LoadedMigration,
  reacting: ReadonlySet<string>,
  signal: AbortSignal | undefined,
): Promise<readonly RowStatements[]> {
  const { kept } = migration;
  let { up } = migration;
  if (up.kind === "typescript") {
    if (!WRITES.test(kept.source ?? "")) return [];
    up = (await codeAsSql(migration, signal))?.up ?? up;
  }
  if (up.kind === "refused") return [];
  return up.kind === "typescript" ? [{ migration, isWhole: true, isReactedTo: false }] : ofSql(migration, up, reacting);
}

/** Each statement that may change rows, with the ones that it needs around it. Pure. */
function ofSql(migration: LoadedMigration, body: SqlBody, reacting: ReadonlySet<string>): readonly RowStatements[] {
  const { statements } = body.script;
  const isDropped = (name: string): boolean =>
    statements.some(({ firstWord, text }) => firstWord === "DROP" && text.includes(name));
  // What is there for the length of the migration, and what takes it away.
  const passing: string[] = [];
  const around: Statement[] = [];
  const ends = statements.filter(({ text }) => /^drop\s+(?:function|procedure)\b/i.test(text));
  return statements.flatMap((statement): RowStatements[] => {
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
    const isReactedTo = firstWord === "INSERT" && speaksOfOne(text, reacting);
    if (!isReactedTo && !mayChangeRows(statement)) return [];
    const up = only(body, [...around, statement, ...ends]);
    return [{ migration: { ...alone(migration), up }, isWhole: false, isReactedTo }];
  });
}

const TEMPORARY = /^create\s+(?:(?:local|global)\s+)?temp(?:orary)?\s+table\s+(?:if\s+not\s+exists\s+)?([\w."]+)/i;
const ROUTINE = /^create\s+(?:or\s+replace\s+)?(?:function|procedure)\s+([\w."]+)/i;

function speaksOfOne(text: string, tables: ReadonlySet<string>): boolean {
  const lower = text.toLowerCase();
  return tables.values().some((name) => lower.includes(name));
}

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
    case "REFRESH":
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
