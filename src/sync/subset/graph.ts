import type { SourceTable } from "../source/catalogue.ts";
import type { Reference } from "../rules/references.ts";
import type { Follow } from "../rules/rules.ts";

/** A reference, and which way rows are followed along it. */
export interface Edge {
  readonly index: number;
  readonly reference: Reference;
  /**
   * `down`: rows that refer to one that is left out are left out; `up`: rows that are referred to are added; `none`: neither.
   */
  readonly direction: Follow;
}

/** What is asked for a table. */
export interface Wish {
  readonly table: SourceTable;
  /** A condition of its own, in SQL over the table by its name; undefined for none. */
  readonly condition: string | undefined;
  /** Of that, what is asked for the table alone: without the tenant's, which holds everywhere. */
  readonly own: string | undefined;
  /** For people: "created_at > now() - interval '2 years'". */
  readonly shown: string | undefined;
  /** What the rules say of a reference; undefined: what is usual. */
  follow(reference: Reference): Follow | undefined;
}

/** Which tables are cut down, and along which references rows are added. */
export interface Graph {
  readonly edges: readonly Edge[];
  /** Whether a table has fewer rows than the source. */
  isCut(table: SourceTable): boolean;
  /** Whether rows are added to a table because others refer to them. */
  isAddedTo(table: SourceTable): boolean;
  /** A table, and all that may decide about which of its rows are copied. */
  connectedTo(table: SourceTable): readonly SourceTable[];
  /** Tables that refer to each other in a circle, or one that refers to itself; undefined for a table that is in none. */
  circleOf(table: SourceTable): readonly SourceTable[] | undefined;
  /** Tables in a circle of references that are all followed down, which has no beginning. */
  readonly endless: readonly SourceTable[] | undefined;
  /** The graph as it would be if these references were followed so. */
  following(references: readonly Reference[], direction: Follow): Graph;
}

export function graphOf(wishes: readonly Wish[], references: readonly Reference[]): Graph {
  const byTable = new Map(wishes.map((wish) => [wish.table, wish]));
  const inside = references.filter(({ from, to }) => byTable.has(from) && byTable.has(to));
  const isFollowed = (reference: Reference): boolean => byTable.get(reference.from)!.follow(reference) !== "none";
  const circles = circlesIn(
    [...byTable.keys()],
    inside.filter(isFollowed).map(({ from, to }) => [from, to] as const),
  );
  const edges = inside.map((reference, index): Edge => {
    const wish = byTable.get(reference.from)!;
    const inCircle =
      circles.get(reference.from) !== undefined && circles.get(reference.from) === circles.get(reference.to);
    const usual = inCircle || wish.own !== undefined ? "up" : "down";
    return { index, reference, direction: wish.follow(reference) ?? usual };
  });
  const cut = new Set(wishes.filter(({ condition }) => condition !== undefined).map(({ table }) => table));
  spread(cut, edges, ({ direction, reference: { from, to } }) =>
    direction === "down" && cut.has(to) ? from : undefined,
  );
  const added = new Set<SourceTable>();
  spread(added, edges, ({ direction, reference: { from, to } }) =>
    cut.has(to) && (direction === "up" || (direction === "down" && added.has(from))) ? to : undefined,
  );
  const downward = circlesIn(
    [...byTable.keys()],
    edges.flatMap(({ direction, reference: { from, to } }) =>
      direction === "down" && cut.has(to) ? [[from, to] as const] : [],
    ),
  );
  return {
    edges,
    isCut: (table) => cut.has(table),
    isAddedTo: (table) => added.has(table),
    connectedTo(table) {
      const connected = new Set([table]);
      const followed = edges.filter(({ direction, reference: { to } }) => direction !== "none" && cut.has(to));
      for (let size = -1; size !== connected.size;) {
        size = connected.size;
        for (const { reference } of followed) {
          if (connected.has(reference.from) || connected.has(reference.to))
            connected.add(reference.from).add(reference.to);
        }
      }
      return [...connected];
    },
    circleOf: (table) => circles.get(table),
    endless: [...downward.values()][0],
    following: (some, direction) =>
      graphOf(
        wishes.map((wish) => ({
          ...wish,
          follow: (reference) => (some.includes(reference) ? direction : wish.follow(reference)),
        })),
        references,
      ),
  };
}

/** Whether rows that copied ones refer to are added along an edge. */
export function isAdding({ direction, reference: { from } }: Edge, graph: Graph): boolean {
  return direction === "up" || (direction === "down" && graph.isAddedTo(from));
}

/** Adds tables until no edge adds one more. */
export function spread(
  tables: Set<SourceTable>,
  edges: readonly Edge[],
  next: (edge: Edge) => SourceTable | undefined,
): void {
  for (let size = -1; size !== tables.size;) {
    size = tables.size;
    for (const edge of edges) {
      const table = next(edge);
      if (table !== undefined) tables.add(table);
    }
  }
}

/** Strongly connected components that have an edge inside (Tarjan), by table. */
function circlesIn(
  tables: readonly SourceTable[],
  edges: readonly (readonly [SourceTable, SourceTable])[],
): ReadonlyMap<SourceTable, readonly SourceTable[]> {
  const next = new Map<SourceTable, SourceTable[]>();
  for (const [from, to] of edges) next.set(from, [...(next.get(from) ?? []), to]);
  const found = new Map<SourceTable, readonly SourceTable[]>();
  const order = new Map<SourceTable, number>();
  const low = new Map<SourceTable, number>();
  const stack: SourceTable[] = [];
  const visit = (table: SourceTable): void => {
    order.set(table, order.size);
    low.set(table, order.get(table)!);
    stack.push(table);
    for (const other of next.get(table) ?? []) {
      if (!order.has(other)) visit(other);
      if (stack.includes(other)) low.set(table, Math.min(low.get(table)!, low.get(other)!));
    }
    if (low.get(table) !== order.get(table)) return;
    const members = stack.splice(stack.indexOf(table));
    const isCircle = members.length > 1 || (next.get(table) ?? []).includes(table);
    if (isCircle) for (const member of members) found.set(member, members);
  };
  for (const table of tables) if (!order.has(table)) visit(table);
  return found;
}
