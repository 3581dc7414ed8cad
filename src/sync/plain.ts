import { createHash } from "node:crypto";
import { quoteIdentifier, quoteQualified } from "#sql/quote.ts";
import type { SyncColumn, SyncPlan } from "./plan.ts";
import type { SourceCatalogue } from "./source/catalogue.ts";
import { partOf, unpartitionedIn } from "./roots.ts";

/** What names in queries are looked up in; rules write others with their schema. */
export const SEARCH_PATH = { name: "search_path", value: "pg_catalog, public, pg_temp" } as const;

/** The plan without rules: every column of every row as it is. */
export function keepEverything({ tables }: SourceCatalogue): SyncPlan {
  return {
    tables: tables
      .filter(({ kind }) => kind === "table")
      .map((table) => {
        const { schema, name, columns } = table;
        const kept = columns.filter(({ generated }) => !generated).map((column) => keptColumn(column));
        const list = kept.map(({ expression }) => expression).join(", ");
        const query = `SELECT ${list} FROM ONLY ${quoteQualified(schema, name)} source WHERE (true)`;
        return {
          schema,
          name,
          ...partOf(tables, table),
          mode: "rows" as const,
          columns: kept,
          query,
          whole: true,
          where: undefined,
        };
      }),
    ...unpartitionedIn(tables),
    settings: [SEARCH_PATH],
    digest: createHash("sha256").update("plain").digest("hex"),
    reproducible: true,
    warnings: [],
  };
}

function keptColumn({ name, type }: { readonly name: string; readonly type: string }): SyncColumn {
  return {
    name,
    type,
    treatment: "keep",
    expression: `source.${quoteIdentifier(name)}`,
    class: "preserving",
    proof: { kind: "kept" },
  };
}
