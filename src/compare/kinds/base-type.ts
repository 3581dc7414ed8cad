import { quoteQualified } from "#sql/quote.ts";
import type { Relation } from "./kind.ts";
import { type Extra, kind } from "./kind.ts";

/** A type that is only a name has neither functions nor options, so that the functions that make it one can be written. */
interface BaseType {
  readonly functions: readonly TypeFunction[];
  /** As in CREATE TYPE, in its order. */
  readonly options: readonly string[];
}

interface TypeFunction extends Relation {
  /** What it is for: INPUT. */
  readonly purpose: string;
  readonly written: string;
}

export const baseType = kind<BaseType>({
  query: {
    object: { catalogue: "pg_type", oid: "t.oid", owner: "typowner" },
    path: "array[n.nspname, typname]",
    payload: `'functions', coalesce((
        select jsonb_agg(jsonb_build_object('purpose', purpose, 'schema', fn.nspname, 'name', proname, 'written', p.oid::regproc) order by nth)
          from unnest(array['INPUT', 'OUTPUT', 'RECEIVE', 'SEND', 'TYPMOD_IN', 'TYPMOD_OUT', 'ANALYZE', 'SUBSCRIPT'],
                      array[typinput::oid, typoutput, typreceive, typsend, typmodin, typmodout, typanalyze, typsubscript])
               with ordinality as f(purpose, function, nth)
          join pg_proc p on p.oid = function join pg_namespace fn on fn.oid = pronamespace where typisdefined), '[]'),
      'options', case when typisdefined then array_to_json(array_remove(array[
         'INTERNALLENGTH = ' || case typlen when -1 then 'VARIABLE' else typlen::text end, case when typbyval then 'PASSEDBYVALUE' end,
         'ALIGNMENT = ' || case typalign when 'c' then 'char' when 's' then 'int2' when 'i' then 'int4' else 'double' end,
         'STORAGE = ' || case typstorage when 'p' then 'plain' when 'e' then 'external' when 'x' then 'extended' else 'main' end,
         'CATEGORY = ' || quote_literal(typcategory::text), case when typispreferred then 'PREFERRED = true' end,
         'DEFAULT = ' || quote_literal(typdefault), 'ELEMENT = ' || format_type(nullif(typelem, 0), null),
         'DELIMITER = ' || quote_literal(nullif(typdelim::text, ',')), case when typcollation <> 0 then 'COLLATABLE = true' end], null))
       else '[]' end`,
    from: `from pg_type t join pg_namespace n on n.oid = typnamespace
      where typtype in ('b', 'p') and not exists (select from pg_type e where e.typarray = t.oid) and t.oid >= 16384`,
  },
  text: (payload) => (isShell({ payload }) ? "SHELL" : definition(payload)),
  statements: {
    name: ({ path }) => typeName(path),
    create: ({ path, payload }) => [
      `CREATE ${typeName(path)}${isShell({ payload }) ? "" : ` (${definition(payload)})`}`,
    ],
  },
  home: { folder: "types", name: "base_types" },
});

function typeName([schema, name = ""]: readonly string[]): string {
  return `TYPE ${quoteQualified(schema, name)}`;
}

function definition({ functions, options }: BaseType): string {
  return [...functions.map(({ purpose, written }) => `${purpose} = ${written}`), ...options].join(", ");
}

/** Whether a base type is only a name. */
export function isShell({ payload }: Pick<Extra, "payload">): boolean {
  return (payload as BaseType).options.length === 0;
}

/** Those of a base type that read and write it and are somebody's own. */
export function functionsOf({ payload }: Pick<Extra, "payload">): readonly Relation[] {
  return (payload as BaseType).functions.filter(({ schema }) => schema !== "pg_catalog");
}
