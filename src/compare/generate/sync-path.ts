import type { Database } from "#database/database.ts";
import { TokenKind } from "#sql/lexer/token-kind.ts";
import { parseQualifiedName, quoteIdentifier, quoteLiteral } from "#sql/quote.ts";
import { tokensOf } from "#sql/lexer/tokens.ts";
import type { SyncedColumns } from "./synced-columns.ts";

/**
 * The search_path that the function which keeps columns in step has to have of its own. Names in its body are looked up in
 * the session that writes, whose search_path may be any; a CHECK has looked its own up when it was made.
 * @param database where the change begins, with the search_path that its migrations have
 * @returns undefined where every name is one of PostgreSQL's own, so that none is needed
 */
export async function pathOf(
  database: Database,
  { old, fresh, forward, backward }: Pick<SyncedColumns, "old" | "fresh" | "forward" | "backward">,
): Promise<string | undefined> {
  const texts = [
    ...[...forward, ...backward].map((expression) => expression.sql("")),
    ...[...old, ...fresh].map(({ type }) => type),
  ];
  const tokens = texts.flatMap((text) => tokensOf(text));
  const words = tokens.flatMap(({ text }) => parseQualifiedName(text)?.name ?? []);
  const operators = tokens.flatMap(({ kind, text }) => (kind === TokenKind.operator ? [text] : []));
  const [row] = await database.query<{ schemas: readonly string[]; isNeeded: boolean }>(`
    select pg_catalog.to_json(pg_catalog.current_schemas(false)) as schemas,
           exists (select from pg_catalog.pg_proc where proname = any (${listed(words)}) and ${isForeign("pronamespace")})
           or exists (select from pg_catalog.pg_type where typname = any (${listed(words)}) and typtype <> 'c' and ${isForeign("typnamespace")})
           or exists (select from pg_catalog.pg_operator where oprname = any (${listed(operators)}) and ${isForeign("oprnamespace")})
             as "isNeeded"`);
  return row?.isNeeded === true ? [...row.schemas, "pg_temp"].map(quoteIdentifier).join(", ") : undefined;
}

/** Not PostgreSQL's own. */
function isForeign(schema: string): string {
  return `${schema} not in ('pg_catalog'::pg_catalog.regnamespace, 'information_schema'::pg_catalog.regnamespace)`;
}

function listed(names: readonly string[]): string {
  return `array[${[...new Set(names)].map(quoteLiteral).join(", ")}]::pg_catalog.name[]`;
}
