import { type Diagnostic, encodeId, FactBase, type StableId } from "@supabase/pg-delta/core";
import { extract } from "@supabase/pg-delta/extract";
import type { Database } from "#database/database.ts";

/** Everything a database holds that a schema file could have made, at one moment. */
export interface Catalogue {
  readonly facts: FactBase;
  /** Kinds of objects that are there but cannot be compared, for example "cast", with how many and which. */
  readonly notCompared: readonly {
    readonly kind: string;
    readonly count: number;
    readonly samples: readonly string[];
  }[];
}

/**
 * Reads the catalogue in one read-only transaction.
 * @param without tables of the tool's own, which are never part of a comparison
 */
export async function readCatalogue(
  database: Database,
  without: readonly { readonly schema: string; readonly table: string }[] = [],
): Promise<Catalogue> {
  // What pg-delta needs of a connection pool; its own driver never opens one.
  const client = {
    query: async (text: string) => ({ rows: await database.query(text) }),
    release: () => {},
  };
  const pool = { connect: async () => client } as unknown as Parameters<typeof extract>[0];
  const { factBase, diagnostics } = await extract(pool);
  const ownTables = without.map(({ schema, table }) => ({ kind: "table" as const, schema, name: table }));
  return { facts: withoutObjects(factBase, ownTables), notCompared: diagnostics.flatMap(readNotCompared) };
}

function readNotCompared({ code, context }: Diagnostic): Catalogue["notCompared"] {
  if (code !== "unmodeled_kind") return [];
  const { kind, count, samples } = context as { kind: string; count: number; samples: string[] };
  return [{ kind, count, samples }];
}

/** The same facts without some objects and everything that belongs to them. */
function withoutObjects(facts: FactBase, objects: readonly StableId[]): FactBase {
  const gone = new Set<string>();
  const remove = (id: StableId): void => {
    gone.add(encodeId(id));
    for (const child of facts.childrenOf(id)) remove(child.id);
  };
  for (const id of objects) if (facts.has(id)) remove(id);
  if (gone.size === 0) return facts;
  return new FactBase(
    facts.facts().filter(({ id }) => !gone.has(encodeId(id))),
    facts.edges.filter(({ from, to }) => !gone.has(encodeId(from)) && !gone.has(encodeId(to))),
    facts.source,
  );
}
