import { type Behind, type SourceTable, type SyncTable, TOKEN_KINDS } from "./plan.ts";
import { guessByName } from "./rules/guess.ts";

/** A table that is made without rows. What its columns hold, their names say. */
export function skipped({ schema, name, columns }: SourceTable): SyncTable {
  const behind = columns.flatMap((column): Behind[] => {
    const tokens = TOKEN_KINDS.find((kind) => kind === guessByName(column));
    return tokens === undefined ? [] : [{ name: column.name, tokens, isGuessed: true }];
  });
  return { schema, name, mode: "skip", columns: [], query: "", whole: false, where: undefined, behind };
}
