/**
 * Everything that has to hold before a change is good, cheapest first; stops at the first failure.
 * `scripts/test` runs this after the installation; arguments go to `bun test`, except for `--all`, which also runs the tests
 * that take long (`long` in tests/support/long.ts). Files that are named are tried as a whole.
 */
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { RELUCTANT_COMPILER } from "../src/cli/reluctant-compiler.ts";
import { TestProgress } from "./test-progress.ts";

/** Test files that run at a time, one more than there are cores: they wait for servers and for the executable half of the time. Each takes up to 2 GB. */
const WORKERS = Math.min(availableParallelism() + 1, 4);

const isAll = process.argv.includes("--all");
const given = process.argv.slice(2).filter((arg) => arg !== "--all");
/** Nobody has named files. */
const isWhole = given.every((arg) => arg.startsWith("-"));

const STEPS: readonly (readonly [heading: string, ...command: string[]])[] = [
  ["Format", "oxfmt", "--check"],
  ["Lint", "oxlint", "--type-aware"],
  ["Types", "tsc"],
  ["Unused files, exports and dependencies", "knip"],
  ["Build", "build"],
  // The first test on a server also waits for initdb; setDefaultTimeout in the preload file reaches the first file only.
  // Each worker has servers of its own, which the files that it runs share. Those that take longest begin first;
  // `scripts/test --update-timings` measures that anew.
  [
    "Tests",
    "test",
    "--timeout=60000",
    `--parallel=${WORKERS}`,
    "--no-isolate",
    "--timings=tests/timings.json",
    ...given,
  ],
];

const root = join(import.meta.dir, "..");
for (const [heading, ...command] of STEPS) {
  console.log(`\n== ${heading}`);
  // --bun: the tools run on Bun too, so that a machine without Node can run the check.
  const run = command[0] === "test" ? command : ["--bun", "--silent", "run", ...command];
  const watched = command[0] === "test" && isWhole ? await watch() : undefined;
  const child = Bun.spawn([process.execPath, ...run], {
    cwd: root,
    stdio: ["ignore", "inherit", watched === undefined ? "inherit" : "pipe"],
    // As the executable runs: the tests have its PostgreSQL in their own processes. These give no memory back before their
    // end, since they would soon want it again: half of the system's time went into that.
    env: {
      ...process.env,
      ...RELUCTANT_COMPILER,
      MIMALLOC_PURGE_DELAY: "-1",
      ...(isAll || !isWhole ? { CONFITURE_TEST_ALL: "1" } : {}),
      ...(process.stderr.isTTY ? { FORCE_COLOR: "1" } : {}),
    },
  });
  if (child.stderr !== undefined) await watched?.(child.stderr);
  const exitCode = await child.exited;
  if (exitCode !== 0) {
    console.log(`\n${heading}: failed`);
    process.exitCode = exitCode;
    break;
  }
}

/** Says how long all tests will take. @returns what passes their output on, and says now and then how far they are */
async function watch(): Promise<(output: ReadableStream<Uint8Array>) => Promise<void>> {
  const { files } = (await Bun.file(join(root, "tests", "timings.json")).json()) as { files: Record<string, number> };
  const progress = new TestProgress(files, WORKERS, performance.now());
  console.log(progress.expectation);
  return async (output) => {
    const decoder = new TextDecoder();
    for await (const piece of output) {
      process.stderr.write(piece);
      const said = progress.read(decoder.decode(piece, { stream: true }), performance.now());
      if (said !== undefined) console.log(`== ${said}`);
    }
  };
}
