import { withCodePoints } from "../strings-in-code.ts";

/** Names with commas between them, as they are written, columns in parentheses left out. Tokens are those of a `Statement`. Pure. */
export function namesFrom(tokens: readonly string[], from: number): string[] {
  const names: string[] = [];
  let at = tokens[from] === "ONLY" ? from + 1 : from;
  for (;;) {
    const first = tokens[at];
    if (first === undefined || !/^["\w\u0080-\uffff]/.test(first)) return names;
    let name = first;
    while (tokens[at + 1] === ".") {
      name += `.${tokens[at + 2] ?? ""}`;
      at += 2;
    }
    names.push(name);
    at++;
    if (tokens[at] === "(") at = tokens.indexOf(")", at) + 1;
    if (tokens[at] !== ",") return names;
    at++;
  }
}

/** A name in the form of `namesFrom` as PostgreSQL folds it: what is in quotes stays. */
export function foldedName(name: string): string {
  return name.replaceAll(/([uU]&)?"(?:[^"]|"")*"|(?:(?![uU]&")[^"])+/g, (part, escaped?: string) => {
    if (escaped !== undefined) return withCodePoints(part.slice(escaped.length), "\\");
    return part.startsWith('"') ? part : part.toLowerCase();
  });
}

/** The name behind ALTER or DROP, the kind of object, and perhaps IF EXISTS. */
export function namesAltered(tokens: readonly string[]): string[] {
  return namesFrom(tokens, tokens[2] === "IF" ? 4 : 2);
}

/** A name as the catalogue has it, by its token: what is not quoted is in capitals there, and was folded to lower case. */
export function writtenName(token: string): string {
  if (/^[uU]&"/.test(token)) return writtenName(withCodePoints(token.slice(2), "\\"));
  return token.startsWith('"') ? token.slice(1, -1).replaceAll('""', '"') : token.toLowerCase();
}
