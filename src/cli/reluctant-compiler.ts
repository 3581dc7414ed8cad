import { wasClosed } from "#files/descriptor.ts";

/**
 * What the runtime is told where PostgreSQL runs inside it. Its best compiler for WebAssembly begins after milliseconds
 * and takes as much processor time as most commands take as a whole; this lets it begin after some ten seconds of work.
 * The runtime reads these from the environment as it starts, and from nowhere else.
 */
export const RELUCTANT_COMPILER: Readonly<Record<string, string>> = {
  BUN_JSC_thresholdForOMGOptimizeAfterWarmUp: "20000000",
  BUN_JSC_thresholdForOMGOptimizeSoon: "5000000",
};

/**
 * Takes the settings out of the environment again, so that nothing else sees them.
 * @returns whether this process runs with them
 */
export function takeOutOf(env: Record<string, string | undefined>): boolean {
  const names = Object.keys(RELUCTANT_COMPILER);
  if (!names.every((name) => env[name] === RELUCTANT_COMPILER[name])) return false;
  for (const name of names) delete env[name];
  return true;
}

/**
 * Begins this process anew with the settings: the same process, files and arguments. To be called before anything was
 * done. Where a process cannot do that, such as on Windows, it goes on as it is.
 */
export function beginAnew(argv: readonly string[]): void {
  if (typeof process.execve !== "function" || process.platform === "win32") return;
  // What stands in the place of a closed one would be taken for one that is open.
  if ([0, 1, 2].some(wasClosed)) return;
  // It says that it is experimental.
  const emitWarning = process.emitWarning.bind(process);
  process.emitWarning = () => {};
  try {
    process.execve(process.execPath, [process.execPath, ...argv], { ...process.env, ...RELUCTANT_COMPILER });
  } catch {
    // Nothing depends on it: the executable may have been replaced since it was started.
  } finally {
    process.emitWarning = emitWarning;
  }
}
