import type { RawParameter } from "./connection-parameters.ts";
import type { TextSetting } from "./setting.ts";

/**
 * Splits a conninfo string, `host=localhost dbname='my db'`
 * (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-KEYWORD-VALUE).
 * @throws ConfitureError made by `source.fail`; it never quotes the text
 */
export function parseConninfo(text: string, source: TextSetting): RawParameter[] {
  const parameters: RawParameter[] = [];
  // Sticky: name, "=", then a quoted value or a run without white space, both with backslash escapes.
  const pair = /\s*([^\s=]+)\s*=\s*(?:'((?:[^'\\]|\\[^])*)'(?=\s|$)|((?!')(?:[^\s\\]|\\[^])*))/y;
  let at = 0;
  while (text.slice(at).trim() !== "") {
    pair.lastIndex = at;
    const parts = pair.exec(text);
    if (parts === null) {
      throw source.fail(
        "is not a series of key=value pairs",
        "A value with spaces is put in single quotes; ' and \\ in a value are written \\' and \\\\.",
      );
    }
    parameters.push({ name: parts[1]!, value: (parts[2] ?? parts[3] ?? "").replace(/\\([^])/g, "$1") });
    at = pair.lastIndex;
  }
  return parameters;
}
