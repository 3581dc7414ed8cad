import type { Database } from "#database/database.ts";
import { isThereAlready } from "#database/advice.ts";
import { placeIn, type Script } from "#database/script.ts";
import { ConfitureError } from "#errors/error.ts";
import { inside, loadParser } from "#sql/parser.ts";
import type { Statement } from "#sql/statement.ts";
import type { LoadedMigration } from "../files/body.ts";
import { type InvalidIndex, placedInvalidIndexes, repairStatements } from "./invalid-indexes.ts";

/** An index that a statement makes. */
interface MadeIndex {
  readonly statement: Statement;
  readonly name: string;
  readonly table: string;
  readonly schema: string | undefined;
  /** It is passed over where the name is taken, whatever has it. */
  readonly ifNotExists: boolean;
}

/** The invalid indexes that some of these statements make; asks the database only where one of them makes an index. */
export async function invalidAmong(database: Database, statements: readonly Statement[]): Promise<InvalidIndex[]> {
  return (await findInvalid(database, statements, () => true)).map(({ index }) => index);
}

/**
 * Refuses a `CREATE INDEX IF NOT EXISTS` whose index is there and invalid: PostgreSQL would pass it over, and the index
 * would be taken for made.
 * @throws ConfitureError `index_invalid`
 */
export async function refuseOverInvalid(
  database: Database,
  script: Script,
  statements: readonly Statement[],
): Promise<void> {
  if (!statements.some(mayPassOverInvalid)) return;
  const [found] = await findInvalid(database, statements, ({ ifNotExists }) => ifNotExists);
  if (found === undefined) return;
  throw invalidInWay([found.index], "IF NOT EXISTS passes it over as if it were made").with({
    location: placeIn(script, found.made.statement.start),
  });
}

/** Whether it has to be looked at before it runs. Most statements need no parser to know. */
export function mayPassOverInvalid({ firstWord, words }: Statement): boolean {
  return firstWord === "CREATE" && isIndex(words) && words.includes("EXISTS");
}

function isIndex(words: readonly string[]): boolean {
  return words[1] === "INDEX" || words[2] === "INDEX";
}

/** @param why completes "The index NAME is there and invalid: " */
export function invalidInWay(indexes: readonly InvalidIndex[], why: string): ConfitureError {
  const names = indexes.map(({ name }) => name).join(", ");
  return new ConfitureError("index_invalid", `The index ${names} is there and invalid: ${why}`, {
    hint: hintForInvalid(indexes),
    data: { invalidIndexes: indexes },
  });
}

/** For a statement that failed because its index is there, and invalid; undefined for other failures. */
export async function hintForInvalidIndex(
  database: Database,
  error: ConfitureError,
  { up }: LoadedMigration,
): Promise<string | undefined> {
  if (!isThereAlready(error) || up.kind !== "sql") return undefined;
  const { line } = error.location ?? {};
  const failed = up.script.statements.filter(({ start }) => placeIn(up.script, start).line === line);
  // What failed is told whether or not this can be seen.
  const invalid = await invalidAmong(database, failed).catch((cause: unknown) => {
    if (cause instanceof ConfitureError) return [];
    throw cause;
  });
  return invalid.length === 0
    ? undefined
    : `It is there, but invalid: an earlier run did not come to its end.\n${hintForInvalid(invalid)}`;
}

function hintForInvalid(indexes: readonly InvalidIndex[]): string {
  return `Put right what stopped it (duplicate rows, for a unique index), and clear the index away, so that it is made again:${repairStatements(indexes)}`;
}

async function findInvalid(
  database: Database,
  statements: readonly Statement[],
  counts: (made: MadeIndex) => boolean,
): Promise<{ readonly made: MadeIndex; readonly index: InvalidIndex }[]> {
  const made = (await madeBy(statements)).filter(counts);
  if (made.length === 0) return [];
  const invalid = await placedInvalidIndexes(database);
  return made.flatMap((one) => {
    const found = invalid.find(
      ({ relation, table, schema }) =>
        relation === one.name && table === one.table && (one.schema === undefined || schema === one.schema),
    );
    return found === undefined ? [] : [{ made: one, index: found.index }];
  });
}

/** Those that none of the statements before drops. */
async function madeBy(statements: readonly Statement[]): Promise<MadeIndex[]> {
  const makes = statements.filter(({ firstWord, words }) => firstWord === "CREATE" && isIndex(words));
  if (makes.length === 0) return [];
  const parser = await loadParser();
  return makes.flatMap((statement): MadeIndex[] => {
    const node = inside(parser.parse(statement.text), "IndexStmt");
    const { idxname: name, relation } = node ?? {};
    if (name === undefined || relation?.relname === undefined) return [];
    const isDropped = statements.some(
      ({ start, firstWord, words, text }) =>
        start < statement.start && firstWord === "DROP" && words[1] === "INDEX" && text.includes(name),
    );
    if (isDropped) return [];
    const { relname: table, schemaname: schema } = relation;
    return [{ statement, name, table, schema, ifNotExists: node?.if_not_exists === true }];
  });
}
