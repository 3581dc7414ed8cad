import { ConfitureError } from "#errors/error.ts";

/** How to run what PostgreSQL may refuse. */
export interface Tolerance<T> {
  readonly run: (item: T) => Promise<void>;
  /**
   * @param waiting what is still to be run, without the item
   * @returns what to run next in its place, maybe with itself at the end; "later" for behind all others, as long as one of them
   *   runs; undefined where nothing helps
   */
  readonly remedy: (item: T, error: ConfitureError, waiting: readonly T[]) => Remedy<T> | Promise<Remedy<T>>;
  /**
   * Called when nothing helps any more.
   * @param waiting what is still to be run
   * @param refused why PostgreSQL refused it, as far as it was tried; what was refused first comes first
   * @returns what to run from now on in place of what waits; undefined to stop
   */
  readonly whenStuck?: (waiting: readonly T[], refused: ReadonlyMap<T, ConfitureError>) => readonly T[] | undefined;
}

type Remedy<T> = readonly T[] | "later" | undefined;

/**
 * Runs one after the other what PostgreSQL may refuse as it is, or where it stands.
 * @returns what waited when nothing helped any more and was tried, with PostgreSQL's reason; what was refused first comes first
 * @throws whatever else `run` throws
 */
export async function runTolerantly<T>(
  items: readonly T[],
  { run, remedy, whenStuck }: Tolerance<T>,
): Promise<ReadonlyMap<T, ConfitureError>> {
  const queue = [...items];
  const refused = new Map<T, ConfitureError>();
  let putOff = 0;
  for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
    try {
      await run(item);
      putOff = 0;
      continue;
    } catch (error) {
      if (!(error instanceof ConfitureError) || error.server === undefined) throw error;
      const remedied = await remedy(item, error, queue);
      if (remedied !== undefined && remedied !== "later") {
        queue.unshift(...remedied);
        continue;
      }
      refused.set(item, error);
      if (remedied === "later" && putOff < queue.length) {
        putOff++;
        queue.push(item);
        continue;
      }
    }
    const waiting = [item, ...queue];
    const others = whenStuck?.(waiting, refused);
    if (others === undefined) return new Map([...refused].filter(([each]) => waiting.includes(each)));
    queue.splice(0, queue.length, ...others);
    putOff = 0;
  }
  return new Map();
}
