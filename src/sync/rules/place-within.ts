import type { Place, PlacedText } from "./rules.ts";

/**
 * The place of something in a text of the rules: that of the text itself where YAML's way of writing it cannot be followed. White space is
 * not compared, as YAML folds and indents it. Pure.
 * @param offset into `text`, at something that is not white space; or its end
 */
export function placeWithin({ text, shown, place }: PlacedText, offset: number): Place {
  const at = shown === undefined ? offset : inShown(text, shown, offset);
  const { file, offset: start } = place;
  const found = at === undefined ? undefined : offsetOf(file.text, start, shown ?? text, at);
  return found === undefined ? place : { file, offset: found };
}

/** The same offset in the text as it was written: before or behind what was put into it, or in between by the word that stands there. */
function inShown(text: string, shown: string, offset: number): number | undefined {
  let same = 0;
  while (same < shown.length && text[same] === shown[same]) same++;
  if (offset <= same) return offset;
  const tail = text.slice(offset);
  const fromEnd = shown.length - tail.length;
  if (shown.endsWith(tail) && fromEnd >= same) return fromEnd;
  const word = /^[\w$.]+/.exec(tail)?.[0];
  const [first, second] = word === undefined ? [] : [shown.indexOf(word), shown.lastIndexOf(word)];
  return first !== undefined && first >= 0 && first === second ? first : undefined;
}

/** Where a character of a value stands in the file. */
function offsetOf(file: string, start: number, value: string, at: number): number | undefined {
  const quote = /^["']/.exec(file.slice(start))?.[0];
  const block = quote === undefined ? /^[|>][^\n]*\n/.exec(file.slice(start))?.[0] : undefined;
  let place = start + (quote ?? block ?? "").length;
  let index = 0;
  for (const character of value) {
    const own = index;
    index += character.length;
    if (/\s/.test(character)) continue;
    const written = nextIn(file, place, quote);
    if (written?.character !== character) return undefined;
    if (own >= at) return written.start;
    place = written.end;
  }
  return place;
}

interface Written {
  readonly character: string;
  readonly start: number;
  readonly end: number;
}

/** The next character that is not white space, as the file has it. */
function nextIn(file: string, from: number, quote: string | undefined): Written | undefined {
  for (let start = from; start < file.length;) {
    const written = writtenAt(file, start, quote);
    if (written === undefined || (written.character !== "" && !/\s/.test(written.character))) return written;
    start = written.end;
  }
  return undefined;
}

const ESCAPE = /^\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|(\r?\n|.))/i;

function writtenAt(file: string, start: number, quote: string | undefined): Written | undefined {
  const character = String.fromCodePoint(file.codePointAt(start)!);
  const end = start + character.length;
  if (quote === "'" && character === "'") return file[end] === "'" ? { character, start, end: end + 1 } : undefined;
  if (quote !== '"' || character !== "\\") return { character, start, end };
  const [all, x, u, long, other] = ESCAPE.exec(file.slice(start, start + 12)) ?? [];
  if (all === undefined) return undefined;
  const code = x ?? u ?? long;
  // What else stands for another character is white space, or so rare that the place of the text has to do.
  const escaped =
    code === undefined
      ? /^[nrtv0 \r\n_NLP]/.test(other!)
        ? ""
        : other!
      : String.fromCodePoint(Number.parseInt(code, 16));
  return { character: escaped, start, end: start + all.length };
}
