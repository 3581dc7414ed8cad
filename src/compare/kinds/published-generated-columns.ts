import { quoteIdentifier } from "#sql/quote.ts";
import { type Extra, kind, type Side } from "./kind.ts";

/** Where a publication sends stored generated columns as well; PostgreSQL knows that from version 18 on. */
export const publishedGeneratedColumns = kind<{ readonly columns: "stored" }>({
  query: {
    path: "array[pubname]",
    payload: "'columns', 'stored'",
    // The column is not there before.
    from: "from pg_publication p where to_jsonb(p) ->> 'pubgencols' = 's'",
  },
  text: ({ columns }) => columns,
  names: (extra) => [publicationOf(extra)],
  statements: {
    create: (extra) => [set(extra, "stored")],
    reset: (extra, side) => (isThere(extra, side) ? [set(extra, "none")] : []),
  },
});

function set({ path: [name = ""] }: Extra, columns: "stored" | "none"): string {
  return `ALTER PUBLICATION ${quoteIdentifier(name)} SET (publish_generated_columns = ${columns})`;
}

function publicationOf({ path: [name = ""] }: Extra): { readonly kind: "publication"; readonly name: string } {
  return { kind: "publication", name };
}

function isThere(extra: Extra, { facts }: Side): boolean {
  return facts.has(publicationOf(extra));
}
