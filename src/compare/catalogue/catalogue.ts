import { type Diagnostic, encodeId, FactBase, type StableId } from "@supabase/pg-delta/core";
import { extract } from "@supabase/pg-delta/extract";
import { resolveView } from "@supabase/pg-delta/policy";
import { inOneForm } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { readingQueries } from "./read-again.ts";
import { giveBackMemory } from "./memory.ts";
import { type HistoryTable, historyTables } from "./history-tables.ts";
import { COMPARED_ELSEWHERE, readUnmodelled, type Unmodelled } from "./unmodelled.ts";

/** Everything a database holds that a schema file could have made, at one moment. */
export interface Catalogue {
  /** What belongs to an extension is among them for reference only. */
  readonly facts: FactBase;
  readonly unmodelled: readonly Unmodelled[];
  /** The major version of the PostgreSQL that wrote its definitions, for example 18. */
  readonly major: number;
  /** The role that built it in a scratch database; undefined for a database in use, where owners mean something. */
  readonly builder: string | undefined;
  /** Of a database in use, which may hold what no file speaks of: grants to roles of its server. */
  readonly inUse: boolean;
  /** Where the ledger was, which is not among the objects. */
  readonly ledgerSchema: string | undefined;
  /** Tables in which other tools keep their history, which are not among the objects. */
  readonly histories: readonly HistoryTable[];
  /** Kinds of objects that are there but cannot be compared, for example "user mapping", with how many and which. */
  readonly notCompared: readonly {
    readonly kind: string;
    readonly count: number;
    readonly samples: readonly string[];
  }[];
}

/**
 * Reads the catalogue in one read-only transaction. Another tool's history is left out, wherever it comes from: it is
 * that tool's to make.
 * @param without tables of the tool's own, which are never part of a comparison
 */
export async function readCatalogue(
  database: Database,
  without: readonly { readonly schema: string; readonly table: string }[] = [],
): Promise<Catalogue> {
  let query = (sql: string): Promise<object[]> => database.query(sql);
  // What pg-delta needs of a connection pool; its own driver never opens one.
  const client = {
    query: async (text: string) => {
      if (text.startsWith("BEGIN ")) {
        await database.execute(inOneForm(text));
        query = await readingQueries(database);
        return { rows: [] };
      }
      if (!/^\s*(?:select|with|--)/i.test(text)) return { rows: await database.query(text) };
      return { rows: await query(withPlainComments(withoutBuiltIns(text))) };
    },
    release: () => {},
  };
  const pool = { connect: async () => client } as unknown as Parameters<typeof extract>[0];
  let unmodelled: readonly Unmodelled[] = [];
  let builder: string | undefined;
  // In the transaction in which everything else is read.
  const alongside = {
    extension: "",
    capture: async (context: { query(text: string): Promise<object[]> }) => {
      unmodelled = await readUnmodelled((text) => context.query(text));
      builder = ((await context.query("select current_user::text as builder")) as { builder: string }[])[0]?.builder;
      return { facts: [], edges: [] };
    },
  };
  const { factBase, diagnostics } = await extract(pool, { handlers: [alongside] });
  shareIds(factBase);
  giveBackMemory();
  const ownTables = without.map(({ schema, table }) => ({ kind: "table" as const, schema, name: table }));
  const own = withoutObjects(factBase, ownTables);
  const histories = historyTables(own);
  const theirs = histories.flatMap(({ objects }) => objects);
  const names = [...without.map(({ schema, table }) => ({ schema, name: table })), ...histories];
  return {
    facts: withDiagnosticsOf(factBase, resolveView(withoutObjects(own, theirs), undefined)),
    unmodelled: unmodelled.filter(
      ({ relation }) => !names.some(({ schema, name }) => schema === relation?.schema && name === relation.name),
    ),
    histories,
    major: Math.floor(database.serverVersion / 10_000),
    builder,
    inUse: false,
    ledgerSchema: undefined,
    notCompared: readNotCompared(diagnostics),
  };
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

/** Comments in pg-delta's queries hold signs that not every database has in its encoding. */
function withPlainComments(sql: string): string {
  return sql.replaceAll(/--.*/g, (comment) => comment.replaceAll(/[^ -~]/g, "?"));
}

/** In pg-delta's query of dependencies: what it resolves, and drops later where it is PostgreSQL's own; with its number. */
const RESOLVED = [
  ["WHERE d.deptype IN ('n', 'a')", "d.objid"],
  ["WHERE rc.relkind IN ('r','p','f','v','m','i','I','S')", "rc.oid"],
  ["WHERE att.attnum > 0 AND NOT att.attisdropped", "att.attrelid"],
  ["WHERE pp.prokind IN ('f','p','a','w')", "pp.oid"],
  ["WHERE base.typtype IN ('d', 'e', 'c', 'r')", "base.oid"],
] as const;

/**
 * The same query, where it is the one of dependencies, with nothing in it of the objects that PostgreSQL comes with:
 * their numbers are below FirstNormalObjectId (access/transam.h). As numbers of another type, because there are no
 * statistics of a new database's objects, and the planner would expect one row instead of thousands.
 * In an order, because that of a plan follows it.
 */
export function withoutBuiltIns(query: string): string {
  if (!RESOLVED.every(([condition]) => query.includes(condition))) return query;
  return RESOLVED.reduce(
    (text, [condition, number]) => text.replace(condition, `${condition} AND ${number}::int8 >= 16384`),
    query,
  ).concat(' ORDER BY rd.id::text COLLATE "C", rr.id::text COLLATE "C"');
}

function readNotCompared(diagnostics: readonly Diagnostic[]): Catalogue["notCompared"] {
  const unmodelled = diagnostics.flatMap(({ code, context }) => {
    if (code !== "unmodeled_kind") return [];
    const { kind, count, samples } = context as { kind: string; count: number; samples: string[] };
    return COMPARED_ELSEWHERE.has(kind) ? [] : [{ kind, count, samples }];
  });
  const unreadable = Object.entries(UNREADABLE).flatMap(([code, kind]) => {
    const samples = diagnostics.filter((diagnostic) => diagnostic.code === code).map(sample);
    return samples.length === 0 ? [] : [{ kind, count: samples.length, samples }];
  });
  return [...unmodelled, ...unreadable];
}

/** What is read in place of an option that may be secret. */
export const SECRET = /'__OPTION_\w+__'/;

/** Diagnostics of objects that are there, and whose content the role may not read or pg-delta does not understand. */
const UNREADABLE: Readonly<Record<string, string>> = {
  "user-mapping-unreadable": "user mapping",
  unresolved_security_label: "security label",
};

function sample({ subject, message }: Diagnostic): string {
  return subject?.kind === "userMapping" ? `${subject.server} for ${subject.role}` : message;
}

/** A plan must not touch what could not be read, which it learns from the diagnostics; a smaller copy has none. */
export function withDiagnosticsOf(original: FactBase, copy: FactBase): FactBase {
  if (copy !== original) copy.diagnostics.push(...original.diagnostics.filter(({ code }) => code in UNREADABLE));
  return copy;
}

/** The same facts without some objects and everything that belongs to them. */
export function withoutObjects(facts: FactBase, objects: readonly StableId[]): FactBase {
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
    new Set([...facts.referenceOnly].filter((key) => !gone.has(key))),
  );
}
