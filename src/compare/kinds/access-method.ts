import { quoteIdentifier } from "#sql/quote.ts";
import { kind } from "./kind.ts";

interface AccessMethod {
  readonly type: "TABLE" | "INDEX";
  /** A function. */
  readonly handler: string;
}

export const accessMethod = kind<AccessMethod>({
  query: {
    object: { catalogue: "pg_am", oid: "oid" },
    path: "array[amname]",
    payload: "'type', case amtype when 't' then 'TABLE' else 'INDEX' end, 'handler', amhandler",
    from: "from pg_am where oid >= 16384",
  },
  text,
  statements: {
    name: ({ path: [name = ""] }) => `ACCESS METHOD ${quoteIdentifier(name)}`,
    create: ({ path: [name = ""], payload }) => [`CREATE ACCESS METHOD ${quoteIdentifier(name)} ${text(payload)}`],
  },
  home: { folder: "common", name: "access_methods" },
});

function text({ type, handler }: AccessMethod): string {
  return `TYPE ${type} HANDLER ${handler}`;
}
