import { withOwnOperators } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import type { Statement } from "#sql/statement.ts";
import {
  type KnownTrigger,
  mattersToTriggers,
  type SwallowedWrites,
  type TriggerFunction,
  Triggers,
} from "#sql/effects/swallowed-writes.ts";
import { WRITES, type Write } from "#sql/effects/trigger-code.ts";

/**
 * Which of these statements, run in this order, let triggers swallow what is written to tables of the database, and was not swallowed
 * before.
 * @param database what it is before they run; undefined where there is none yet, and nothing is in use
 */
export async function swallowedWrites(
  statements: readonly Statement[],
  database: Database | undefined,
): Promise<ReadonlyMap<Statement, readonly SwallowedWrites[]>> {
  const found = new Map<Statement, readonly SwallowedWrites[]>();
  if (database === undefined || !statements.some(mattersToTriggers)) return found;
  const triggers = new Triggers(await readTriggers(database), await readFunctions(database));
  for (const statement of statements) {
    const swallows = triggers.swallowedBy(statement);
    if (swallows.length > 0) found.set(statement, swallows);
    triggers.apply(statement);
  }
  return found;
}

interface TriggerRow extends Omit<KnownTrigger, "events" | "body"> {
  readonly type: number;
  readonly body: string | null;
}

/** Bits of tgtype, see pg_trigger.h. */
const BITS: Readonly<Record<Write, number>> = { INSERT: 4, DELETE: 8, UPDATE: 16 };

/** Those that run before each row, or in the place of a write (1, 2 and 64), and no copies on partitions. */
async function readTriggers(database: Database): Promise<KnownTrigger[]> {
  const rows = await database.query<TriggerRow>(
    withOwnOperators(`select t.tgname as name, pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) as "table",
            t.tgtype::pg_catalog.int4 as type,
            (t.tgtype & 64) <> 0 as "isInstead",
            t.tgqual is not null as "isConditional",
            pg_catalog.quote_ident(pn.nspname) || '.' || pg_catalog.quote_ident(p.proname) as routine,
            case when l.lanname = 'plpgsql' then p.prosrc end as body,
            t.tgenabled::pg_catalog.text = any (array['O', 'A']) as "isOn"
       from pg_catalog.pg_trigger t
       join pg_catalog.pg_class c on c.oid = t.tgrelid
       join pg_catalog.pg_namespace n on n.oid = c.relnamespace
       join pg_catalog.pg_proc p on p.oid = t.tgfoid
       join pg_catalog.pg_namespace pn on pn.oid = p.pronamespace
       join pg_catalog.pg_language l on l.oid = p.prolang
      where not t.tgisinternal and t.tgparentid = 0
        and (t.tgtype & 1) <> 0
        and (t.tgtype & 66) <> 0
      order by t.oid`),
  );
  return rows.map(({ type, body, ...row }) => ({
    ...row,
    body: body ?? undefined,
    events: WRITES.filter((event) => (type & BITS[event]) !== 0),
  }));
}

async function readFunctions(database: Database): Promise<TriggerFunction[]> {
  return await database.query<TriggerFunction>(
    withOwnOperators(`select pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(p.proname) as name, p.prosrc as body
       from pg_catalog.pg_proc p
       join pg_catalog.pg_namespace n on n.oid = p.pronamespace
       join pg_catalog.pg_language l on l.oid = p.prolang
      where l.lanname = 'plpgsql'
        and p.prorettype = 'pg_catalog.trigger'::pg_catalog.regtype
      order by p.oid`),
  );
}
