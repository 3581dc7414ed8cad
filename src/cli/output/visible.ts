/**
 * What a terminal acts upon instead of showing it: control characters (C0, DEL, C1), which begin escape sequences;
 * directional controls, which show text in another order than it is in; and Unicode's own ends of lines.
 */
const ACTING = /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/gu;

/**
 * Text for people, which may hold anything that a server or the name of a file says: whatever a terminal would act
 * upon is written out, as `\x1b` or `\u202e`. Ends of lines and tabs stay.
 */
export function visible(text: string): string {
  return text
    .replaceAll("\r\n", "\n")
    .replaceAll(ACTING, (character) => (/[\n\t]/.test(character) ? character : spell(character)));
}

/** As `visible`, for a name or whatever else is meant to be one line: ends of lines and tabs are written out as well. */
export function inLine(text: string): string {
  return text.replaceAll(ACTING, spell);
}

/** The same text with every line after the first indented, so that none of them passes for a message of the tool's. */
export function indented(text: string): string {
  return text.replaceAll(/\r?\n(?! {2})/g, "\n  ");
}

const SHORT_FORMS: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function spell(character: string): string {
  const code = character.charCodeAt(0);
  const short = SHORT_FORMS[character];
  if (short !== undefined) return short;
  return code <= 0xff ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
}

/** A JSON document that says the same, and that a terminal only shows. */
export function visibleJson(value: unknown): string {
  return visibleJsonText(JSON.stringify(value, null, 2));
}

/** The same of a text that is JSON already, with no control characters between its parts but ends of lines. */
export function visibleJsonText(json: string): string {
  return json.replaceAll(ACTING, (character) =>
    character === "\n" ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
