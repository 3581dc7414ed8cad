import type { Database } from "#database/database.ts";
import { TokenKind } from "#sql/lexer/token-kind.ts";
import { type NameAsWritten, namesAsWritten } from "#sql/names-as-written.ts";
import { writeIdentifier } from "#sql/quote.ts";
import { isWord, type Token, tokensOf } from "#sql/lexer/tokens.ts";
import { writtenName } from "#sql/lexer/token-names.ts";
import type { ObjectId } from "../engine/object-id.ts";
import { WRITTEN_KINDS, type Written } from "../sources/written.ts";

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly by: string;
}

/**
 * A statement of the schema files as it stands in a plan: with OR REPLACE where that replaces, and with the schema in front of each
 * name that a session without a search_path would not find.
 */
export async function asInPlan(
  database: Database,
  written: Written,
  made: ObjectId,
  replaces: boolean,
): Promise<string> {
  const head = headEdits(written.text, made, replaces);
  const names = await schemasOfNames(database, written);
  const edits = [...head, ...names.filter(({ start }) => !head.some((edit) => edit.start === start))];
  const edited = edits
    .toSorted((a, b) => b.start - a.start)
    .reduce((text, { start, end, by }) => text.slice(0, start) + by + text.slice(end), written.text);
  return withLineFeeds(edited);
}

/** Line ends inside quotes are a part of what is quoted. */
function withLineFeeds(text: string): string {
  if (!text.includes("\r")) return text;
  const quoted = tokensOf(text).filter(({ kind }) => QUOTED.has(kind));
  let at = 0;
  let result = "";
  for (const { start, end } of quoted) {
    result += text.slice(at, start).replaceAll("\r\n", "\n") + text.slice(start, end);
    at = end;
  }
  return result + text.slice(at).replaceAll("\r\n", "\n");
}

const QUOTED: ReadonlySet<TokenKind> = new Set([TokenKind.string, TokenKind.dollarString, TokenKind.quotedIdentifier]);

function headEdits(text: string, made: ObjectId, replaces: boolean): Edit[] {
  const tokens = tokensOf(text);
  const at = tokens.findIndex((token) => WRITTEN_KINDS.has(token.text.toUpperCase()));
  const [create, or, replace] = tokens as [Token, Token, Token];
  const edits: Edit[] = [];
  const hasReplace = isWord(or, "OR") && isWord(replace, "REPLACE");
  if (replaces && !hasReplace) {
    const by = create.text === "create" ? " or replace" : " OR REPLACE";
    edits.push({ start: create.end, end: create.end, by });
  }
  if (!replaces && hasReplace) edits.push({ start: create.end, end: replace.end, by: "" });
  const isOptional = isWord(tokens[at + 1], "IF") && isWord(tokens[at + 2], "NOT");
  const name = tokens[isOptional ? at + 4 : at + 1];
  if (isOptional) edits.push({ start: tokens[at]!.end, end: tokens[at + 3]!.end, by: "" });
  // Triggers, policies and rules are in the schema of their table.
  const isQualified = name === undefined || tokens[tokens.indexOf(name) + 1]?.text === ".";
  if ("schema" in made && !("table" in made) && made.schema !== null && !isQualified) {
    edits.push({ start: name.start, end: name.start, by: `${writeIdentifier(made.schema)}.` });
  }
  return edits;
}

/** What brings the schema in front of each name that a session without a path would not find. */
async function schemasOfNames(database: Database, { node, text, path }: Written): Promise<Edit[]> {
  const names = [...namesAsWritten(node, text), ...functionOfTrigger(text)];
  if (names.length === 0) return [];
  const rows = await database.query<{ kind: string; name: string; schema: string | null }>(SCHEMAS, [
    JSON.stringify(names.map(({ kind, name }) => ({ kind, name }))),
    JSON.stringify(["pg_catalog", ...path]),
  ]);
  const schemas = new Map(rows.map(({ kind, name, schema }) => [`${kind} ${name}`, schema]));
  return names.flatMap(({ kind, name, start }) => {
    const schema = schemas.get(`${kind} ${name}`) ?? null;
    if (schema === null || schema === "pg_catalog") return [];
    return [{ start, end: start, by: `${writeIdentifier(schema)}.` }];
  });
}

/** The grammar does not say where the name of a trigger's function stands. */
function functionOfTrigger(text: string): NameAsWritten[] {
  const tokens = tokensOf(text);
  const at = tokens.findLastIndex((token) => isWord(token, "EXECUTE"));
  const isCall = isWord(tokens[at + 1], "FUNCTION") || isWord(tokens[at + 1], "PROCEDURE");
  const [name, dot] = tokens.slice(at + 2);
  if (at < 0 || !isCall || name === undefined || dot?.text === ".") return [];
  return [{ kind: "function", name: writtenName(name.text), start: name.start }];
}

/** The first schema of a path that has each name. What a definition of an aggregate calls a type may be a function. */
const SCHEMAS = `
  select distinct w.kind, w.name, (
      select p.schema
        from jsonb_array_elements_text($2::text::jsonb) with ordinality p(schema, at)
        join pg_namespace n on n.nspname = p.schema
        left join lateral (
          select true as is_type from pg_type t where w.kind = 'type' and t.typnamespace = n.oid and t.typname = w.name
        ) type on true
       where type.is_type
          or w.kind = 'relation'
         and exists (select from pg_class c where c.relnamespace = n.oid and c.relname = w.name)
          or w.kind in ('function', 'type')
         and exists (select from pg_proc f where f.pronamespace = n.oid and f.proname = w.name)
       order by type.is_type nulls last, p.at
       limit 1
    ) as schema
    from jsonb_to_recordset($1::text::jsonb) w(kind text, name text)`;
