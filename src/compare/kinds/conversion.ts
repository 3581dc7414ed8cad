import { quoteLiteral, quoteQualified } from "#sql/quote.ts";
import { kind } from "./kind.ts";

interface Conversion {
  readonly isDefault: boolean;
  /** Encodings. */
  readonly from: string;
  readonly to: string;
  readonly function: string;
}

export const conversion = kind<Conversion>({
  query: {
    object: { catalogue: "pg_conversion", oid: "c.oid", owner: "conowner" },
    path: "array[n.nspname, conname]",
    payload: `'isDefault', condefault, 'from', pg_encoding_to_char(conforencoding), 'to', pg_encoding_to_char(contoencoding),
      'function', conproc`,
    from: "from pg_conversion c join pg_namespace n on n.oid = connamespace where c.oid >= 16384",
  },
  text: ({ isDefault, from, to, function: by }) => `${isDefault ? "DEFAULT " : ""}FOR ${from} TO ${to} FROM ${by}`,
  statements: {
    name: ({ path: [schema, name = ""] }) => `CONVERSION ${quoteQualified(schema, name)}`,
    create: ({ path: [schema, name = ""], payload: { isDefault, from, to, function: by } }) => [
      `CREATE ${isDefault ? "DEFAULT " : ""}CONVERSION ${quoteQualified(schema, name)} FOR ${quoteLiteral(from)} TO ${quoteLiteral(to)} FROM ${by}`,
    ],
  },
  home: { folder: "functions", name: "conversions" },
});
