import { quoteIdentifier, quoteQualified, writeIdentifier } from "#sql/quote.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import { textOf } from "../engine/lookups.ts";
import { type ColumnId, stateOf } from "./column-facts.ts";

/** Statements that hand a sequence over to another column and back, with the number that comes next. */
export interface MovedSequence {
  readonly up: readonly string[];
  readonly down: readonly string[];
}

interface Identity {
  readonly generation: string;
  readonly sequence: { readonly schema: string; readonly name: string };
  readonly options: {
    readonly increment: string;
    readonly start: string;
    readonly minValue: string;
    readonly maxValue: string;
    readonly cache: string;
    readonly cycle: boolean;
  };
}

/** How the sequence of a column goes over to the one that takes its place; undefined where it has none. Pure. */
export function movedSequence(
  from: Catalogue,
  to: Catalogue,
  id: ColumnId,
  fresh: string,
):
  | { readonly moved: MovedSequence; readonly obstacle?: undefined }
  | { readonly obstacle: string; readonly moved?: undefined }
  | undefined {
  const [before, after] = [from, to].map((side) => identityOf(side, id));
  if (before !== undefined || after !== undefined) {
    if (before === undefined || after === undefined)
      return { obstacle: "it becomes an identity column, or is none any more" };
    return { moved: movedIdentity(id, fresh, before, after, [stateOf(from, id).type, stateOf(to, id).type]) };
  }
  const owned = from.facts.facts().flatMap(({ id: sequence, payload }) => {
    const owner = (payload["ownedBy"] ?? undefined) as { schema: string; table: string; column: string } | undefined;
    const isOwn = owner?.schema === id.schema && owner.table === id.table && owner.column === id.name;
    return sequence.kind === "sequence" && isOwn ? [sequence] : [];
  });
  if (owned.length === 0) {
    return /\bnextval\(/.test(stateOf(from, id).default ?? "")
      ? {
          obstacle:
            "its default takes numbers from a sequence that does not belong to it (ALTER SEQUENCE ... OWNED BY)",
        }
      : undefined;
  }
  const table = quoteQualified(id.schema, id.table);
  const statements = (column: string, [own, other]: readonly [Catalogue, Catalogue]): string[] =>
    owned.flatMap((sequence) => {
      const name = quoteQualified(sequence.schema, sequence.name);
      const [is, was] = [own, other].map(({ facts }) => textOf(facts, sequence, "dataType"));
      return [
        `ALTER SEQUENCE ${name} OWNED BY ${table}.${quoteIdentifier(column)}`,
        ...(is === undefined || is === was ? [] : [`ALTER SEQUENCE ${name} AS ${is}`]),
      ];
    });
  return { moved: { up: statements(fresh, [to, from]), down: statements(id.name, [from, to]) } };
}

function identityOf({ facts }: Catalogue, id: ColumnId): Identity | undefined {
  return (facts.get(id)?.payload["identity"] ?? undefined) as Identity | undefined;
}

/**
 * PostgreSQL hands the sequence of an identity column over to nobody: it goes with the column, and another one is made. ALTER
 * SEQUENCE first, since its lock keeps others from taking numbers that nobody would know of.
 */
function movedIdentity(
  { schema, table: name, name: old }: ColumnId,
  fresh: string,
  before: Identity,
  after: Identity,
  [oldType, newType]: readonly string[],
): MovedSequence {
  const table = writeQualified(schema, name);
  const statements = (
    [source, is]: readonly [string, Identity],
    [target, will]: readonly [string, Identity],
    type: string | undefined,
  ): string[] => {
    const [was, becomes] = [is, will].map(({ sequence }) => writeQualified(sequence.schema, sequence.name)) as [
      string,
      string,
    ];
    const { increment, minValue, maxValue, start, cache, cycle } = will.options;
    return [
      `ALTER SEQUENCE ${was} AS ${type}`,
      `DO $move$
DECLARE
  last bigint;
  used boolean;
BEGIN
  SELECT last_value, is_called INTO last, used FROM ${was};
  ALTER TABLE ${table} ALTER COLUMN ${writeIdentifier(source)} DROP IDENTITY;
  ALTER TABLE ${table} ALTER COLUMN ${writeIdentifier(target)} ADD GENERATED ${will.generation === "a" ? "ALWAYS" : "BY DEFAULT"} AS IDENTITY (
    SEQUENCE NAME ${becomes} INCREMENT ${increment} MINVALUE ${minValue} MAXVALUE ${maxValue}
    START ${start} CACHE ${cache}${cycle ? " CYCLE" : ""});
  PERFORM pg_catalog.setval('${becomes.replaceAll("'", "''")}', last, used);
END
$move$`,
    ];
  };
  return {
    up: statements([old, before], [fresh, after], newType),
    down: statements([fresh, after], [old, before], oldType),
  };
}

function writeQualified(schema: string, name: string): string {
  return `${writeIdentifier(schema)}.${writeIdentifier(name)}`;
}
