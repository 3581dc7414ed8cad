import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import { quoteQualified, reportedName } from "#sql/quote.ts";

/** Tables that belong to extensions, as `extension: schema.table`: no rule speaks of them, and no row of theirs is copied. */
export interface ExtensionTables {
  /** With rows that somebody else than the extension's script has put there (`pg_extension_config_dump`). */
  readonly withRows: readonly string[];
  /** Made a member by hand (ALTER EXTENSION ... ADD TABLE): CREATE EXTENSION has not made them in the copy. */
  readonly missing: readonly string[];
}

/** The same of the source alone. */
export interface SourceExtensionTables {
  readonly names: readonly string[];
  readonly withRows: readonly string[];
}

interface Member {
  readonly extension: string;
  readonly schema: string;
  readonly name: string;
  /** The condition for rows that are nobody's but the user's: "" for all, null where the table is not registered. */
  readonly condition: string | null;
  readonly readable: boolean;
}

/**
 * Extension tables of the source. The session may be in the moment's transaction.
 * @param skip whether they may stay behind
 * @throws ConfitureError `sync_extension_tables` where they may not, and somebody has put rows there
 */
export async function readExtensionTables(source: Database, skip: boolean): Promise<SourceExtensionTables> {
  const found = await members(source);
  const withRows: string[] = [];
  for (const member of found) {
    if (member.condition === null || !member.readable) continue;
    const [row] = await source.query<{ has: boolean }>(
      `select exists (select from ${quoteQualified(member.schema, member.name)} ${member.condition}) as has`,
    );
    if (row?.has === true) withRows.push(shown(member));
  }
  if (!skip) refuse(withRows, "Rows were put into tables of extensions, and are not copied");
  return { names: found.map(shown), withRows };
}

/**
 * Those that the target does not have, where CREATE EXTENSION has been run.
 * @throws ConfitureError `sync_extension_tables` where they may not stay behind
 */
export async function missingExtensionTables(
  { names }: SourceExtensionTables,
  target: Database,
  skip: boolean,
): Promise<string[]> {
  if (names.length === 0) return [];
  const there = new Set((await members(target)).map(shown));
  const missing = names.filter((name) => !there.has(name));
  if (!skip) refuse(missing, "CREATE EXTENSION does not make these tables, which were added to an extension");
  return missing;
}

function refuse(names: readonly string[], what: string): void {
  if (names.length === 0) return;
  throw new ConfitureError("sync_extension_tables", `${what}: ${names.join(", ")}`, {
    hint: "No rule speaks of them. To leave them out, write `extension_tables: skip` into a file of db/sync, or --skip-extension-tables. To copy one, take it out of its extension: ALTER EXTENSION ... DROP TABLE",
    data: { tables: names },
  });
}

function shown({ extension, schema, name }: Member): string {
  return `${extension}: ${reportedName(schema, name)}`;
}

async function members(database: Database): Promise<Member[]> {
  return await database.query<Member>(
    `select e.extname::pg_catalog.text as extension, n.nspname::pg_catalog.text as schema, c.relname::pg_catalog.text as name,
            (select k.condition from rows from (pg_catalog.unnest(e.extconfig), pg_catalog.unnest(e.extcondition)) k (config, condition)
              where k.config operator(pg_catalog.=) c.oid) as condition,
            pg_catalog.has_table_privilege(c.oid, 'select') as readable
       from pg_catalog.pg_depend d
       join pg_catalog.pg_extension e on e.oid operator(pg_catalog.=) d.refobjid
       join pg_catalog.pg_class c on c.oid operator(pg_catalog.=) d.objid and c.relkind operator(pg_catalog.=) any ('{r,p}')
       join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
      where d.classid operator(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass and d.deptype operator(pg_catalog.=) 'e'
        and d.refclassid operator(pg_catalog.=) 'pg_catalog.pg_extension'::pg_catalog.regclass
      order by 1, 2, 3`,
  );
}
