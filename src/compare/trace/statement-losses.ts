import type { Database } from "#database/database.ts";
import { lossByCode } from "#migrate/warnings/taking-code.ts";
import { inOrderOfTaking, lossesOfTaken, type TakenObject } from "#sql/effects/cascading.ts";
import { lossOf } from "#sql/effects/loss.ts";
import { namesRelation } from "#sql/names-in.ts";
import type { Statement } from "#sql/statement.ts";
import { namesFrom, writtenName } from "#sql/lexer/token-names.ts";
import type { Relation, StatementFacts } from "./facts.ts";
import type { GoneObject } from "./dependents.ts";
import { emptiedAlong } from "./lookups.ts";
import type { Measured } from "./measured.ts";
import { CODE_OR_QUERY } from "./planned.ts";

/** What of a statement's facts says what is gone, or may be. */
export type Losses = Pick<StatementFacts, "loses" | "takesAlong" | "endangers" | "absent">;

/** Of INSERTs that bring their rows along. */
export const NOTHING_LOST: Losses & Pick<StatementFacts, "exposes"> = {
  loses: [],
  takesAlong: [],
  endangers: [],
  exposes: [],
  absent: undefined,
};

/**
 * What a statement takes away: what its text says, what CASCADE, code and triggers were seen to take, and what they may.
 * @param keepsValues whether a conversion of types loses no value, or an UPDATE fills what is empty alone
 * @param isSpent whether it drops nothing that is in use: CHECKs alone that refuse nothing any more, or what is new
 * @param emptied tables that code has emptied (TRUNCATE)
 * @param named functions that may take something, which it runs at least where rows are others
 */
export function lossesOf(
  statement: Statement,
  measured: Measured,
  keepsValues: boolean,
  isSpent: boolean,
  emptied: readonly string[],
  named: readonly string[],
): Losses {
  const { firstWord = "" } = statement;
  const isCode = firstWord === "DO" || firstWord === "CALL";
  const said = isCode ? undefined : lossOf(statement);
  const absent = said !== undefined && findsNothing(statement, measured) ? withoutClauses(said) : undefined;
  const fills = keepsValues && firstWord === "UPDATE" ? said : undefined;
  const isKept = fills !== undefined || (keepsValues && isConversion(said));
  const told = absent !== undefined || isSpent || isKept || isNewAlone(statement, measured) ? undefined : said;
  const isNamedHere = namedBy(statement);
  const gone = measured.gone.filter((object) => !object.isNew && !isNamedHere(object));
  const takesAlong = inOrderOfTaking(gone.map(({ kind, name }) => ({ kind, name })));
  return {
    loses: [
      ...(told === undefined ? [] : [told]),
      ...emptied.map((name) => `deletes all rows of ${name}`),
      ...lossesByCode(
        statement,
        measured,
        { told: told ?? fills, isFill: fills !== undefined },
        takesAlong,
        emptied.length > 0,
        named,
      ),
      ...lossesOfTaken(takesAlong),
    ],
    takesAlong,
    endangers: measured.setsBack.map((sequence) => ({ kind: "sequence-set-back", sequence })),
    absent,
  };
}

/** What is done to rows besides what the text says. */
function lossesByCode(
  statement: Statement,
  { rows, drops, dropsColumns, reaches, runs }: Measured,
  { told, isFill }: { readonly told: string | undefined; readonly isFill: boolean },
  takesAlong: readonly TakenObject[],
  isKnown: boolean,
  named: readonly string[],
): string[] {
  const { firstWord = "" } = statement;
  const changed = rows.flatMap(({ name, isNew, updated, deleted, partitionOf = [] }) => {
    const isNamed = [name, ...partitionOf].some(
      (one) => told?.endsWith(` ${one}`) === true || told?.endsWith(` ${one.split(".").at(-1)}`) === true,
    );
    const verbs = [...(updated > 0 && !isNamed ? ["updates"] : []), ...(deleted > 0 ? ["deletes"] : [])];
    // What a trigger deletes while it fills is told by nobody else.
    return isNew || (isNamed && !isFill) || verbs.length === 0 ? [] : [`${verbs.join(" and ")} rows of ${name}`];
  });
  const isUntold = ({ isNew, name }: Relation): boolean =>
    !isNew && !takesAlong.some((object) => object.kind === "COLUMN" && object.name.startsWith(`${name}.`));
  // No query drops anything but through code.
  const isSeen = CODE_OR_QUERY.has(firstWord);
  const isGone = drops.some(({ isNew, kind }) => !isNew && kind !== "index" && kind !== "sequence");
  const reached =
    isSeen && told === undefined
      ? reaches.filter(({ isNew, name }) => !isNew && !namesRelation(statement.text, name))
      : [];
  const ran = runs.flatMap(({ name, takes }) => (takes ? [name] : []));
  const taking = isKnown || changed.length + reached.length > 0 || isGone ? [] : new Set([...ran, ...named]);
  return [
    ...changed,
    ...reached.map(({ name }) => `may update or delete rows of ${name}`),
    ...[...taking].map(lossByCode),
    ...(isSeen ? dropsColumns.filter(isUntold).map(({ name }) => `drops a COLUMN of ${name}`) : []),
  ];
}

/** "drops TABLE IF EXISTS old CASCADE": "TABLE old" */
function withoutClauses(said: string): string {
  return said.replace(/^drops /, "").replaceAll(/ ?\b(?:IF EXISTS|CASCADE|RESTRICT|CONCURRENTLY)(?= |$)/g, "");
}

/** Whether IF EXISTS let it pass over everything that it would drop: then nothing is gone. */
function findsNothing({ firstWord, text, words }: Statement, measured: Measured): boolean {
  if (!/\bif\s+exists\b/i.test(text)) return false;
  if (!measured.writes) return true;
  if (firstWord !== "ALTER" || words[1] !== "TABLE") return false;
  const { drops, dropsColumns, gone } = measured;
  return /\bdrop\b/i.test(text) && drops.length + dropsColumns.length + gone.length === 0;
}

/** Whether the tables, views or columns that it drops were all made by the migrations that are traced. */
function isNewAlone({ firstWord, words }: Statement, { drops, dropsColumns, gone }: Measured): boolean {
  const isOfRelation = firstWord === "DROP" && /^(?:TABLE|VIEW|MATERIALIZED|FOREIGN)$/.test(words[1] ?? "");
  if (!isOfRelation && (firstWord !== "ALTER" || dropsColumns.length === 0)) return false;
  const all: readonly Pick<Relation, "isNew">[] = [...drops, ...dropsColumns, ...gone];
  return all.length > 0 && all.every(({ isNew }) => isNew);
}

/** Kinds of which the text is to name each: others are told by their kind alone, as casts and operators are. */
const BY_NAME: ReadonlySet<string> = new Set(
  "VIEW,MATERIALIZED VIEW,FOREIGN TABLE,TABLE,SEQUENCE,FUNCTION,PROCEDURE,AGGREGATE,TYPE,DOMAIN".split(","),
);

/** Which objects are dropped because the statement says so itself. */
function namedBy(statement: Statement): (object: GoneObject) => boolean {
  const { firstWord } = statement;
  if (firstWord !== "DROP" && firstWord !== "ALTER") return () => false;
  const tokens = statement.tokens();
  const names = new Set(tokens.map(writtenName));
  const bareOf = ({ bare, name }: GoneObject): string =>
    bare ?? writtenName(/(?:[^."]|"(?:[^"]|"")*")+$/.exec(name)?.[0] ?? name);
  if (firstWord === "ALTER") {
    const drops = new Set(
      tokens.flatMap((token, at) => {
        if (token !== "DROP") return [];
        let name = at + 1;
        if (/^(?:COLUMN|CONSTRAINT|ATTRIBUTE)$/.test(tokens[name] ?? "")) name++;
        if (tokens[name] === "IF") name += 2;
        return [writtenName(tokens[name] ?? "")];
      }),
    );
    // DROP NOT NULL names the column, and the constraint has a name of its own.
    const dropsNotNull = /\bdrop\s+not\s+null\b/i.test(statement.text);
    return (object) => drops.has(bareOf(object)) || (dropsNotNull && object.kind === "NOT NULL");
  }
  const kind = tokens.slice(1, 4).join(" ");
  return (object) => isOfKind(kind, object.kind) && (!BY_NAME.has(object.kind) || names.has(bareOf(object)));
}

/** @param kind the words behind DROP */
function isOfKind(kind: string, object: string): boolean {
  if (kind.startsWith("ROUTINE ")) return /^(?:FUNCTION|PROCEDURE|AGGREGATE)$/.test(object);
  if (kind.startsWith("DOMAIN ")) return object === "TYPE" || object === "DOMAIN";
  return kind.startsWith(`${object} `);
}

/** As `lossOf` says it. */
export function isConversion(loss: string | undefined): boolean {
  return loss?.startsWith("converts values of") === true;
}

/** The table whose rows are said to be deleted. */
export function deletedFrom(loss: string): string | undefined {
  return /\bdeletes rows of (\S+)$/.exec(loss)?.[1];
}

/** Tables in use that a statement has emptied and does not name: those of TRUNCATE ... CASCADE, and of code, which have a new file and nothing in it. */
export async function emptiedBesides(
  database: Database,
  statement: Statement,
  { rewrites, held }: Measured,
): Promise<string[]> {
  const { firstWord = "", text } = statement;
  if (firstWord === "TRUNCATE" && /\bcascade\b/i.test(text)) {
    const tokens = statement.tokens();
    const along = await emptiedAlong(database, namesFrom(tokens, tokens[1] === "TABLE" ? 2 : 1));
    return along.filter((name) => held.some((table) => table.name === name && !table.isNew));
  }
  if (!CODE_OR_QUERY.has(firstWord)) return [];
  const emptied: string[] = [];
  for (const { isNew, kind, name } of rewrites) {
    if (isNew || kind !== "table") continue;
    const [empty] = await database.query(
      "select where pg_catalog.pg_relation_size(pg_catalog.to_regclass($1)) operator(pg_catalog.=) 0",
      [name],
    );
    if (empty !== undefined) emptied.push(name);
  }
  return emptied;
}
