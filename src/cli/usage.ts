import { ConfitureError } from "#errors/error.ts";

/** A mistake on the command line of a command. */
export function usage(path: readonly string[], message: string): ConfitureError {
  return new ConfitureError("usage", message, { hint: helpHint(path) });
}

export function helpHint(path: readonly string[]): string {
  return `See: ${["confiture", ...path].join(" ")} --help`;
}

/** For a flag with a fixed set of values. */
export function notAChoice(
  path: readonly string[],
  flag: string,
  known: readonly string[],
  value: string,
): ConfitureError {
  return usage(path, `${flag} is ${known.join(" or ")}, not "${value}"`);
}
