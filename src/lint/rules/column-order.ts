import { inside } from "#sql/parser.ts";
import type { Rule } from "../rule.ts";
import { madeTable, nameOf, typeText } from "../syntax.ts";

/** What values have to begin at a multiple of, in bytes (pg_type.typalign). */
const ALIGNMENT: Readonly<Record<string, number>> = {
  bigint: 8,
  bigserial: 8,
  timestamptz: 8,
  timestamp: 8,
  "double precision": 8,
  integer: 4,
  serial: 4,
  date: 4,
  real: 4,
  smallint: 2,
  boolean: 1,
};

export const columnOrder: Rule = {
  id: "column-order",
  title: "Columns of a new table in an order that wastes space",
  group: "objects",
  severity: "note",
  on: false,
  schemaFiles: true,
  asks: ["syntax"],
  aliases: { atlas: ["PG110"] },
  why: "A `bigint` begins at a multiple of eight bytes: after a `boolean`, seven bytes of every row are empty.",
  instead: "Put columns of eight bytes first, then four, two and one, then texts.",
  wrong: "CREATE TABLE flags (a boolean, b bigint, c boolean, d bigint);",
  right: "CREATE TABLE flags (b bigint, d bigint, a boolean, c boolean);",
  check({ node }) {
    const made = madeTable(node);
    if (made === undefined || inside(node, "CreateStmt")?.inhRelations !== undefined) return [];
    const sizes = made.columns.map(({ typeName }) => ALIGNMENT[typeText(typeName)]);
    if (sizes.includes(undefined)) return [];
    const known = sizes.filter((size) => size !== undefined);
    const waste = rowLength(known) - rowLength(known.toSorted((a, b) => b - a));
    return waste < 8
      ? []
      : [
          {
            message: `Every row of ${nameOf(made.table)} is ${waste} bytes longer than in the best order of its columns`,
          },
        ];
  },
};

function rowLength(sizes: readonly number[]): number {
  const end = sizes.reduce((at, size) => Math.ceil(at / size) * size + size, 0);
  return Math.ceil(end / 8) * 8;
}
