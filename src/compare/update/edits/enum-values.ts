import { TokenKind } from "#sql/lexer/token-kind.ts";
import { quoteLiteral } from "#sql/quote.ts";
import { indentOf, isBlank, lineStart } from "../lines.ts";
import { inside } from "#sql/parser.ts";
import { tokensOf } from "#sql/lexer/tokens.ts";
import { edited, type EditKind } from "./edit.ts";

/** Values that an enum gains. */
export const enumValues: EditKind = {
  edit(planned, { tree }) {
    const change = inside(planned.node, "AlterEnumStmt");
    const type = planned.reading?.about[0];
    if (change?.newVal === undefined || change.oldVal !== undefined || type === undefined) return undefined;
    const maker = tree.maker(type);
    const values = (inside(maker?.node, "CreateEnumStmt")?.vals ?? []).map((each) => inside(each, "String")?.sval);
    if (maker === undefined || values.length === 0) return undefined;
    const text = tree.text(maker.file);
    const tokens = tokensOf(text, maker.start, maker.end).filter(
      ({ kind, depth }) => depth === 1 && (kind === TokenKind.string || kind === TokenKind.dollarString),
    );
    if (tokens.length !== values.length) return undefined;
    const neighbour = change.newValNeighbor;
    const index = neighbour === undefined ? values.length - 1 : values.indexOf(neighbour);
    const token = tokens[index];
    if (token === undefined) return undefined;
    const value = quoteLiteral(change.newVal).trim();
    const line = lineStart(text, token.start);
    const gap = isBlank(text.slice(line, token.start)) ? `\n${indentOf(text, token.start)}` : " ";
    if (neighbour !== undefined && change.newValIsAfter !== true) {
      tree.splice(maker.file, token.start, token.start, `${value},${gap}`);
    } else tree.splice(maker.file, token.end, token.end, `,${gap}${value}`);
    return edited(maker.file);
  },
};
