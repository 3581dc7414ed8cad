import { quoteQualified } from "#sql/quote.ts";
import { kind } from "./kind.ts";

/** Functions. */
interface Template {
  readonly init: string | null;
  readonly lexize: string;
}

export const textSearchTemplate = kind<Template>({
  query: {
    object: { catalogue: "pg_ts_template", oid: "t.oid" },
    path: "array[n.nspname, tmplname]",
    payload: "'init', case when tmplinit <> 0 then tmplinit end, 'lexize', tmpllexize",
    from: "from pg_ts_template t join pg_namespace n on n.oid = tmplnamespace where t.oid >= 16384",
  },
  text,
  statements: {
    name: ({ path: [schema, name = ""] }) => `TEXT SEARCH TEMPLATE ${quoteQualified(schema, name)}`,
    create: ({ path: [schema, name = ""], payload }) => [
      `CREATE TEXT SEARCH TEMPLATE ${quoteQualified(schema, name)} (${text(payload)})`,
    ],
  },
  home: { folder: "common", name: "text_search" },
});

function text({ init, lexize }: Template): string {
  return `${init === null ? "" : `INIT = ${init}, `}LEXIZE = ${lexize}`;
}
