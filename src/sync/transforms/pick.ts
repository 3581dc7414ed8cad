import { textArray } from "./digest.ts";
import { DIFFERS, matching, oneOf, type Transform } from "./transform.ts";

/**
 * A transform into a word of a list.
 * @param words as for `pickWord`
 */
export function wordOf(
  words: readonly string[],
  { name, summary, result }: Pick<Transform, "name" | "summary" | "result">,
): Transform {
  return {
    name,
    summary,
    result,
    examples: [name],
    takes: ["text"],
    make(options) {
      options.none();
      return {
        class: "lossy",
        proof: DIFFERS,
        mayBeResult: matching(`^${oneOf(words)}$`),
        maxLength: longest(words),
        expression: (value, { digest }) => pickWord(words, value, digest(value)),
      };
    },
  };
}

/**
 * A word of a list, by one byte of a digest; the next one where that is the original.
 * @param words 128 or 256 of them
 */
function pickWord(words: readonly string[], value: string, digest: string): string {
  const list = textArray(words);
  const index = words.length === 256 ? "get_byte(d.h, 0)" : `get_byte(d.h, 0) % ${words.length}`;
  return `(SELECT CASE WHEN lower((${list})[d.i]) = lower(${value}) THEN (${list})[1 + d.i % ${words.length}] ELSE (${list})[d.i] END
    FROM (SELECT 1 + ${index.replace("d.h", digest)} AS i OFFSET 0) d)`;
}

export function longest(words: readonly string[]): number {
  return Math.max(...words.map(({ length }) => length));
}
