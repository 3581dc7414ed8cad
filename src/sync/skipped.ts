import { type Behind, type SourceTable, type SyncTable, TOKEN_KINDS, type TokenKind } from "./plan.ts";
import { guessByName } from "./rules/guess.ts";
import { familyOf } from "./transforms/registry.ts";

/** A table that is made without rows. What its columns hold, their names may say. */
export function skipped({ schema, name, columns }: SourceTable): SyncTable {
  const kinds = columns.map((column) => TOKEN_KINDS.find((kind) => kind === guessByName(column)));
  const behind = columns.flatMap((column, at) => (kinds[at] === undefined ? [] : [guessed(column.name, kinds[at])]));
  const unnamed = columns.flatMap((column, at) =>
    kinds[at] === undefined && ["text", "json", "hstore"].includes(familyOf(column)) ? [column.name] : [],
  );
  return { schema, name, mode: "skip", columns: [], query: "", whole: false, where: undefined, behind, unnamed };
}

/** A column of which no rule says what is in it. */
export function guessed(name: string, kind: TokenKind): Behind {
  return { name, tokens: [kind], isGuessed: true };
}
