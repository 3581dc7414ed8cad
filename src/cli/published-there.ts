import { queryCatalogue } from "#database/catalogue.ts";
import type { GeneratedMigration } from "#compare/generate/generate.ts";
import type { CommandContext } from "./command.ts";
import { ifReachable } from "./pick-source.ts";

/**
 * Warns where new columns are of tables that the environment's own database sends to subscribers by a publication that no file speaks
 * of, if that can be reached.
 */
export async function warnWherePublished(
  context: CommandContext,
  migrations: readonly GeneratedMigration[],
): Promise<void> {
  const tables = new Set(migrations.flatMap(({ up }) => up.flatMap(({ sql }) => ADDS_COLUMN.exec(sql)?.[1] ?? [])));
  if (tables.size === 0) return;
  const told = new Set(
    migrations.flatMap(({ hazards }) =>
      hazards.up.flatMap(({ hazard }) => (hazard.code === "ROWS" ? (hazard.publications ?? []) : [])),
    ),
  );
  const { withDatabase } = await import("#database/open.ts");
  const found = await ifReachable(context, async ({ target, name }) => {
    if (target.engine !== "server") return undefined;
    const rows = await withDatabase(target, { signal: context.io.signal }, async (database) =>
      queryCatalogue<{ table: string; publication: string }>(database, PUBLISHED, [JSON.stringify([...tables])]),
    );
    return { name, rows };
  });
  for (const { table, publication } of found?.rows ?? []) {
    if (told.has(publication)) continue;
    context.messages.warn(
      `in ${found?.name}, the publication ${publication} sends ${table} to its subscribers: add the new column there first, or replication stops as soon as a row is written`,
    );
  }
}

const ADDS_COLUMN = /^ALTER TABLE (?:ONLY )?(\S+|.+?)\s+ADD COLUMN /s;

/** A publication with a list of columns sends no others. */
const PUBLISHED = `
  select distinct w.name as table, p.pubname::text as publication
    from json_array_elements_text($1::text::json) w(name)
   cross join lateral (select to_regclass(w.name)::oid union select relid::oid from pg_partition_tree(to_regclass(w.name))) t(oid)
    join pg_class c on c.oid = t.oid
    join pg_namespace n on n.oid = c.relnamespace
    join pg_publication_tables p on p.schemaname = n.nspname and p.tablename = c.relname
   where not exists (select from pg_publication_rel r join pg_publication b on b.oid = r.prpubid
                      where b.pubname = p.pubname and r.prrelid = c.oid and to_jsonb(r) ->> 'prattrs' is not null)
   order by 1, 2`;
