import { resolve } from "node:path";
import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import { readRegularFile } from "#files/read.ts";
import type { MigrationFile } from "#migrate/files/migration-file.ts";
import { writtenName } from "#sql/lexer/token-names.ts";
import { quoteIdentifier } from "#sql/quote.ts";

const VALIDATES = /\bvalidate\s+constraint\s+("(?:[^"]|"")+"|[\w$\u0080-\uffff]+)/gi;

/** Names of the constraints that migrations validate, by their texts. */
export function validatedBy(projectDir: string, files: readonly MigrationFile[]): ReadonlySet<string> {
  const names = files.flatMap(({ path }) => {
    const text = readRegularFile(resolve(projectDir, path), path).toString();
    return [...text.matchAll(VALIDATES)].map(([, name = ""]) => writtenName(name));
  });
  return new Set(names);
}

/**
 * Does something while constraints of these names that are NOT VALID are not there: rows that were older than such a constraint
 * may violate it. They come back as they were.
 */
export async function withoutUnvalidated<T>(
  database: Database,
  names: ReadonlySet<string>,
  work: () => Promise<T>,
): Promise<T> {
  const away: string[] = [];
  for (const { owner, name, definition } of names.size === 0 ? [] : await database.query<Unvalidated>(UNVALIDATED)) {
    if (!names.has(name)) continue;
    const constraint = quoteIdentifier(name);
    try {
      await database.execute(`alter ${owner} drop constraint ${constraint}`);
      away.push(`alter ${owner} add constraint ${constraint} ${definition}`);
    } catch (error) {
      // It stays where something else needs it.
      if (!(error instanceof ConfitureError) || error.server === undefined) throw error;
    }
  }
  try {
    return await work();
  } finally {
    if (away.length > 0) await database.execute(away.join("; "));
  }
}

interface Unvalidated {
  /** "table public.users", "domain public.age" */
  readonly owner: string;
  readonly name: string;
  readonly definition: string;
}

const UNVALIDATED = `
  select case when k.conrelid <> 0 then 'table ' || pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname)
              else 'domain ' || pg_catalog.quote_ident(dn.nspname) || '.' || pg_catalog.quote_ident(t.typname) end as owner,
         k.conname as name, pg_catalog.pg_get_constraintdef(k.oid) as definition
    from pg_catalog.pg_constraint k
    left join pg_catalog.pg_class c on c.oid = k.conrelid left join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    left join pg_catalog.pg_type t on t.oid = k.contypid left join pg_catalog.pg_namespace dn on dn.oid = t.typnamespace
   where not k.convalidated and k.contype in ('c', 'f', 'n') and k.conparentid = 0 and k.coninhcount = 0
   order by k.oid`;
