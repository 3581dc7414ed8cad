import { quoteIdentifier } from "#sql/quote.ts";
import { kind } from "./kind.ts";

interface Transform {
  readonly type: string;
  readonly language: string;
  /** Functions, with the types of their arguments. */
  readonly fromSql: string | null;
  readonly toSql: string | null;
}

export const transform = kind<Transform>({
  query: {
    object: { catalogue: "pg_transform", oid: "t.oid" },
    path: "array[format('FOR %s LANGUAGE %s', format_type(trftype, null), lanname)]",
    payload: `'type', format_type(trftype, null), 'language', lanname,
      'fromSql', case when trffromsql <> 0 then trffromsql::oid::regprocedure end,
      'toSql', case when trftosql <> 0 then trftosql::oid::regprocedure end`,
    from: "from pg_transform t join pg_language l on l.oid = trflang where t.oid >= 16384",
  },
  text,
  statements: {
    name: ({ payload }) => transformName(payload),
    create: ({ payload }) => [`CREATE ${transformName(payload)} (${text(payload)})`],
    change: (_, { payload }) => [`CREATE OR REPLACE ${transformName(payload)} (${text(payload)})`],
  },
  home: { folder: "functions", name: "transforms" },
});

function transformName({ type, language }: Transform): string {
  return `TRANSFORM FOR ${type} LANGUAGE ${quoteIdentifier(language)}`;
}

function text({ fromSql, toSql }: Transform): string {
  return [
    ...(fromSql === null ? [] : [`FROM SQL WITH FUNCTION ${fromSql}`]),
    ...(toSql === null ? [] : [`TO SQL WITH FUNCTION ${toSql}`]),
  ].join(", ");
}
