import type { Database } from "#database/database.ts";
import { lossOf } from "#sql/effects/loss.ts";
import type { Statement } from "#sql/statement.ts";
import { namesAltered } from "#sql/lexer/token-names.ts";
import { isConversion } from "./statement-losses.ts";
import { typesOf } from "./lookups.ts";
import { keepsEveryValue } from "./wider-types.ts";

/** A statement that converts values by their types alone, without an expression of its own. */
export interface Conversion {
  /** Once it has run: whether every new type holds every value of the old one. */
  keepsValues(): Promise<boolean>;
}

/** Looks at the types of a table's columns before a statement changes some of them; undefined for any other statement. */
export async function conversionOf(database: Database, statement: Statement): Promise<Conversion | undefined> {
  if (statement.firstWord !== "ALTER" || !isConversion(lossOf(statement))) return undefined;
  const tokens = statement.tokens();
  const [table] = namesAltered(tokens);
  if (table === undefined || tokens.includes("USING")) return undefined;
  const before = new Map((await typesOf(database, table)).map(({ name, type }) => [name, type]));
  return {
    async keepsValues() {
      const after = await typesOf(database, table);
      return after.every(({ name, type }) => keepsEveryValue(before.get(name) ?? type, type));
    },
  };
}
