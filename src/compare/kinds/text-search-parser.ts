import { quoteQualified } from "#sql/quote.ts";
import { kind } from "./kind.ts";

/** Functions. */
interface Parser {
  readonly start: string;
  readonly token: string;
  readonly end: string;
  readonly types: string;
  readonly headline: string | null;
}

export const textSearchParser = kind<Parser>({
  query: {
    object: { catalogue: "pg_ts_parser", oid: "p.oid" },
    path: "array[n.nspname, prsname]",
    payload: `'start', prsstart, 'token', prstoken, 'end', prsend, 'types', prslextype,
      'headline', case when prsheadline <> 0 then prsheadline end`,
    from: "from pg_ts_parser p join pg_namespace n on n.oid = prsnamespace where p.oid >= 16384",
  },
  text,
  statements: {
    name: ({ path: [schema, name = ""] }) => `TEXT SEARCH PARSER ${quoteQualified(schema, name)}`,
    create: ({ path: [schema, name = ""], payload }) => [
      `CREATE TEXT SEARCH PARSER ${quoteQualified(schema, name)} (${text(payload)})`,
    ],
  },
  home: { folder: "common", name: "text_search" },
});

function text({ start, token, end, types, headline }: Parser): string {
  const required = `START = ${start}, GETTOKEN = ${token}, END = ${end}, LEXTYPES = ${types}`;
  return headline === null ? required : `${required}, HEADLINE = ${headline}`;
}
