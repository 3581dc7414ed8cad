import { kind } from "./kind.ts";

interface Cast {
  readonly source: string;
  readonly target: string;
  /** Undefined for one through text, or where both are kept alike. */
  readonly function: string | null;
  readonly throughText: boolean;
  readonly context: "AS ASSIGNMENT" | "AS IMPLICIT" | null;
}

export const cast = kind<Cast>({
  query: {
    object: { catalogue: "pg_cast", oid: "oid" },
    path: "array[format_type(castsource, null) || ' AS ' || format_type(casttarget, null)]",
    payload: `'source', format_type(castsource, null), 'target', format_type(casttarget, null),
      'function', case castmethod when 'f' then castfunc::regprocedure end, 'throughText', castmethod = 'i',
      'context', case castcontext when 'a' then 'AS ASSIGNMENT' when 'i' then 'AS IMPLICIT' end`,
    from: "from pg_cast where oid >= 16384",
  },
  text,
  statements: {
    name: ({ payload: { source, target } }) => `CAST (${source} AS ${target})`,
    create: ({ payload }) => [`CREATE CAST (${payload.source} AS ${payload.target}) ${text(payload)}`],
  },
  home: { folder: "functions", name: "casts" },
});

function text({ function: by, throughText, context }: Cast): string {
  const how = by === null ? (throughText ? "WITH INOUT" : "WITHOUT FUNCTION") : `WITH FUNCTION ${by}`;
  return context === null ? how : `${how} ${context}`;
}
