import { type Behind, type SyncTable, TOKEN_KINDS, type TokenKind } from "./plan.ts";
import type { SourceTable } from "./source/catalogue.ts";
import { guessByName } from "./rules/guess.ts";
import type { Place } from "./rules/rules.ts";
import { familyOf } from "./transforms/registry.ts";

/**
 * A table that is made without rows. What its columns hold, their names may say.
 * @param place where the rule is that skips it
 */
export function skipped({ schema, name, columns }: SourceTable, { file, offset }: Place): SyncTable {
  const kinds = columns.map((column) => TOKEN_KINDS.find((kind) => kind === guessByName(column)));
  const behind = columns.flatMap((column, at) => (kinds[at] === undefined ? [] : [guessed(column.name, kinds[at])]));
  const unnamed = columns.flatMap((column, at) =>
    kinds[at] === undefined && ["text", "json", "hstore"].includes(familyOf(column)) ? [column.name] : [],
  );
  const empty = { columns: [], query: "", whole: false, where: undefined };
  return { schema, name, mode: "skip", ...empty, skippedBy: file.location(offset), behind, unnamed };
}

/** A column of which no rule says what is in it. */
export function guessed(name: string, kind: TokenKind): Behind {
  return { name, tokens: [kind], isGuessed: true };
}
