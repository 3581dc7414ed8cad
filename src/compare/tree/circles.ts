/**
 * Strongly connected components with more than one unit (Tarjan's algorithm): a number for each of their units. Pure.
 * @param homes the unit of each end of a link
 */
export function findCircles(
  keys: Iterable<string>,
  links: readonly (readonly [from: string, to: string])[],
  homes: ReadonlyMap<string, string>,
): Map<string, number> {
  const nexts = new Map<string, Set<string>>();
  for (const key of keys) nexts.set(key, new Set());
  for (const [from, to] of links) {
    const [a, b] = [homes.get(from)!, homes.get(to)!];
    if (a !== b) nexts.get(a)!.add(b);
  }
  const numbers = new Map<string, number>();
  const lows = new Map<string, number>();
  const open: string[] = [];
  const isOpen = new Set<string>();
  const circles = new Map<string, number>();
  for (const root of nexts.keys()) {
    if (numbers.has(root)) continue;
    const stack = [enter(root)];
    for (let current = stack.at(-1); current !== undefined; current = stack.at(-1)) {
      const { key, rest } = current;
      const next = rest.next();
      if (next.done !== true) {
        if (!numbers.has(next.value)) stack.push(enter(next.value));
        else if (isOpen.has(next.value)) lower(key, numbers.get(next.value)!);
        continue;
      }
      stack.pop();
      const parent = stack.at(-1);
      if (parent !== undefined) lower(parent.key, lows.get(key)!);
      if (lows.get(key) !== numbers.get(key)) continue;
      const members = open.splice(open.lastIndexOf(key));
      for (const member of members) {
        isOpen.delete(member);
        if (members.length > 1) circles.set(member, numbers.get(key)!);
      }
    }
  }
  return circles;

  function enter(key: string): { key: string; rest: Iterator<string> } {
    numbers.set(key, numbers.size);
    lows.set(key, numbers.get(key)!);
    open.push(key);
    isOpen.add(key);
    return { key, rest: nexts.get(key)!.values() };
  }

  function lower(key: string, low: number): void {
    lows.set(key, Math.min(lows.get(key)!, low));
  }
}
