import type { ObjectId } from "../engine/object-id.ts";
import { quoteQualified } from "#sql/quote.ts";

/** A query for one row with one column, `definition`: all that a statement that makes the object says of it. */
interface DefinitionQuery {
  readonly query: string;
  readonly parameters: readonly string[];
}

/**
 * How to read what an object is, in PostgreSQL's words: the same text for the same object. Undefined for kinds that statements of
 * schema files are not looked up for. Names in it are found by an empty search_path.
 */
export function definitionOf(id: ObjectId): DefinitionQuery | undefined {
  switch (id.kind) {
    case "view":
    case "materializedView":
      return { query: OF_VIEW, parameters: [quoteQualified(id.schema, id.name)] };
    case "function":
    case "procedure":
    case "aggregate":
      return {
        query: id.kind === "aggregate" ? OF_AGGREGATE : OF_ROUTINE,
        parameters: [`${quoteQualified(id.schema, id.name)}(${id.args.join(", ")})`],
      };
    case "trigger":
      return { query: OF_TRIGGER, parameters: [quoteQualified(id.schema, id.table), id.name] };
    case "policy":
      return { query: OF_POLICY, parameters: [quoteQualified(id.schema, id.table), id.name] };
    case "rule":
      return { query: OF_RULE, parameters: [quoteQualified(id.schema, id.table), id.name] };
    default:
      return undefined;
  }
}

const OF_VIEW = `
  select jsonb_build_array(
      c.relkind, c.reloptions, c.relispopulated, c.relam, c.reltablespace, pg_get_viewdef(c.oid),
      (select jsonb_agg(jsonb_build_array(a.attname, a.atttypid, a.atttypmod, a.attcollation) order by a.attnum)
         from pg_attribute a where a.attrelid = c.oid and a.attnum > 0)
    )::text as definition
    from pg_class c where c.oid = to_regclass($1)`;

const OF_ROUTINE = `
  select pg_get_functiondef(p.oid) as definition from pg_proc p where p.oid = to_regprocedure($1) and p.prokind <> 'a'`;

const OF_AGGREGATE = `
  select jsonb_build_array(to_jsonb(a) - 'aggfnoid', to_jsonb(p) - 'oid')::text as definition
    from pg_proc p join pg_aggregate a on a.aggfnoid = p.oid where p.oid = to_regprocedure($1)`;

const OF_TRIGGER = `
  select jsonb_build_array(pg_get_triggerdef(t.oid), t.tgenabled)::text as definition
    from pg_trigger t where t.tgrelid = to_regclass($1) and t.tgname = $2 and not t.tgisinternal`;

const OF_POLICY = `
  select jsonb_build_array(
      p.polcmd, p.polpermissive, p.polroles::text, pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)
    )::text as definition
    from pg_policy p where p.polrelid = to_regclass($1) and p.polname = $2`;

const OF_RULE = `
  select jsonb_build_array(pg_get_ruledef(r.oid), r.ev_enabled)::text as definition
    from pg_rewrite r where r.ev_class = to_regclass($1) and r.rulename = $2`;
