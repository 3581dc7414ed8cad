import type { Fact } from "../engine/facts.ts";
import { encodeId } from "../engine/object-id.ts";
import { Lexer } from "#sql/lexer/lexer.ts";
import { TokenKind } from "#sql/lexer/token-kind.ts";
import { writtenName } from "#sql/lexer/token-names.ts";
import type { FolderKind, LayoutUnit } from "./layout.ts";

/** What can be spoken of in a function's text. */
const MENTIONED: ReadonlySet<FolderKind> = new Set([
  "types",
  "functions",
  "sequences",
  "tables",
  "partitions",
  "views",
  "materialized_views",
]);

/** Where objects of a name are; in every schema when none is given. */
export type NamedUnits = (word: { readonly schema: string | undefined; readonly name: string }) => string[];

/** What text can speak of, by its name. Pure. */
export function namedUnits(
  own: readonly Fact[],
  homes: ReadonlyMap<string, string>,
  units: ReadonlyMap<string, Pick<LayoutUnit, "folder">>,
): NamedUnits {
  const named = new Map<string, { schema: string; unit: string }[]>();
  for (const { id } of own) {
    const unit = homes.get(encodeId(id))!;
    if (!("name" in id && "schema" in id) || "table" in id || !MENTIONED.has(units.get(unit)!.folder)) continue;
    named.set(id.name, [...(named.get(id.name) ?? []), { schema: id.schema, unit }]);
  }
  return ({ schema, name }) =>
    (named.get(name) ?? []).flatMap((object) =>
      schema === undefined || schema === object.schema ? [object.unit] : [],
    );
}

/** PostgreSQL records no dependency for the text of a function, but looks at it when it makes the function. */
export function addMentions(
  own: readonly Fact[],
  homes: ReadonlyMap<string, string>,
  units: ReadonlyMap<string, LayoutUnit & { readonly mentions: Set<string> }>,
  named: NamedUnits,
): void {
  for (const { id, payload } of own) {
    if (id.kind !== "function" && id.kind !== "procedure") continue;
    const unit = units.get(homes.get(encodeId(id))!)!;
    if (unit.folder !== "functions") continue;
    for (const word of namesIn(payload["def"] as string, payload["language"] as string)) {
      for (const other of named(word)) if (other !== unit.key) unit.mentions.add(other);
    }
  }
}

/** What stands between dollars in a function's definition. */
export function* bodiesIn(definition: string): Generator<string> {
  const outer = new Lexer(definition);
  while (outer.next()) {
    if (outer.kind !== TokenKind.dollarString) continue;
    const text = definition.slice(outer.start, outer.end);
    yield text.slice(text.indexOf("$", 1) + 1, text.lastIndexOf("$", text.length - 2));
  }
}

/** Names in a function's body that have to be there when it is made: in SQL all, in PL/pgSQL those of types. */
function* namesIn(definition: string, language: string): Generator<{ schema: string | undefined; name: string }> {
  if (language !== "sql" && language !== "plpgsql") return;
  for (const body of bodiesIn(definition)) {
    if (language === "sql") yield* wordsOf(body);
    else {
      for (const [, type = ""] of body.matchAll(/([\w."]+)\s*%\s*(?:row)?type\b/gi)) yield* wordsOf(type);
    }
  }
}

export function* wordsOf(text: string): Generator<{ schema: string | undefined; name: string }> {
  const lexer = new Lexer(text);
  let before: string | undefined;
  let dotted = false;
  while (lexer.next()) {
    const token = text.slice(lexer.start, lexer.end);
    if (lexer.kind === TokenKind.word || lexer.kind === TokenKind.quotedIdentifier) {
      const name = writtenName(token);
      yield { schema: dotted ? before : undefined, name };
      before = name;
      dotted = false;
    } else {
      dotted = token === "." && before !== undefined;
      if (!dotted) before = undefined;
    }
  }
}
