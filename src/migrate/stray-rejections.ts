import process from "node:process";

/**
 * Does `work` and collects the rejections that nobody handles meanwhile: an async helper that a migration
 * forgets to await would otherwise end the process, perhaps after the COMMIT was sent.
 * @returns what was rejected, oldest first
 */
export async function collectStrayRejections(work: () => Promise<void>): Promise<unknown[]> {
  const stray: unknown[] = [];
  const take = (reason: unknown): void => void stray.push(reason);
  process.on("unhandledRejection", take);
  try {
    await work();
  } finally {
    process.off("unhandledRejection", take);
  }
  return stray;
}
