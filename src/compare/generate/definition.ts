import type { ObjectId } from "../engine/object-id.ts";
import { quoteLiteral, quoteQualified } from "#sql/quote.ts";

/**
 * A query for all that a statement says of the object that it makes, in PostgreSQL's words: one row with one column, the same
 * for the same object. Undefined for kinds that statements of schema files are not looked up for. Its own names are found by an
 * empty search_path.
 */
export function definitionQuery(id: ObjectId): string | undefined {
  switch (id.kind) {
    case "view":
    case "materializedView":
      return `${OF_VIEW} = to_regclass(${literalOf(id.schema, id.name)})`;
    case "function":
    case "procedure":
    case "aggregate": {
      const name = quoteLiteral(`${quoteQualified(id.schema, id.name)}(${id.args.join(", ")})`);
      return `${id.kind === "aggregate" ? OF_AGGREGATE : OF_ROUTINE} = to_regprocedure(${name})`;
    }
    case "trigger":
    case "policy":
    case "rule": {
      const of = { trigger: OF_TRIGGER, policy: OF_POLICY, rule: OF_RULE }[id.kind];
      return `${of} = (to_regclass(${literalOf(id.schema, id.table)}), ${quoteLiteral(id.name)})`;
    }
    default:
      return undefined;
  }
}

function literalOf(schema: string, name: string): string {
  return quoteLiteral(quoteQualified(schema, name));
}

const OF_VIEW = `
  select jsonb_build_array(
      c.relkind, (select array_agg(option order by option) from unnest(c.reloptions) as option), c.relispopulated, c.relam, c.reltablespace, pg_get_viewdef(c.oid),
      (select jsonb_agg(jsonb_build_array(a.attname, a.atttypid, a.atttypmod, a.attcollation) order by a.attnum)
         from pg_attribute a where a.attrelid = c.oid and a.attnum > 0)
    )::text as definition
    from pg_class c where c.oid`;

const OF_ROUTINE = `
  select pg_get_functiondef(p.oid) as definition from pg_proc p where p.prokind <> 'a' and p.oid`;

const OF_AGGREGATE = `
  select jsonb_build_array(to_jsonb(a) - 'aggfnoid', to_jsonb(p) - 'oid')::text as definition
    from pg_proc p join pg_aggregate a on a.aggfnoid = p.oid where p.oid`;

const OF_TRIGGER = `
  select jsonb_build_array(pg_get_triggerdef(t.oid), t.tgenabled)::text as definition
    from pg_trigger t where not t.tgisinternal and (t.tgrelid, t.tgname)`;

const OF_POLICY = `
  select jsonb_build_array(
      p.polcmd, p.polpermissive, (select array_agg(role order by role)::text from unnest(p.polroles) as role), pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)
    )::text as definition
    from pg_policy p where (p.polrelid, p.polname)`;

const OF_RULE = `
  select jsonb_build_array(pg_get_ruledef(r.oid), r.ev_enabled)::text as definition
    from pg_rewrite r where (r.ev_class, r.rulename)`;
