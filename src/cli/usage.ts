import { ConfitureError } from "#errors/error.ts";
import { nearest } from "#errors/suggest.ts";

/** A mistake on the command line of a command. */
export function usage(path: readonly string[], message: string): ConfitureError {
  return new ConfitureError("usage", message, { hint: helpHint(path) });
}

export function helpHint(path: readonly string[]): string {
  return `See: ${["confiture", ...path].join(" ")} --help`;
}

/** "a, b or c" */
function listOf(words: readonly string[]): string {
  return [words.slice(0, -1).join(", "), ...words.slice(-1)].filter((part) => part !== "").join(" or ");
}

/** For a flag with a fixed set of values. */
export function notAChoice(
  path: readonly string[],
  flag: string,
  known: readonly string[],
  value: string,
): ConfitureError {
  const suggestion = nearest(value, known);
  const choices = known.length <= 3 ? listOf(known) : `one of ${known.join(", ")}`;
  const message = `${flag} takes ${choices}, not "${value}"`;
  return suggestion === undefined
    ? usage(path, message)
    : new ConfitureError("usage", message, { hint: `Did you mean ${flag} ${suggestion}?` });
}
