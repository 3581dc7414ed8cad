/** What `--allow-drop` says of something that is taken away. */
interface Named {
  readonly kind: string;
  readonly name: string;
}

/** What a glob reads otherwise than it is written. */
const GLOB_SIGN = /[*?[\]{}!\\]/g;

/** What a terminal does not show, or a shell does not pass on as it is shown. */
const UNTYPED = /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]|\s$/gu;

/** The words of a value of `--allow-drop`. A comma in parentheses, as between arguments, or behind a backslash divides none. */
export function allowingWords(value: string): string[] {
  const words = value.match(/(?:\\[^]?|\([^()]*\)|[^,\\])+/g) ?? [];
  return words.map((word) => word.trim()).filter((word) => word !== "");
}

/** The word that allows this one thing alone: "comment on column:public.users.email". */
export function wordFor({ kind, name }: Named): string {
  const word = `${kind}:${name.replaceAll(GLOB_SIGN, String.raw`\$&`).replaceAll(UNTYPED, "?")}`;
  const [first, ...others] = allowingWords(word);
  return first === word && others.length === 0 ? word : word.replaceAll(",", String.raw`\,`);
}

/**
 * Whether a word allows something: "all", its kind, its name, or both, "policy:public.users.own_rows". Names may be globs, and
 * "comment" stands for comments on whatever it is.
 */
export function allows(word: string, { kind, name }: Named): boolean {
  const kinds = [kind, kind.replace(/ on .*/, "")];
  if (word === "all" || kinds.includes(word)) return true;
  const forms = [name, ...kinds.map((each) => `${each}:${name}`)];
  const isGlob = /[*?[{]|^!/.test(word.replaceAll(/\\[^]/g, ""));
  if (!isGlob) return forms.includes(word.replaceAll(/\\([^])/g, "$1"));
  const glob = new Bun.Glob(word);
  return forms.some((form) => form === word || glob.match(form));
}
