import type { ConfitureError } from "#errors/error.ts";

const HIDDEN = "(not shown: it may hold a password)";

/** Whether an argument is a connection URL or conninfo string, or meant as one: then a password may be anywhere in it. */
export function mayHoldPassword(argument: string): boolean {
  return /:\/\/|(?:^(?!git:)|\/\/)[^\s/]*:[^@]*@|(?:pass\w*|secret)\s*=|^\s*(?:host|hostaddr|dbname|user|port)\s*=/i.test(
    argument,
  );
}

/**
 * An error that names arguments, without those that may hold a password: `build URL`, `--env URL`. Pure.
 * @param argv the command line
 * @param harmless connection texts that were read, and have no password in them
 */
export function hidePasswords(
  error: ConfitureError,
  argv: readonly string[],
  harmless: ReadonlySet<string> = new Set(),
): ConfitureError {
  const secrets = argv
    .flatMap((argument) => [argument, argument.replace(/^--?[\w-]+=/, "")])
    .filter((text) => mayHoldPassword(text) && !harmless.has(text) && !harmless.has(text.replace(/^--?[\w-]+=/, "")));
  if (secrets.length === 0) return error;
  let found = false;
  const hide = (text: string): string => {
    let result = text;
    // The longest first: one may be a part of another.
    for (const secret of secrets.toSorted((a, b) => b.length - a.length)) {
      // A path is written without its second slash.
      for (const form of [secret, secret.replace(/\/{2,}/, "/")]) {
        result = result.replaceAll(`"${form}"`, HIDDEN).replaceAll(form, HIDDEN);
      }
    }
    found ||= result !== text;
    return result;
  };
  const { location } = error;
  const hidden = error.with({
    message: hide(error.message),
    ...(error.hint === undefined ? {} : { hint: hide(error.hint) }),
    ...(location === undefined ? {} : { location: { ...location, file: hide(location.file) } }),
    ...(error.data === undefined ? {} : { data: hideWithin(error.data, hide) as Record<string, unknown> }),
  });
  if (!found) return error;
  if (hidden.code !== "usage") return hidden;
  const hint = "A connection URL is given as --database-url URL, or better in the variable CONFITURE_DATABASE_URL.";
  return hidden.with({ hint: hidden.hint === undefined ? hint : `${hint}\n${hidden.hint}` });
}

function hideWithin(value: unknown, hide: (text: string) => string): unknown {
  if (typeof value === "string") return hide(value);
  if (Array.isArray(value)) return value.map((item) => hideWithin(item, hide));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, hideWithin(item, hide)]));
}
