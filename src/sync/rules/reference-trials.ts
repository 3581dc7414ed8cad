import { quoteIdentifier, quoteQualified } from "#sql/quote.ts";
import type { Trial } from "../finding.ts";
import type { SyncTable } from "../plan.ts";
import type { SourceTable } from "../source/catalogue.ts";
import { lineInstead } from "./line-instead.ts";
import { columnNamed, shownTable } from "./names.ts";
import type { Reference } from "./references.ts";
import type { TableRule } from "./rules.ts";
import type { TreatmentOf } from "./treatment.ts";
import { emptiableColumn, shownEnd } from "./written-references.ts";

/** A collation may take two spellings for the same text, of which the results are two. */
export function spellingTrials(references: readonly Reference[], treatmentOf: TreatmentOf): Trial[] {
  return references.flatMap(({ from, to, fromColumns, toColumns, virtual }) =>
    fromColumns.flatMap((column, at): Trial[] => {
      const key = toColumns[at]!;
      const treatment = treatmentOf(key);
      if (virtual || key.isDeterministic || treatment?.kind !== "transform") return [];
      const on = fromColumns.map(
        (one, i) => `f.${quoteIdentifier(one.name)} = k.${quoteIdentifier(toColumns[i]!.name)}`,
      );
      const [own, theirs] = [`f.${quoteIdentifier(column.name)}`, `k.${quoteIdentifier(key.name)}`];
      const shown = `${shownTable(from)}.${column.name}`;
      const target = `${shownTable(to)}.${key.name}`;
      return [
        {
          kind: "count",
          sql: `SELECT count(*)::float8 AS refused FROM ${rowsOf(from)} f JOIN ${rowsOf(to)} k ON ${on.join(" AND ")}
            WHERE ${own}::text COLLATE "C" <> ${theirs}::text COLLATE "C"`,
          finding: {
            rule: "other-spelling",
            message: `${shown} has values of ${target} in another spelling, which its collation takes for the same: results would be different, and the reference broken`,
            fix: `Spell them alike on the source, or keep ${target}`,
            location: treatment.place.file.location(treatment.place.offset),
            table: shownTable(from),
            column: column.name,
          },
        },
      ];
    }),
  );
}

/** Rows are followed along a reference of the rules by comparing its columns, which PostgreSQL can for some types only. */
export function comparingTrials(references: readonly Reference[]): Trial[] {
  return references.flatMap(({ from, to, fromColumns, toColumns, places = [] }) =>
    places.map((place, at): Trial => {
      const [column, key] = [fromColumns[at]!, toColumns[at]!];
      return {
        kind: "parse",
        sql: `SELECT FROM ${rowsOf(from)} f, ${rowsOf(to)} k WHERE f.${quoteIdentifier(column.name)} = k.${quoteIdentifier(key.name)}`,
        finding: {
          rule: "uncomparable-reference",
          message: `${shownTable(from)}.${column.name} (${column.type}) cannot refer to ${shownTable(to)}.${key.name} (${key.type})`,
          fix: "Name columns whose values PostgreSQL compares, or remove the reference",
          location: place.file.location(place.offset),
          table: shownTable(from),
          column: column.name,
        },
      };
    }),
  );
}

/**
 * A foreign key that is not followed, to a table of which rows are left out: it holds only where they happen to be copied.
 * @param made the plan's tables of a table: itself, or its partitions
 */
export function unfollowedTrials(
  references: readonly Reference[],
  ruleOf: (table: SourceTable) => TableRule | undefined,
  made: (table: SourceTable) => readonly SyncTable[],
): Trial[] {
  return references.flatMap((reference): Trial[] => {
    const { from, to, fromColumns, toColumns, isChecked, fromParts, toParts, period } = reference;
    const follow = ruleOf(from)?.follow.find(({ column }) => fromColumns.includes(columnNamed(from, column)!));
    if (isChecked !== true || follow?.direction !== "none") return [];
    const parts = (table: SourceTable, only: readonly SourceTable[] | undefined): readonly SyncTable[] =>
      made(table).filter((one) => only?.some((part) => shownTable(part) === shownTable(one)) ?? true);
    const [referring, referred] = [parts(from, fromParts), parts(to, toParts)];
    if (referring.length === 0 || referred.every(({ where }) => where === undefined)) return [];
    const rows = (tables: readonly SyncTable[]): string =>
      `(${tables
        .map(
          ({ query, columns }) =>
            `SELECT ${columns.map(({ name }) => quoteIdentifier(name)).join(", ")} FROM (${query}) one`,
        )
        .join(" UNION ALL ")})`;
    const pairs = fromColumns.map((column, at) => [
      `f.${quoteIdentifier(column.name)}`,
      `k.${quoteIdentifier(toColumns[at]!.name)}`,
    ]);
    const some = pairs.map(([own]) => `${own} IS NOT NULL`).join(" AND ");
    const alike = period === true ? pairs.slice(0, -1) : pairs;
    const [at, covering] = pairs.at(-1)!;
    const same = alike.map(([own, theirs]) => `${own} = ${theirs}`).join(" AND ");
    const all = period === true ? ` HAVING ${at} <@ range_agg(${covering})` : "";
    const [column] = fromColumns;
    const empty = emptiableColumn(reference);
    return [
      {
        kind: "count",
        sql: `SELECT count(*)::float8 AS refused FROM ${rows(referring)} f WHERE ${some} AND NOT EXISTS (SELECT FROM ${rows(referred)} k WHERE ${same}${all})`,
        finding: {
          rule: "broken-reference",
          message: `${shownEnd(reference)} is not followed, and refers to rows of ${shownTable(to)} that are left out`,
          fix: `Follow it \`up\` (add these rows) or \`down\` (leave out what refers to them)${empty === undefined ? "" : `, or ${lineInstead(ruleOf(from), empty, "{ value: null }")}`}`,
          location: follow.place.file.location(follow.place.offset),
          table: shownTable(from),
          column: column!.name,
        },
      },
    ];
  });
}

/** The rows that the rules of a table are for: those of its partitions, but not those of tables that inherit from it. */
export function rowsOf({ schema, name, kind }: SourceTable): string {
  return `${kind === "partitioned" ? "" : "ONLY "}${quoteQualified(schema, name)}`;
}
