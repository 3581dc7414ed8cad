/** Whether a token of a `Statement` is a string. Pure. */
export function isString(token: string): boolean {
  return /^(?:[eEuUbBxXnN]&?)?'|^\$[^$\d]*\$/.test(token);
}

/**
 * The texts that the strings among tokens of a `Statement` stand for, which may be code: without quotes, with the characters that are
 * escaped (`E'\x44ELETE'`, `U&'\0044ELETE'`), and with what goes on behind a line break. Bits are none. Pure.
 */
export function codeIn(tokens: readonly string[]): string[] {
  const texts: string[] = [];
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at]!;
    const tag = /^\$[^$\d]*\$/.exec(token)?.[0];
    if (tag !== undefined) texts.push(token.slice(tag.length, -tag.length));
    const prefix = /^(?:[eEnN]|[uU]&)?(?=')/.exec(token)?.[0].toUpperCase();
    if (tag !== undefined || prefix === undefined) continue;
    let text = inside(token.slice(prefix.length));
    while (tokens[at + 1]?.startsWith("'") === true) text += inside(tokens[++at]!);
    const isOther = tokens[at + 1] === "UESCAPE";
    if (prefix === "E") text = withEscapes(text);
    else if (prefix === "U&") text = withCodePoints(text, isOther ? inside(tokens[at + 2] ?? "'\\'") : "\\");
    if (isOther) at += 2;
    texts.push(text.replaceAll("''", "'"));
  }
  return texts;
}

/** A string without the quotes around it, others in it doubled. */
function inside(token: string): string {
  return token.slice(1, token.length > 1 && token.endsWith("'") ? -1 : undefined);
}

const CONTROLS: Readonly<Record<string, string>> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };

function withEscapes(text: string): string {
  return text.replaceAll(
    // Behind a line break, an E'' goes on within its token.
    /('\s*')|\\(?:([0-7]{1,3})|x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([^]))/g,
    (whole, quotes?: string, octal?: string, byte?: string, unit?: string, point?: string, other: string = "") => {
      if (quotes !== undefined) return quotes.length === 2 ? quotes : "";
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
      const hex = byte ?? unit ?? point;
      if (hex !== undefined) return character(Number.parseInt(hex, 16)) ?? whole;
      return other === "'" ? "''" : (CONTROLS[other] ?? other);
    },
  );
}

/** As in `U&'d\0061t\+000061'`. Pure. */
export function withCodePoints(text: string, escape: string): string {
  const sign = RegExp.escape(escape);
  const escaped = new RegExp(`${sign}(?:([0-9a-f]{4})|\\+([0-9a-f]{6})|${sign})`, "gi");
  return text.replaceAll(escaped, (whole, short?: string, long?: string) => {
    const hex = short ?? long;
    return hex === undefined ? escape : (character(Number.parseInt(hex, 16)) ?? whole);
  });
}

function character(point: number): string | undefined {
  return point > 0x10ffff ? undefined : String.fromCodePoint(point);
}
