import { quoteIdentifier, quoteQualified } from "#sql/quote.ts";
import { kind } from "./kind.ts";
import { type Member, memberText } from "./operator-family.ts";

interface OperatorClass {
  readonly name: string;
  readonly method: string;
  readonly isDefault: boolean;
  readonly type: string;
  readonly family: string;
  /** Those that go with it; the rest are the family's. */
  readonly members: readonly Member[];
  readonly storage: string;
}

export const operatorClass = kind<OperatorClass>({
  query: {
    object: { catalogue: "pg_opclass", oid: "o.oid", owner: "opcowner" },
    path: "array[n.nspname, opcname || ' USING ' || amname]",
    payload: `'name', opcname, 'method', amname, 'isDefault', opcdefault, 'type', format_type(opcintype, null),
      'family', format('%I.%I', fn.nspname, opfname), 'storage', format_type(coalesce(nullif(opckeytype, 0), opcintype), null), 'members',
      coalesce((select jsonb_agg(m.payload order by m.payload->>'what', m.payload->'number', m.payload::text) from opmember m where m.class = o.oid), '[]')`,
    from: `from pg_opclass o join pg_namespace n on n.oid = opcnamespace join pg_am am on am.oid = opcmethod
      join pg_opfamily f on f.oid = opcfamily join pg_namespace fn on fn.oid = opfnamespace
      where o.oid >= 16384`,
  },
  text,
  statements: {
    name: ({ path: [schema], payload: { name, method } }) =>
      `OPERATOR CLASS ${quoteQualified(schema, name)} USING ${quoteIdentifier(method)}`,
    create: ({ path: [schema], payload }) => [
      `CREATE OPERATOR CLASS ${quoteQualified(schema, payload.name)} ${text(payload)}`,
    ],
  },
  home: { folder: "types", name: "operators" },
});

function text({ method, isDefault, type, family, members, storage }: OperatorClass): string {
  const parts = [...members.map(memberText), `STORAGE ${storage}`];
  const start = `${isDefault ? "DEFAULT " : ""}FOR TYPE ${type} USING ${quoteIdentifier(method)}`;
  return `${start} FAMILY ${family} AS ${parts.join(", ")}`;
}
