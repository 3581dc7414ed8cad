import type { SourceColumn, SourceTable } from "../source/catalogue.ts";
import { distinctFor, fixOfPartitionKey, mayBreakUnique } from "./advice.ts";
import { BITS } from "../transforms/integer.ts";
import { shownTable } from "./names.ts";
import type { Reference } from "./references.ts";
import { lineInstead } from "./line-instead.ts";
import type { Place, Problem, TableRule } from "./rules.ts";
import type { Treatments } from "./treatments.ts";
import { yamlKey } from "./yaml-key.ts";
import { isNothing, type Transformed, type Treatment, type TreatmentOf } from "./treatment.ts";

/** What of a table's rules cannot go well: found before the first row, not hours later. */
export function checkTable(table: SourceTable, parts: readonly SourceTable[], treatmentOf: TreatmentOf): Problem[] {
  const transformed = table.columns.flatMap((column) => {
    const treatment = treatmentOf(column);
    return treatment?.kind === "transform" ? [{ column, treatment }] : [];
  });
  const about = (column: SourceColumn, place: Place) => ({ table: shownTable(table), column: column.name, place });
  const keyColumns = new Set(
    [table, ...parts].flatMap(({ columns, partitionKey }) =>
      columns.filter(({ number }) => partitionKey.includes(number)).map(({ name }) => name),
    ),
  );
  return transformed.flatMap(({ column, treatment }): Problem[] => {
    const { made, place, transform, elements } = treatment;
    const shown = `${shownTable(table)}.${column.name}`;
    const found: Problem[] = [];
    if (made.makesNull === true && column.notNull) {
      const message = `${shown} is NOT NULL, and its rule makes it NULL`;
      found.push({ rule: "null-into-not-null", message, fix: "Give it another value", ...about(column, place) });
    }
    if (keyColumns.has(column.name)) {
      const message = `${shown} decides which partition a row is in, so it cannot be transformed`;
      found.push({ rule: "partition-key", message, fix: fixOfPartitionKey(table, column), ...about(column, place) });
    }
    const { maxLength } = made;
    if (
      column.length !== null &&
      typeof maxLength === "number" &&
      Number.isFinite(maxLength) &&
      maxLength > column.length
    ) {
      const message = `\`${transform.name}\` makes up to ${maxLength} characters, and ${shown} (${column.type}) takes ${column.length}`;
      const fix = mayBreakUnique(table, column)
        ? distinctFor(table, column)
        : "Take one that is shorter: token with a length, mask, filler, or a value";
      found.push({ rule: "too-long", message, fix, ...about(column, place) });
    }
    const room = column.typeKind === "b" ? BITS[column.baseType] : undefined;
    if (made.bits !== undefined && room !== undefined && made.bits > room) {
      const message = `\`${transform.name}\` replaces ${made.bits} bits of a number, and ${shown} (${column.type}) has ${room}`;
      const fix = `Write { integer: { bits: ${room} } } there: what is larger keeps its upper bits`;
      found.push({ rule: "too-large", message, fix, ...about(column, place) });
    }
    const unique = made.class === "lossy" ? brokenUnique(table, column, treatmentOf) : undefined;
    if (unique !== undefined && !(isNothing(treatment) && !elements)) {
      const message = `\`${transform.name}\` makes the same of different values, and ${shown} is unique (${unique})`;
      const fix = distinctFor(table, column);
      found.push({ rule: "lossy-unique", message, fix, ...about(column, place) });
    }
    return found;
  });
}

/** A unique index that results of the column can break. */
function brokenUnique(table: SourceTable, column: SourceColumn, treatmentOf: TreatmentOf): string | undefined {
  const isFirm = (number: number): boolean => {
    const other = table.columns.find((one) => one.number === number);
    const treatment = other === undefined ? undefined : treatmentOf(other);
    return treatment === undefined || treatment.kind === "keep" || treatment.made.class !== "lossy";
  };
  const generated = table.columns.filter((one) => one.generated);
  return table.unique.find(({ columns }) => {
    const computed = generated.filter(({ number }) => columns.includes(number));
    const isRead = columns.includes(column.number) || computed.some(({ reads }) => reads.includes(column.number));
    if (!isRead) return false;
    const firm = columns.filter((number) => isFirm(number) && !computed.some((one) => one.number === number));
    // What is unique without the lossy columns stays so with them.
    return !table.unique.some(
      (other) => other.isPlain && other.columns.length > 0 && other.columns.every((number) => firm.includes(number)),
    );
  })?.name;
}

/** Foreign keys have to agree with what they refer to. */
export function checkReference(
  { from, to, fromColumns, toColumns, virtual, where }: Reference,
  treatments: Pick<Treatments, "of" | "followed">,
  {
    isSkipped,
    ruleOf,
  }: {
    readonly isSkipped: (table: SourceTable) => boolean;
    readonly ruleOf: (table: SourceTable) => TableRule | undefined;
  },
): Problem[] {
  return fromColumns.flatMap((column, at): Problem[] => {
    const key = toColumns[at]!;
    const own = treatments.of(column);
    if (own === undefined || isNothing(own)) return [];
    const shown = `${shownTable(from)}.${column.name}`;
    const target = `${shownTable(to)}.${key.name}`;
    const about = { table: shownTable(from), column: column.name, place: own.place };
    if (isSkipped(to)) {
      if (virtual) return [];
      const message = `${shown} refers to ${shownTable(to)}, of which no rows are copied`;
      const fix = column.notNull
        ? `Skip ${shownTable(from)} as well, or copy rows of ${shownTable(to)}`
        : lineInstead(ruleOf(from), column, "{ value: null }").replace(/^./, (first) => first.toUpperCase());
      return [{ rule: "reference-to-skipped", message, fix, ...about }];
    }
    const theirs = treatments.of(key);
    if (theirs === undefined || agree(own, theirs)) return [];
    if (own.kind === "keep") {
      const message = `${shown} is kept, and what it refers to, ${target}, is transformed`;
      const fix =
        where === undefined
          ? `${own.isListed === true ? "Take it out of `keep`" : "Remove this rule"}: it follows its key by itself`
          : `Keep ${target}, or transform neither: the reference holds for some rows only`;
      return [{ rule: "kept-reference", message, fix, ...about }];
    }
    if (theirs.kind === "keep") {
      const message = `${shown} is transformed, and what it refers to, ${target}, is kept`;
      return [{ rule: "transformed-reference", message, fix: `Keep it, or transform ${target}`, ...about }];
    }
    const other = treatments.followed(column);
    if (other !== undefined) {
      const message = `${shown} refers to ${other} and to ${target}, which have different rules, so that it would agree with one of them only`;
      const fix = `${yamlKey(key.name)}: { as: ${other} }  # in the rules of ${shownTable(to)}`;
      return [{ rule: "disagreeing-reference", message, fix, ...about, place: theirs.place }];
    }
    const message = `${shown} and what it refers to, ${target}, have different rules, so that they would not agree`;
    return [
      { rule: "disagreeing-reference", message, fix: "Remove this rule: it follows its key by itself", ...about },
    ];
  });
}

/** Whether two columns with the same value have the same result. */
export function agree(own: Treatment, theirs: Treatment): boolean {
  if (own.kind === "keep" || theirs.kind === "keep") return own.kind === theirs.kind;
  return isSame(own, theirs);
}

function isSame(own: Transformed, theirs: Transformed): boolean {
  return own.origin === theirs.origin;
}
