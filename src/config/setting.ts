import type { ConfitureError } from "#errors/error.ts";
import { nearest } from "#errors/suggest.ts";

/** A value and where it came from, as `confiture config show` prints it. */
export interface Setting<T> {
  readonly value: T;
  readonly origin: string;
}

/**
 * A text from a file, a URL or a variable, with the way to complain about it. The complaint knows the
 * place; `quoted` is the text for a message, or empty where showing it could show a password.
 */
export interface TextSetting extends Setting<string> {
  readonly quoted: string;
  /** @param problem a sentence without its subject ("must be a number") */
  fail(problem: string, hint?: string): ConfitureError;
}

/** `, not "abc"`, or nothing when the value must not be shown. */
export function not(setting: TextSetting): string {
  return setting.quoted === "" ? "" : `, not ${setting.quoted}`;
}

/** @throws ConfitureError where it is none of them */
export function oneOf<const Choice extends string>(setting: TextSetting, choices: readonly Choice[]): Choice {
  const choice = choices.find((known) => known === setting.value);
  if (choice !== undefined) return choice;
  const suggestion = nearest(setting.value, choices);
  throw setting.fail(
    `must be one of ${choices.join(", ")}${not(setting)}`,
    suggestion === undefined ? undefined : `Did you mean "${suggestion}"?`,
  );
}
