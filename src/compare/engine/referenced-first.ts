import type { FactBase } from "@supabase/pg-delta/core";

interface Making {
  readonly verb: string;
  readonly produces: readonly Id[];
}
type Id = Parameters<FactBase["get"]>[0];
type Edge = [before: number, after: number];
type Sort<Rest extends readonly unknown[]> = (count: number, edges: Edge[], ...rest: Rest) => number[];

/**
 * Sorts actions so that a new table comes behind the new ones that it refers to, where nothing forbids it: its foreign keys can be
 * part of it then. Called where the planner sorts (scripts/patch-planner.ts). Pure.
 * @param edges what has to come before what
 */
export function sortReferencedFirst<Rest extends readonly unknown[]>(
  sort: Sort<Rest>,
  actions: readonly Making[],
  desired: FactBase,
  edges: Edge[],
  ...rest: Rest
): number[] {
  const wished = referencesOf(actions, desired);
  if (wished.length === 0) return sort(actions.length, edges, ...rest);
  try {
    return sort(actions.length, [...edges, ...wished], ...rest);
  } catch {
    // Something else wants it the other way round; what is wrong with the edges themselves is thrown now.
    return sort(actions.length, edges, ...rest);
  }
}

/** From the tables that new foreign keys refer to to those that have them, circles left open. */
function referencesOf(actions: readonly Making[], desired: FactBase): Edge[] {
  const madeBy = new Map<string, number>();
  const references = new Map<number, Set<number>>();
  for (const [index, { verb, produces }] of actions.entries())
    for (const id of verb === "create" ? produces : [])
      if (id.kind === "table") madeBy.set(keyOf(id.schema, id.name), index);
  for (const { verb, produces } of actions) {
    for (const id of verb === "create" ? produces : []) {
      if (id.kind !== "constraint" || desired.get(id)?.payload["type"] !== "f") continue;
      const table = madeBy.get(keyOf(id.schema, id.table));
      if (table === undefined) continue;
      for (const { to } of desired.outgoingEdges(id)) {
        const other = to.kind === "table" ? to.name : "table" in to ? to.table : undefined;
        const referenced =
          other === undefined || !("schema" in to) ? undefined : madeBy.get(keyOf(to.schema ?? "", other));
        if (referenced === undefined || referenced === table) continue;
        references.set(table, (references.get(table) ?? new Set()).add(referenced));
      }
    }
  }
  return withoutCircles(references);
}

function keyOf(schema: string, name: string): string {
  return JSON.stringify([schema, name]);
}

function withoutCircles(references: ReadonlyMap<number, ReadonlySet<number>>): Edge[] {
  const edges: Edge[] = [];
  const state = new Map<number, "open" | "done">();
  for (const start of references.keys()) {
    if (state.has(start)) continue;
    // Without recursion: chains of references may be as long as there are tables.
    const path = [{ table: start, rest: [...(references.get(start) ?? [])] }];
    state.set(start, "open");
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const next = top.rest.shift();
      if (next === undefined) {
        state.set(top.table, "done");
        path.pop();
        continue;
      }
      if (state.get(next) === "open") continue;
      edges.push([next, top.table]);
      if (state.has(next)) continue;
      state.set(next, "open");
      path.push({ table: next, rest: [...(references.get(next) ?? [])] });
    }
  }
  return edges;
}
