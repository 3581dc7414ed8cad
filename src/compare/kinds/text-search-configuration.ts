import { quoteQualified } from "#sql/quote.ts";
import { kind } from "./kind.ts";

interface Configuration {
  readonly parser: string;
  readonly mappings: readonly Mapping[];
}

interface Mapping {
  readonly token: string;
  readonly dictionaries: readonly string[];
}

export const textSearchConfiguration = kind<Configuration>({
  query: {
    object: { catalogue: "pg_ts_config", oid: "c.oid", owner: "cfgowner" },
    path: "array[n.nspname, cfgname]",
    payload: `'parser', format('%I.%I', pn.nspname, prsname), 'mappings', coalesce(
      (select jsonb_agg(jsonb_build_object('token', quote_ident(alias), 'dictionaries', dictionaries) order by alias) from (
         select t.alias, jsonb_agg(mapdict::regdictionary order by mapseqno)
           from pg_ts_config_map join ts_token_type(cfgparser) t on t.tokid = maptokentype
          where mapcfg = c.oid group by t.alias) as mapping(alias, dictionaries)), '[]')`,
    from: `from pg_ts_config c join pg_namespace n on n.oid = cfgnamespace
      join pg_ts_parser p on p.oid = cfgparser join pg_namespace pn on pn.oid = prsnamespace
      where c.oid >= 16384`,
  },
  text: ({ parser, mappings }) =>
    [`PARSER = ${parser}`, ...mappings.map(({ token, dictionaries }) => `${token} = ${dictionaries.join(" ")}`)].join(
      ", ",
    ),
  statements: {
    name: ({ path }) => configurationName(path),
    create: ({ path, payload: { parser, mappings } }) => [
      `CREATE ${configurationName(path)} (PARSER = ${parser})`,
      ...mappingStatements(path, "ADD", mappings),
    ],
    change: ({ payload: from }, { path, payload: to }) => {
      if (from.parser !== to.parser) return undefined;
      const find = (all: readonly Mapping[], { token }: Mapping): Mapping | undefined =>
        all.find((other) => other.token === token);
      const gone = from.mappings.filter((mapping) => find(to.mappings, mapping) === undefined);
      const differing = to.mappings.filter((mapping) => !Bun.deepEquals(find(from.mappings, mapping), mapping));
      const [altered = [], added = []] = [true, false].map((isKnown) =>
        differing.filter((mapping) => (find(from.mappings, mapping) !== undefined) === isKnown),
      );
      return [
        ...(gone.length === 0
          ? []
          : [`ALTER ${configurationName(path)} DROP MAPPING FOR ${gone.map(({ token }) => token).join(", ")}`]),
        ...mappingStatements(path, "ALTER", altered),
        ...mappingStatements(path, "ADD", added),
      ];
    },
  },
  home: { folder: "common", name: "text_search" },
});

function configurationName([schema, name = ""]: readonly string[]): string {
  return `TEXT SEARCH CONFIGURATION ${quoteQualified(schema, name)}`;
}

/** Tokens with the same dictionaries are one statement. */
function mappingStatements(path: readonly string[], verb: "ADD" | "ALTER", mappings: readonly Mapping[]): string[] {
  return [...Map.groupBy(mappings, ({ dictionaries }) => dictionaries.join(", "))].map(
    ([dictionaries, all]) =>
      `ALTER ${configurationName(path)} ${verb} MAPPING FOR ${all.map(({ token }) => token).join(", ")} WITH ${dictionaries}`,
  );
}
