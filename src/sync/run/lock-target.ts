import type { Database, OpenOptions } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import { acquireLock } from "#migrate/run/lock.ts";

/** One copy at a time goes into a database. */
export async function lockTarget(session: Database, name: string, { signal }: OpenOptions): Promise<void> {
  const key = new Bun.CryptoHasher("sha256").update(`confiture-sync\0${name}`).digest().readBigInt64BE(0);
  try {
    await acquireLock(session, key, { wait: 0, signal });
  } catch (error) {
    if (!(error instanceof ConfitureError) || error.code !== "lock_held") throw error;
    const { pid } = (error.data?.["holder"] ?? {}) as { readonly pid?: number };
    throw error.with({
      message: error.message.replace("Another runner is at work", "Another copy goes into the target"),
      hint: `Nothing was changed. Run it again when the other one has finished. If that process is stuck: SELECT pg_terminate_backend(${pid ?? "PID"})`,
    });
  }
}
