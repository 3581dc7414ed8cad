import type { Diagnostic, FactBase, StableId } from "@supabase/pg-delta/core";
import { extract } from "@supabase/pg-delta/extract";
import { resolveView } from "@supabase/pg-delta/policy";
import { giveBackMemory } from "./memory.ts";
import { type Facts, UNREADABLE, withUnreadable } from "./facts.ts";

type Query = (sql: string) => Promise<object[]>;

/** What a reading asks of its database. */
export interface ReadingSession {
  /** Begins the one transaction of the reading with `begin`, and makes what runs its queries. */
  readonly start: (begin: string) => Promise<Query>;
  /** Runs what is no query: settings, and the end of the transaction. */
  readonly control: Query;
}

/** Objects that are there and were not read, of one kind. */
export interface NotRead {
  /** In PostgreSQL's words: "user mapping". */
  readonly kind: string;
  readonly count: number;
  readonly samples: readonly string[];
}

/**
 * Reads the objects of a database in one transaction.
 * @param alongside runs in the same transaction, at the end
 */
export async function readFacts(
  session: ReadingSession,
  alongside: (query: Query) => Promise<void>,
): Promise<{ readonly facts: Facts; readonly notRead: readonly NotRead[] }> {
  let query = session.control;
  // What pg-delta needs of a connection pool; its own driver never opens one.
  const client = {
    query: async (text: string) => {
      if (text.startsWith("BEGIN ")) {
        query = await session.start(text);
        return { rows: [] };
      }
      // Of many objects each answer is large, and what it was read from stays behind.
      giveBackMemory();
      return { rows: await (/^\s*(?:select|with|--)/i.test(text) ? query : session.control)(text) };
    },
    release: () => {},
  };
  const pool = { connect: async () => client } as unknown as Parameters<typeof extract>[0];
  const handler = {
    extension: "",
    capture: async (context: { query(text: string): Promise<object[]> }) => {
      await alongside((text) => context.query(text));
      return { facts: [], edges: [] };
    },
  };
  const { factBase, diagnostics } = await extract(pool, { handlers: [handler] });
  shareIds(factBase);
  giveBackMemory();
  return { facts: factBase, notRead: notReadOf(diagnostics) };
}

/** The same facts, with what belongs to extensions for reference only. */
export function withExtensionsForReference(read: Facts): Facts {
  const base = read as FactBase;
  return withUnreadable(base, resolveView(base, undefined));
}

/** Each row names the objects that it speaks of in words of its own: what stands for the same one becomes the same thing. */
function shareIds(facts: FactBase): void {
  const shared = (id: StableId): StableId => facts.get(id)?.id ?? id;
  for (const fact of facts.facts()) if (fact.parent !== undefined) fact.parent = shared(fact.parent);
  for (const edge of facts.edges) {
    edge.from = shared(edge.from);
    edge.to = shared(edge.to);
  }
}

function notReadOf(diagnostics: readonly Diagnostic[]): NotRead[] {
  const unmodelled = diagnostics.flatMap(({ code, context }) =>
    code === "unmodeled_kind" ? [context as unknown as NotRead] : [],
  );
  const unreadable = Object.entries(UNREADABLE).flatMap(([code, kind]) => {
    const samples = diagnostics.filter((diagnostic) => diagnostic.code === code).map(sample);
    return samples.length === 0 ? [] : [{ kind, count: samples.length, samples }];
  });
  return [...unmodelled.map(({ kind, count, samples }) => ({ kind, count, samples })), ...unreadable];
}

function sample({ subject, message }: Diagnostic): string {
  return subject?.kind === "userMapping" ? `${subject.server} for ${subject.role}` : message;
}
