import { quoteIdentifier, quoteQualified } from "#sql/quote.ts";
import { kind } from "./kind.ts";

/** An operator or support function of a family or class. */
export interface Member {
  readonly what: "OPERATOR" | "FUNCTION";
  readonly number: number;
  /** With the types of its arguments. */
  readonly name: string;
  readonly types: readonly [left: string, right: string];
  readonly sortFamily: string | null;
}

interface OperatorFamily {
  readonly name: string;
  readonly method: string;
  /** Without those that go with a class. */
  readonly members: readonly Member[];
}

export const operatorFamily = kind<OperatorFamily>({
  query: {
    object: { catalogue: "pg_opfamily", oid: "f.oid", owner: "opfowner" },
    path: "array[n.nspname, opfname || ' USING ' || amname]",
    payload: `'name', opfname, 'method', amname, 'members',
      coalesce((select jsonb_agg(m.payload order by m.payload->>'what', m.payload->'number', m.payload::text) from opmember m where m.family = f.oid and m.class is null), '[]')`,
    from: `from pg_opfamily f join pg_namespace n on n.oid = opfnamespace join pg_am am on am.oid = opfmethod
      where f.oid >= 16384`,
  },
  text: ({ members }) => members.map(memberText).join(", "),
  statements: {
    name: ({ path, payload }) => familyName(path, payload),
    create: ({ path, payload }) => {
      const name = familyName(path, payload);
      const { members } = payload;
      return [
        `CREATE ${name}`,
        ...(members.length === 0 ? [] : [`ALTER ${name} ADD ${members.map(memberText).join(", ")}`]),
      ];
    },
    change: ({ payload: from }, { path, payload: to }) => {
      const without = (all: readonly Member[], others: readonly Member[]): Member[] =>
        all.filter((one) => !others.some((other) => Bun.deepEquals(one, other)));
      const [gone, added] = [without(from.members, to.members), without(to.members, from.members)];
      const name = familyName(path, to);
      return [
        ...(gone.length === 0 ? [] : [`ALTER ${name} DROP ${gone.map(memberName).join(", ")}`]),
        ...(added.length === 0 ? [] : [`ALTER ${name} ADD ${added.map(memberText).join(", ")}`]),
      ];
    },
  },
  home: { folder: "types", name: "operators" },
});

function familyName([schema = ""]: readonly string[], { name, method }: OperatorFamily): string {
  return `OPERATOR FAMILY ${quoteQualified(schema, name)} USING ${quoteIdentifier(method)}`;
}

/** As in CREATE OPERATOR CLASS and ALTER OPERATOR FAMILY ... ADD. */
export function memberText({ what, number, name, types, sortFamily }: Member): string {
  if (what === "FUNCTION") return `FUNCTION ${number} (${types.join(", ")}) ${name}`;
  return `OPERATOR ${number} ${name}${sortFamily === null ? "" : ` FOR ORDER BY ${sortFamily}`}`;
}

function memberName({ what, number, types }: Member): string {
  return `${what} ${number} (${types.join(", ")})`;
}
