import { quoteIdentifier } from "#sql/quote.ts";
import { kind } from "./kind.ts";

interface Operator {
  readonly schema: string;
  readonly symbol: string;
  /** Types; null for an operator that stands before its only argument. */
  readonly left: string | null;
  readonly right: string;
  readonly function: string;
  readonly commutator: Other | null;
  readonly negator: Other | null;
  /** What ALTER OPERATOR can set. */
  readonly restrict: string | null;
  readonly join: string | null;
  readonly hashes: boolean;
  readonly merges: boolean;
}

interface Other {
  readonly schema: string;
  readonly symbol: string;
}

const other = (oid: string): string =>
  `(select jsonb_build_object('schema', nspname, 'symbol', oprname)
      from pg_operator p join pg_namespace on pg_namespace.oid = oprnamespace where p.oid = ${oid})`;

export const operator = kind<Operator>({
  query: {
    object: { catalogue: "pg_operator", oid: "o.oid", owner: "oprowner" },
    path: `array[n.nspname, format('%s(%s, %s)', oprname, case when oprleft = 0 then 'NONE' else format_type(oprleft, null) end,
                                   format_type(oprright, null))]`,
    payload: `'schema', n.nspname, 'symbol', oprname, 'left', format_type(nullif(oprleft, 0), null), 'right', format_type(oprright, null),
      'function', oprcode, 'commutator', ${other("o.oprcom")}, 'negator', ${other("o.oprnegate")},
      'restrict', case when oprrest <> 0 then oprrest end, 'join', case when oprjoin <> 0 then oprjoin end,
      'hashes', oprcanhash, 'merges', oprcanmerge`,
    // One that only another's COMMUTATOR or NEGATOR names is not there yet.
    from: "from pg_operator o join pg_namespace n on n.oid = oprnamespace where oprcode <> 0 and o.oid >= 16384",
  },
  text: (payload) => definition(payload).join(", "),
  statements: {
    name: ({ payload }) => `OPERATOR ${named(payload)} (${payload.left ?? "NONE"}, ${payload.right})`,
    create: ({ payload }) => {
      const left = payload.left === null ? [] : [`LEFTARG = ${payload.left}`];
      const parts = [...definition(payload), ...left, `RIGHTARG = ${payload.right}`];
      return [`CREATE OPERATOR ${named(payload)} (${parts.join(", ")})`];
    },
    change: ({ payload: from }, { payload: to }) => {
      const rest = { restrict: null, join: null };
      if (!Bun.deepEquals({ ...from, ...rest }, { ...to, ...rest })) return undefined;
      const estimators = `RESTRICT = ${to.restrict ?? "NONE"}, JOIN = ${to.join ?? "NONE"}`;
      return [`ALTER OPERATOR ${named(to)} (${to.left ?? "NONE"}, ${to.right}) SET (${estimators})`];
    },
  },
  home: { folder: "types", name: "operators" },
});

function named({ schema, symbol }: Other): string {
  return `${quoteIdentifier(schema)}.${symbol}`;
}

function definition(payload: Operator): string[] {
  const { commutator, negator, restrict, join, hashes, merges } = payload;
  return [
    `FUNCTION = ${payload.function}`,
    ...(commutator === null ? [] : [`COMMUTATOR = OPERATOR(${named(commutator)})`]),
    ...(negator === null ? [] : [`NEGATOR = OPERATOR(${named(negator)})`]),
    ...(restrict === null ? [] : [`RESTRICT = ${restrict}`]),
    ...(join === null ? [] : [`JOIN = ${join}`]),
    ...(hashes ? ["HASHES"] : []),
    ...(merges ? ["MERGES"] : []),
  ];
}
