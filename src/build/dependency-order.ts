import { ConfitureError } from "#errors/error.ts";
import type { Made, Mention, Name, Needs } from "./needs.ts";

/** Why a file comes after another. */
interface Edge {
  /** Index of the file that comes first. */
  readonly to: number;
  /** How likely it is: 0 for a word that may mean something else, 1 for a word that hardly does, 2 for certain. */
  readonly likelihood: 0 | 1 | 2;
  /** See `whyNeeded`. */
  readonly why: string;
}

/**
 * The files in an order in which each comes after those that make what it needs; otherwise in the order they are given in.
 * What may be a need and would close a circle counts as none. Pure.
 * @param files in the order of their paths
 * @throws ConfitureError `schema_circle` with every file of a circle and the lines
 */
export function orderByNeeds(files: readonly Needs[]): string[] {
  const edges = edgesOf(files);
  const all = files.map((_, index) => index);
  const order = arrange(all, edges, (index) => (files[index]!.comesFirst ? 0 : 1));
  return order.map((index) => files[index]!.file);

  function arrange(
    part: readonly number[],
    within: readonly (readonly Edge[])[],
    rank: (index: number) => number,
  ): number[] {
    const circles = stronglyConnected(part, within);
    const groupOf = new Map(circles.flatMap((group) => group.map((index) => [index, group] as const)));
    const waitsFor = new Map(circles.map((group) => [group, new Set<readonly number[]>()]));
    for (const index of part) {
      for (const { to } of within[index]!) {
        const [own, other] = [groupOf.get(index)!, groupOf.get(to)];
        if (other !== undefined && other !== own) waitsFor.get(own)!.add(other);
      }
    }
    const first = (group: readonly number[]): number => Math.min(...group);
    const waiting = circles.toSorted(
      (a, b) => Math.min(...a.map(rank)) - Math.min(...b.map(rank)) || first(a) - first(b),
    );
    const done = new Set<readonly number[]>();
    const result: number[] = [];
    while (waiting.length > 0) {
      const at = waiting.findIndex((group) => [...waitsFor.get(group)!].every((other) => done.has(other)));
      const [group = []] = waiting.splice(at, 1);
      done.add(group);
      result.push(...(group.length === 1 ? group : untangle(group, within, rank)));
    }
    return result;
  }

  /** Of a circle, what is least likely counts as no need. */
  function untangle(
    group: readonly number[],
    within: readonly (readonly Edge[])[],
    rank: (index: number) => number,
  ): number[] {
    const inside = group.flatMap((index) => within[index]!.filter(({ to }) => group.includes(to)));
    const least = Math.min(...inside.map(({ likelihood }) => likelihood));
    if (least === 2) throw circle(inside);
    return arrange(
      group,
      within.map((out) => out.filter(({ likelihood }) => likelihood > least)),
      rank,
    );
  }
}

function circle(edges: readonly Edge[]): ConfitureError {
  const reasons = new Set(edges.map(({ why }) => why));
  return new ConfitureError(
    "schema_circle",
    `Schema files need each other in a circle:\n${[...reasons].map((why) => `  ${why}`).join("\n")}`,
    {
      hint: "No order of the files works. Move one of these references into a file of its own, for example as ALTER TABLE ... ADD FOREIGN KEY.",
      data: { reasons: [...reasons] },
    },
  );
}

function edgesOf(files: readonly Needs[]): Edge[][] {
  const makers = byName(files, ({ makes }) => makes);
  const completers = byName(files, ({ completes }) => completes);
  const fillers = byName(files, ({ fills }) => fills);
  const referenced = new Map<string, Name[]>();
  for (const { references } of files) {
    for (const [from, to] of references) referenced.set(from.name, [...(referenced.get(from.name) ?? []), to]);
  }
  return files.map((needs, index) => {
    const edges = new Map<number, Edge>();
    const add = (to: number, likelihood: Edge["likelihood"], why = ""): void => {
      if (to !== index && (edges.get(to)?.likelihood ?? -1) < likelihood) edges.set(to, { to, likelihood, why });
    };
    for (const mention of needs.mentions) {
      if (needs.makes.some((made) => isSame(made, mention))) continue;
      for (const [to, made] of makers.get(mention.name) ?? []) {
        if (!isSame(made, mention)) continue;
        add(to, likelihoodOf(mention, made), whyNeeded(needs.file, mention, files[to]!.file, made));
      }
      if (needs.completes.some((name) => isSame(name, mention))) continue;
      for (const [to, name] of completers.get(mention.name) ?? []) if (isSame(name, mention)) add(to, 0);
    }
    for (const filled of needs.fills) {
      for (const name of referenced.get(filled.name) ?? []) {
        for (const [to, other] of fillers.get(name.name) ?? []) if (isSame(other, name)) add(to, 0);
      }
    }
    return [...edges.values()];
  });
}

/** "db/schema/a.sql:3 needs table users, which db/schema/b.sql:1 creates" */
export function whyNeeded(file: string, mention: Mention, other: string, made: Made): string {
  const name = mention.schema === undefined ? mention.name : `${mention.schema}.${mention.name}`;
  return `${file}:${mention.line} needs ${made.kind.toLowerCase()} ${name}, which ${other}:${made.line} creates`;
}

function likelihoodOf(mention: Mention, { kind }: Made): Edge["likelihood"] {
  const place = mention.isInString ? "any" : mention.place;
  if (RELATIONS.has(kind)) return place === "relation" ? 2 : 0;
  if (kind === "SCHEMA") return place === "schema" ? 1 : 0;
  if (CALLED.has(kind)) return place === "call" ? 1 : 0;
  return 1;
}

/** Whether the place of a name says that it is an object of this kind. */
export function isOfKind({ place }: Mention, { kind }: Made): boolean {
  return (place === "relation" && RELATIONS.has(kind)) || (place === "call" && CALLED.has(kind));
}

const CALLED: ReadonlySet<string> = new Set(["FUNCTION", "PROCEDURE", "AGGREGATE"]);
const RELATIONS: ReadonlySet<string> = new Set(["TABLE", "VIEW"]);

export function isSame(a: Name, b: Name): boolean {
  return a.name === b.name && (a.schema === undefined || b.schema === undefined || a.schema === b.schema);
}

function byName<N extends Name>(
  files: readonly Needs[],
  of: (needs: Needs) => readonly N[],
): ReadonlyMap<string, readonly (readonly [file: number, name: N])[]> {
  const found = new Map<string, (readonly [number, N])[]>();
  for (const [index, needs] of files.entries()) {
    for (const name of of(needs)) {
      const known = found.get(name.name);
      if (known === undefined) found.set(name.name, [[index, name]]);
      else known.push([index, name]);
    }
  }
  return found;
}

/** Groups in which each leads to each, by Tarjan's algorithm; without recursion, as files may be thousands. */
function stronglyConnected(part: readonly number[], edges: readonly (readonly Edge[])[]): number[][] {
  const inPart = new Set(part);
  const numbers = new Map<number, number>();
  const low = new Map<number, number>();
  const stack: number[] = [];
  const onStack = new Set<number>();
  const groups: number[][] = [];
  for (const root of part) {
    if (numbers.has(root)) continue;
    const path: { readonly at: number; next: number }[] = [];
    const enter = (at: number): void => {
      numbers.set(at, numbers.size);
      low.set(at, numbers.get(at)!);
      stack.push(at);
      onStack.add(at);
      path.push({ at, next: 0 });
    };
    enter(root);
    while (path.length > 0) {
      const step = path.at(-1)!;
      const out = edges[step.at]!;
      const edge = out[step.next++];
      if (edge !== undefined) {
        if (!inPart.has(edge.to)) continue;
        if (!numbers.has(edge.to)) enter(edge.to);
        else if (onStack.has(edge.to)) low.set(step.at, Math.min(low.get(step.at)!, numbers.get(edge.to)!));
        continue;
      }
      path.pop();
      const above = path.at(-1);
      if (above !== undefined) low.set(above.at, Math.min(low.get(above.at)!, low.get(step.at)!));
      if (low.get(step.at) !== numbers.get(step.at)) continue;
      const group: number[] = [];
      for (let member = stack.pop(); member !== undefined; member = stack.pop()) {
        onStack.delete(member);
        group.push(member);
        if (member === step.at) break;
      }
      groups.push(group.toSorted((a, b) => a - b));
    }
  }
  return groups;
}
