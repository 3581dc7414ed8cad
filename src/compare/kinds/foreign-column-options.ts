import { quoteLiteral, writeIdentifier } from "#sql/quote.ts";
import { alterColumn } from "./alter-relation.ts";
import { kind } from "./kind.ts";
import type { Options } from "./options.ts";

interface ForeignColumnOptions {
  readonly options: Options;
}

export const foreignColumnOptions = kind<ForeignColumnOptions>({
  query: {
    path: "array[nspname, relname, attname]",
    relation: "relation",
    // What may be secret is left out, as the planner leaves it out of other options.
    payload: `'options', (select jsonb_object_agg(option_name, case when option_name ~* 'pass|secret|token'
        then '__OPTION_' || upper(regexp_replace(option_name, '[^A-Za-z]', '_', 'g')) || '__' else option_value end)
      from pg_options_to_table(attfdwoptions))`,
    from: "from remarkable where relkind = 'f' and attfdwoptions is not null",
  },
  text: ({ options }) =>
    Object.keys(options)
      .toSorted()
      .map((name) => optionText(name, options))
      .join(", "),
  statements: {
    create: (extra, side) => [`${alterColumn(extra, side)} OPTIONS (${changes({}, extra.payload.options)})`],
    reset: (extra, side) => [`${alterColumn(extra, side)} OPTIONS (${changes(extra.payload.options, {})})`],
    change: (from, to, side) => [
      `${alterColumn(to, side)} OPTIONS (${changes(from.payload.options, to.payload.options)})`,
    ],
  },
});

function changes(from: Options, to: Options): string {
  const gone = Object.keys(from).filter((name) => !(name in to));
  const set = Object.keys(to).filter((name) => from[name] !== to[name]);
  return [
    ...gone.toSorted().map((name) => `DROP ${writeIdentifier(name)}`),
    ...set.toSorted().map((name) => `${name in from ? "SET" : "ADD"} ${optionText(name, to)}`),
  ].join(", ");
}

function optionText(name: string, options: Options): string {
  return `${writeIdentifier(name)} ${quoteLiteral(options[name] ?? "").trim()}`;
}
