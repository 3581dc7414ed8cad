import { expect, test } from "bun:test";
import { quoteIdentifier } from "#sql/quote.ts";
import { unquoteNames } from "#sql/lexer/unquote.ts";
import { engines } from "../support/engines.ts";

for (const engine of engines) {
  test(`names lose their quotes where ${engine.name} would write none`, async () => {
    await using database = await engine.fresh();
    const words = await database.query<{ word: string; quoted: string }>(
      `SELECT word, quote_ident(word) AS quoted FROM pg_get_keywords()
       UNION ALL SELECT word, quote_ident(word) FROM unnest(ARRAY['a', '_b1', 'Ab', '1a', 'a b', 'a"b', 'é', '']) word`,
    );
    expect(words.length).toBeGreaterThan(400);
    const names = words.filter(({ word }) => word !== "");
    // A word that a later version reserves keeps its quotes on an earlier one.
    const bare = names.filter(({ word, quoted }) => {
      const written = unquoteNames(quoteIdentifier(word));
      return written !== quoted && written !== quoteIdentifier(word);
    });
    expect(bare).toEqual([]);
    const needless = names.filter(
      ({ word, quoted }) => quoted === word && unquoteNames(quoteIdentifier(word)) !== word,
    );
    expect(needless.map(({ word }) => word).filter((word) => !LATER.has(word))).toEqual([]);
  });
}

/** Reserved since 15, 16 or 17 in some places. */
const LATER: ReadonlySet<string> = new Set(
  (
    "json json_array json_arrayagg json_exists json_object json_objectagg json_query json_scalar json_serialize json_table " +
    "json_value merge_action system_user"
  ).split(" "),
);
