/**
 * What Bun's runtime reads from the environment: options that run other code, watch files or wait for a debugger, and
 * switches that change how it works. They are meant for Bun, and may be set where Confiture runs (in an image for
 * continuous integration, by a tool that instruments programs). The runtime acts upon them before the first line of our
 * own, so that only the runtime itself can be kept from it. What ends in an underscore stands for all that begin so.
 */
const NAMES: readonly string[] = [
  "BUN_OPTIONS",
  "BUN_BE_BUN",
  "BUN_INSPECT",
  "BUN_CONFIG_",
  "BUN_CRASH_REPORT_URL",
  "BUN_DISABLE_",
  "BUN_ENABLE_CRASH_REPORTING",
  "BUN_FEATURE_FLAG_",
  "BUN_GARBAGE_COLLECTOR_LEVEL",
  "BUN_GC_",
  "BUN_INTERNAL_",
  "BUN_RUNTIME_TRANSPILER_CACHE_PATH",
  "BUN_TRACE",
  "BUN_WATCHER_TRACE",
  "NODE_CHANNEL_FD",
  "NODE_EXTRA_CA_CERTS",
  "NODE_TLS_REJECT_UNAUTHORIZED",
];

/** Without these a runtime is not the one that this was written for. */
const CERTAIN: ReadonlySet<string> = new Set(["BUN_OPTIONS", "BUN_BE_BUN", "BUN_INSPECT"]);

/** Not a letter, because names of variables have no case on Windows; part of a name, because some stand in JavaScript. */
const OTHER_FIRST = "_".charCodeAt(0);

/**
 * Gives the variables that Bun's runtime reads other names in the compiled executable, which nobody sets.
 * @throws Error when it cannot find those that matter
 */
export function deafen(executable: Uint8Array): void {
  const bytes = Buffer.from(executable.buffer, executable.byteOffset, executable.byteLength);
  for (const name of NAMES) {
    let count = 0;
    for (const encoding of ["latin1", "utf16le"] as const) {
      const wanted = Buffer.from(name, encoding);
      for (let at = bytes.indexOf(wanted); at >= 0; at = bytes.indexOf(wanted, at + 1)) {
        bytes[at] = OTHER_FIRST;
        count++;
      }
    }
    if (count === 0 && CERTAIN.has(name)) throw new Error(`Bun's runtime no longer holds the name ${name}`);
  }
}
