/** Whether a token of a `Statement` is a string. Pure. */
export function isString(token: string): boolean {
  return /^(?:[eEuUbBxXnN]&?)?'|^\$[^$\d]*\$/.test(token);
}

/** The code that a token may hold: the text of a string without its quotes; none of another token. Pure. */
export function codeIn(token: string): string[] {
  const tag = /^\$[^$]*\$/.exec(token)?.[0];
  if (tag !== undefined) return [token.slice(tag.length, -tag.length)];
  return token.startsWith("'") ? [token.slice(1, -1).replaceAll("''", "'")] : [];
}
