import type { ObjectId } from "../engine/object-id.ts";
import { CATALOGUE_PATH } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { rollback } from "#database/rollback.ts";
import { ConfitureError } from "#errors/error.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import type { Extra } from "../kinds/kind.ts";
import { readExtras } from "../kinds/read.ts";
import { removal } from "../plan/repair.ts";
import { type PlannedStatement, statementOf } from "../plan/statement.ts";
import { nameOf, resetOf } from "../plan/extra-statements.ts";

/**
 * PostgreSQL drops nothing that something else needs. What is in the way of a DROP is found out by taking it along: with
 * CASCADE, and back again. Of kinds that the planner knows, it knows itself what needs what.
 * @param planned what the plan does anyway, or has done
 * @returns the statements that take away what holds nothing of its own; the next round plans it anew
 */
export async function dependentsOf(
  database: Database,
  statement: PlannedStatement,
  error: ConfitureError,
  planned: readonly PlannedStatement[],
  from: Catalogue,
): Promise<PlannedStatement[]> {
  if (error.server?.sqlstate !== STILL_NEEDED || !statement.sql.startsWith("DROP ")) return [];
  const before = await holdingAfter(database, "");
  const after = await holdingAfter(database, `${statement.sql} cascade`);
  if (before === undefined || after === undefined) return [];
  const known = new Set([statement, ...planned].map(({ sql }) => sql));
  const left = new Set(after.extras.map(keyOf));
  const extras = before.extras.filter((object) => !left.has(keyOf(object))).flatMap(dropsOf);
  const others = statement.removes.length > 0 ? [] : before.others.filter((each) => !contains(after.others, each));
  const modelled = others.flatMap(({ id }) => removal(id, from.facts) ?? []);
  return [...extras, ...modelled].filter((sql) => !known.has(sql)).map(statementOf);

  function dropsOf(object: Extra): readonly string[] {
    const name = nameOf(object);
    if (name !== undefined) return [`DROP ${name}`];
    return object.kind === "default" ? resetOf(object, from).map(({ sql }) => sql) : [];
  }
}

/** dependent_objects_still_exist */
const STILL_NEEDED = "2BP01";

function keyOf({ kind, path }: Extra): string {
  return JSON.stringify([kind, ...path]);
}

interface Holding {
  readonly extras: readonly Extra[];
  readonly others: readonly { readonly id: ObjectId }[];
}

function contains(others: Holding["others"], { id }: Holding["others"][number]): boolean {
  return others.some((other) => Bun.deepEquals(other.id, id));
}

/** What would be there after a statement; undefined where PostgreSQL refuses it. */
async function holdingAfter(database: Database, sql: string): Promise<Holding | undefined> {
  try {
    await database.execute(`begin; ${sql}`);
    await database.execute(CATALOGUE_PATH);
    const extras = await readExtras((text) => database.query(text));
    const others = await database.query<{ id: ObjectId }>(DEPENDENT);
    await database.execute("rollback");
    return { extras, others };
  } catch (error) {
    await rollback(database);
    if (error instanceof ConfitureError && error.server !== undefined) return undefined;
    throw error;
  }
}

/** Definitions that can need an operator, a cast or the like; with search_path = pg_catalog. */
const DEPENDENT = `
  with relation as (
    select c.oid, c.relname as name, c.relkind, n.nspname as schema
      from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid >= 16384)
  select json_build_object('kind', case relkind when 'v' then 'view' when 'm' then 'materializedView' else 'index' end,
                           'schema', schema, 'name', name) as id
    from relation
   where relkind in ('v', 'm', 'i', 'I')
     and not exists (select from pg_constraint where conindid = relation.oid)
  union all
  select json_build_object('kind', part.kind, 'schema', schema, 'table', relation.name, 'name', part.name)
    from relation join (
      select 'constraint', conrelid, conname from pg_constraint where contype in ('c', 'x')
      union all select 'policy', polrelid, polname from pg_policy
      union all select 'trigger', tgrelid, tgname from pg_trigger where not tgisinternal
      union all select 'rule', ev_class, rulename from pg_rewrite where rulename <> '_RETURN'
      union all select 'default', adrelid, attname from pg_attrdef join pg_attribute on attrelid = adrelid and attnum = adnum
                 where attgenerated = ''
    ) part (kind, relation, name) on part.relation = relation.oid
   where relation.relkind in ('r', 'p')`;
