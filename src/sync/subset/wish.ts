import type { QueryKeys } from "../keyed.ts";
import type { SourceColumn, SourceTable } from "../source/catalogue.ts";
import { columnNamed } from "../rules/names.ts";
import type { Problem, Rules, TableRule } from "../rules/rules.ts";
import { tenantConditions } from "../rules/tenant.ts";
import type { Wish } from "./graph.ts";
import { sampleCondition, sampleWithoutKey } from "./sample.ts";

interface Asked {
  readonly ruleOf: ReadonlyMap<SourceTable, TableRule>;
  readonly tenant: Rules["tenant"];
  /** Whether a rule makes NULL of a column. */
  readonly isEmptied: (column: SourceColumn) => boolean;
  readonly keys: QueryKeys;
}

/** What the rules ask for a table whose rows are copied. */
export function wishOf(
  table: SourceTable,
  { ruleOf, tenant, isEmptied, keys }: Asked,
): { readonly wish: Wish; readonly problems: readonly Problem[] } {
  const rule = ruleOf.get(table)!;
  const parts: { sql: string; shown: string }[] = [];
  const problems: Problem[] = [];
  if (rule.rows !== undefined)
    parts.push({ sql: `(${rule.rows.text}\n)`, shown: (rule.rows.shown ?? rule.rows.text).trim() });
  if (rule.sample !== undefined) {
    const sample = sampleCondition(table, rule.sample.share, keys);
    if (sample === undefined) problems.push(sampleWithoutKey(table, rule.sample.place));
    else parts.push(sample);
  }
  const own = allOf(parts);
  if (tenant !== undefined && rule.tenant) parts.push(...tenantConditions(table, tenant));
  const wish: Wish = {
    table,
    condition: allOf(parts),
    own,
    shown: parts.length === 0 ? undefined : parts.map(({ shown }) => shown).join(" and "),
    follow: ({ fromColumns, to }) => {
      // A column that is made NULL refers to nothing.
      if (fromColumns.some(isEmptied)) return "none";
      if (ruleOf.get(to)?.mode === "skip") return "none";
      const names = new Set(fromColumns);
      return rule.follow.find((one) => names.has(columnNamed(table, one.column)!))?.direction;
    },
  };
  return { wish, problems };
}

function allOf(parts: readonly { readonly sql: string }[]): string | undefined {
  return parts.length === 0 ? undefined : parts.map(({ sql }) => sql).join(" AND ");
}
