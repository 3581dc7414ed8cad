import type { Location } from "#errors/error.ts";
import { locateInFile } from "#sql/position.ts";
import type { Comment } from "./file.ts";

/** What has to be told apart in TypeScript: comments, quoted text, regular expressions, and what a statement ends at. */
const TOKEN =
  /(?<comment>\/\/[^\r\n]*|\/\*[^]*?\*\/)|(?<quoted>`(?:\\[^]|[^`\\])*`|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|(?<pattern>(?<=(?:^|[=(,:;!&|?{}[]|\breturn)[ \t]*)\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/)|(?<code>\n|\S)/gm;

interface Token {
  readonly kind: "comment" | "quoted" | "pattern" | "code";
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

function tokensOf(source: string): Token[] {
  return [...source.matchAll(TOKEN)].map(({ index, 0: text, groups = {} }): Token => {
    const kind = groups["comment"] !== undefined ? "comment" : groups["quoted"] !== undefined ? "quoted" : "code";
    return { kind, start: index, end: index + text.length, text };
  });
}

/** The comments of TypeScript that may be for another tool: its own, and those of SQL that begin a line of a template. */
export function commentsOfOthers(path: string, source: string): Pick<Comment, "start" | "end" | "text" | "location">[] {
  return tokensOf(source)
    .flatMap(({ kind, start, text }): readonly (readonly [start: number, text: string])[] => {
      if (kind === "comment") return [[start, text]];
      if (kind !== "quoted" || !text.startsWith("`")) return [];
      return [...text.matchAll(/(?<=^[ \t]*)--[^\r\n`]*/gm)].map(({ index, 0: comment }) => [start + index, comment]);
    })
    .map(([start, text]) => ({
      start,
      end: start + text.length,
      text,
      location: locateInFile(path, source, start),
    }));
}

/**
 * The comments of TypeScript that are for lint. One is about the statements whose text stands in the call behind it: in the lines up to the
 * end of that; or before it, where it stands behind code.
 */
export function commentsInTypeScript(path: string, source: string): Comment[] {
  if (!source.includes("confiture:ignore")) return [];
  const tokens = tokensOf(source);
  return tokens.flatMap((token, at): Comment[] => {
    const { kind, start, end, text } = token;
    if (kind !== "comment" || !text.includes("confiture:ignore")) return [];
    const [from, to] = callBefore(source, tokens, at) ?? [end, endOfCall(tokens, at + 1, source.length)];
    const [first, last] = [locateInFile(path, source, from), locateInFile(path, source, to)];
    return [
      {
        start,
        end,
        text,
        location: locateInFile(path, source, start),
        isAstray: !tokens.some((other) => other.kind === "quoted" && other.start >= from && other.start < to),
        about: ({ statements, locate }) =>
          statements.filter(({ span }) => {
            const place = locate(span.start);
            return place.file === path && isBehind(place, first) && isBehind(last, place);
          }),
      },
    ];
  });
}

/** Of a comment behind code: from the beginning of the text that ends on its line. */
function callBefore(source: string, tokens: readonly Token[], at: number): readonly [number, number] | undefined {
  const { start } = tokens[at]!;
  const lineStart = source.lastIndexOf("\n", start) + 1;
  const onLine = tokens.slice(0, at).filter(({ kind, end }) => kind === "quoted" && end > lineStart);
  const [first] = onLine;
  return first === undefined ? undefined : [first.start, start];
}

/** A line that ends so goes on in the next one. */
const GOES_ON = /[=+,?:&|(.[]/;

/** Where the statement of TypeScript ends that begins at a token: at its semicolon, its line, or the block that follows it. */
function endOfCall(tokens: readonly Token[], from: number, end: number): number {
  const open: ("bracket" | "block")[] = [];
  let before = "";
  for (const { kind, start, text } of tokens.slice(from)) {
    if (kind === "comment") continue;
    const isInside = open.length > 0 && !open.includes("block");
    if (kind === "code" && text === "\n") {
      if (before !== "" && !isInside && !GOES_ON.test(before)) return start;
      continue;
    }
    if (kind === "code" && /[([{]/.test(text)) {
      // Behind `)` and `=>`, as of `if (...) {`, come statements of their own.
      open.push(text === "{" && /[)>]/.test(before) ? "block" : "bracket");
    } else if (kind === "code" && /[)\]}]/.test(text)) {
      if (open.pop() === undefined) return start;
    } else if (kind === "code" && text === ";" && !isInside) return start;
    before = kind === "code" ? text : "text";
  }
  return end;
}

function isBehind({ line = 0, column = 0 }: Location, other: Location): boolean {
  return line > (other.line ?? 0) || (line === other.line && column >= (other.column ?? 0));
}
