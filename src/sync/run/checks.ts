import type { Database } from "#database/database.ts";
import type { Comparison } from "./digests.ts";

/** A session on each side, in no transaction. */
export interface Prover {
  readonly source: Database;
  readonly target: Database;
  readonly comparison: Comparison;
}

export interface Check {
  /** Takes so long that others had better not wait for it in the end. */
  readonly isLong: boolean;
  /** @returns what is to be checked besides */
  readonly run: (prover: Prover) => Promise<readonly Check[]>;
}

/** Each prover takes one check after the other, long ones first; the first that fails ends the others. */
export async function runChecks(provers: readonly Prover[], checks: readonly Check[]): Promise<void> {
  const queue: Check[] = [];
  let running = 0;
  let changed = Promise.withResolvers<void>();
  const add = (more: readonly Check[]): void => {
    queue.unshift(...more.filter(({ isLong }) => isLong));
    queue.push(...more.filter(({ isLong }) => !isLong));
  };
  const failures: unknown[] = [];
  add(checks);
  await Promise.all(
    provers.map(async (prover) => {
      while (failures.length === 0) {
        const check = queue.shift();
        // What still runs may give more to do.
        if (check === undefined && running === 0) return;
        if (check === undefined) {
          await changed.promise;
          continue;
        }
        running++;
        try {
          add(await check.run(prover));
        } catch (error) {
          // Nobody waits for what the rest would find.
          if (failures.push(error) === 1)
            await Promise.all(provers.flatMap(({ source, target }) => [source.cancel(), target.cancel()]));
        } finally {
          running--;
          changed.resolve();
          changed = Promise.withResolvers<void>();
        }
      }
    }),
  );
  if (failures.length > 0) throw failures[0];
}
