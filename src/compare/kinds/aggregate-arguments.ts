import type { ObjectId } from "../engine/object-id.ts";
import { type Extra, kind } from "./kind.ts";

interface AggregateArguments {
  readonly arguments: string;
}

const NAME = "aggregate arguments";

/** Where one of them is VARIADIC, which is no part of what an aggregate is called. They are made and go with it. */
export const aggregateArguments = kind<AggregateArguments>({
  query: {
    path: `array[n.nspname, format('%s(%s)', proname,
      (select string_agg(format_type(arg, null), ', ' order by position) from unnest(proargtypes) with ordinality as args(arg, position)))]`,
    payload: "'arguments', pg_get_function_arguments(p.oid)",
    from: `from pg_proc p join pg_namespace n on n.oid = pronamespace
      where prokind = 'a' and provariadic <> 0 and p.oid >= 16384
        and not exists (select from member where classid = 'pg_proc'::regclass and objid = p.oid)`,
  },
  text: (payload) => payload.arguments,
  statements: { create: () => [] },
});

/** How an aggregate takes them, where that cannot be told from their types. Pure. */
export function argumentsOf(
  extras: readonly Extra[],
  { schema, name, args }: Extract<ObjectId, { readonly args: readonly string[] }>,
): string | undefined {
  const own = extras.find(
    ({ kind: each, path }) => each === NAME && path[0] === schema && path[1] === `${name}(${args.join(", ")})`,
  );
  return (own?.payload as AggregateArguments | undefined)?.arguments;
}
