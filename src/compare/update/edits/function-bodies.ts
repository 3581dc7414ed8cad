import type { Facts } from "../../engine/facts.ts";
import { TokenKind } from "#sql/lexer/token-kind.ts";
import { inside, type Node, type NodeOf, type Parser } from "#sql/parser.ts";
import { isWord, tokensOf } from "#sql/lexer/tokens.ts";
import { readStatement } from "../../sources/readings.ts";
import { isSame, type Subject } from "../../sources/subjects.ts";
import { isUnchanged } from "./lookups.ts";
import { edited, type EditKind, NOTHING } from "./edit.ts";

/** A function of which nothing but the body changes keeps its head as it is written. */
export const functionBodies: EditKind = {
  edit(planned, work) {
    const { tree, from, to } = work;
    const makes = planned.reading?.makes;
    if (inside(planned.node, "CreateFunctionStmt") === undefined || makes === undefined) return undefined;
    if (isUnchanged(planned, work)) return NOTHING;
    const there = tree.maker(makes);
    const [before, after] = [from, to].map((facts) => definitionOf(facts, makes, tree.parser));
    if (there === undefined || before === undefined || after === undefined) return undefined;
    const [old, wanted] = [headAndBody(tree.parser, before), headAndBody(tree.parser, after)];
    if (old === undefined || wanted === undefined || old.head !== wanted.head) return undefined;
    const tokens = tokensOf(tree.text(there.file), there.start, there.end);
    const as = tokens.findLastIndex((token) => token.depth === 0 && isWord(token, "AS"));
    const body = tokens[as + 1];
    if (as < 0 || body === undefined || (body.kind !== TokenKind.dollarString && body.kind !== TokenKind.string))
      return undefined;
    if (tokens[as + 2]?.text === ",") return undefined;
    tree.splice(there.file, body.start, body.end, quoted(wanted.body, /^\$\w*\$/.exec(body.text)?.[0] ?? "$$"));
    return edited(there.file);
  },
};

/** A function as PostgreSQL writes it. */
function definitionOf(facts: Facts, wanted: Subject, parser: Parser): string | undefined {
  for (const { id, payload } of facts.facts()) {
    if ((id.kind !== "function" && id.kind !== "procedure") || id.schema !== wanted.schema || id.name !== wanted.name)
      continue;
    const { def } = payload;
    const node = typeof def === "string" ? parser.parse(def) : undefined;
    const makes = node === undefined ? undefined : readStatement(node, (schema) => schema ?? "public")?.makes;
    if (makes !== undefined && isSame(makes, wanted)) return def as string;
  }
  return undefined;
}

function quoted(body: string, tag: string): string {
  let free = tag;
  for (let number = 1; body.includes(free) || `${body}$`.includes(free); number++) free = `$body${number}$`;
  return `${free}${body}${free}`;
}

interface HeadAndBody {
  readonly head: string;
  readonly body: string;
}

function headAndBody(parser: Parser, definition: string): HeadAndBody | undefined {
  const made = inside(parser.parse(definition), "CreateFunctionStmt");
  const isBody = (each: Node): boolean => inside(each, "DefElem")?.defname === "as";
  const items = inside(inside((made?.options ?? []).find(isBody), "DefElem")?.arg, "List")?.items ?? [];
  const body = inside(items[0], "String")?.sval;
  if (made === undefined || body === undefined || items.length !== 1) return undefined;
  const head: NodeOf<"CreateFunctionStmt"> = { ...made, options: (made.options ?? []).filter((each) => !isBody(each)) };
  return { head: JSON.stringify(head, (key, value: unknown) => (key === "location" ? undefined : value)), body };
}
