import { isWord, type Token, tokensOf } from "#sql/lexer/tokens.ts";
import { inside } from "#sql/parser.ts";
import type { Span } from "#sql/statement.ts";
import { findConstraint, type FoundConstraint } from "./constraints.ts";
import { edited, type EditKind } from "./edit.ts";

/** When foreign keys are looked at, whether they are enforced, and whether children have a NOT NULL as well. */
export const constraintAttributes: EditKind = {
  edit({ command, reading }, { tree, style }) {
    const table = reading?.about.find(({ kind }) => kind === "relation");
    const altered = command?.subtype === "AT_AlterConstraint" ? inside(command.def, "ATAlterConstraint") : undefined;
    if (table === undefined || altered?.conname === undefined) return undefined;
    const found = findConstraint(tree, table, altered.conname);
    if (found === undefined) return undefined;
    const { file, span } = placeOf(found);
    const { deferrable = false, initdeferred = false, is_enforced: isEnforced = false, noinherit = false } = altered;
    const timing = initdeferred ? "DEFERRABLE INITIALLY DEFERRED" : deferrable ? "DEFERRABLE" : "";
    const changes: readonly (readonly [isAltered: boolean | undefined, isOfIt: IsOfAttribute, words: string])[] = [
      [altered.alterDeferrability, isOfTiming, timing],
      [altered.alterEnforceability, isOfPair("NOT", "ENFORCED"), isEnforced ? "" : "NOT ENFORCED"],
      [altered.alterInheritability, isOfPair("NO", "INHERIT"), noinherit ? "NO INHERIT" : ""],
    ];
    const tokens = tokensOf(tree.text(file), span.start, span.end);
    const replaced = changes.filter(([isAltered]) => isAltered === true);
    const isGone = (token: Token, index: number): boolean =>
      token.depth === 0 && replaced.some(([, isOfIt]) => isOfIt(tokens, index));
    const words = replaced.map(([, , own]) => own).filter((own) => own !== "");
    if (words.length > 0) tree.splice(file, span.end, span.end, ` ${style.part(words.join(" "))}`);
    for (const [index, token] of [...tokens.entries()].toReversed()) {
      if (isGone(token, index)) tree.splice(file, tokens[index - 1]!.end, token.end, "");
    }
    return edited(file);
  },
};

function placeOf(found: FoundConstraint): { readonly file: string; readonly span: Span } {
  if (found.kind === "command") return { file: found.command.list.sentence.file, span: found.command.item };
  const { file } = found.table.sentence;
  return { file, span: found.kind === "element" ? found.element : found.clause };
}

type IsOfAttribute = (tokens: readonly Token[], index: number) => boolean;

/** Both words are reserved, so that no name is among them. */
const isOfTiming: IsOfAttribute = (tokens, index) =>
  isWord(tokens[index], "DEFERRABLE") ||
  isWord(tokens[index], "INITIALLY") ||
  isWord(tokens[index - 1], "INITIALLY") ||
  (isWord(tokens[index], "NOT") && isWord(tokens[index + 1], "DEFERRABLE"));

function isOfPair(first: string, second: string): IsOfAttribute {
  return (tokens, index) =>
    (isWord(tokens[index], first) && isWord(tokens[index + 1], second)) ||
    (isWord(tokens[index - 1], first) && isWord(tokens[index], second));
}
