import { quoteLiteral } from "#sql/quote.ts";

/** The expressions of a query that have the names of its objects. */
export interface Names {
  readonly name: string;
  /** Undefined for what is in no schema. */
  readonly schema?: string;
  /** What holds for those that are listed where the pattern names no schema. */
  readonly shown: string;
}

/**
 * A pattern as psql takes them, as a condition: `*` stands for any characters, `?` for one, a dot parts schema and name, and
 * letters count as small ones unless they are in quotes. Pure.
 */
export function nameCondition(pattern: string, { name, schema, shown }: Names): string {
  const parts = partsOf(pattern);
  const own = parts.at(-1) ?? "";
  const around = schema === undefined ? undefined : parts.at(-2);
  const matches = (column: string, regex: string): string =>
    `${column}::text operator(pg_catalog.~) ${quoteLiteral(`^(${regex})$`)}`;
  if (around === undefined) return own === "" ? shown : `${shown} and ${matches(name, own)}`;
  return `${matches(schema ?? "", around)} and ${matches(name, own === "" ? ".*" : own)}`;
}

/** Regular expressions for the parts between dots. */
function partsOf(pattern: string): string[] {
  const parts = [""];
  const add = (text: string): void => void (parts[parts.length - 1] += text);
  let isQuoted = false;
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern.charAt(at);
    if (character === '"') {
      if (isQuoted && pattern.charAt(at + 1) === '"') add(pattern.charAt(++at));
      else isQuoted = !isQuoted;
    } else if (isQuoted) add(literally(character));
    else if (character === ".") parts.push("");
    else if (character === "*") add(".*");
    else if (character === "?") add(".");
    else add(literally(character.toLowerCase()));
  }
  return parts;
}

function literally(character: string): string {
  return /[\\^$.|?*+()[\]{}]/.test(character) ? `\\${character}` : character;
}
