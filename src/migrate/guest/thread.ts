import { type MessagePort, workerData } from "node:worker_threads";
import { connectMigration, Migration } from "../migration.ts";
import { faultOf, shown } from "./fault.ts";
import type { Fault, FromGuest, GuestFacts, Said, ToGuest } from "./messages.ts";
import { GuestStatements, Outcome } from "./statements.ts";
import { keepHouse } from "./surroundings.ts";

/**
 * The thread that TypeScript migrations run in. It knows no database: it asks for statements, and the runner, which it
 * cannot harm or hold up, runs them.
 */
const { port, settled } = workerData as { readonly port: MessagePort; readonly settled: SharedArrayBuffer };
const count = new Int32Array(settled);
// A migration may replace the globals of its thread.
const nextTurn = setImmediate;
let statements: GuestStatements | undefined;
/** What the files export that were loaded, by their paths. */
const classes = new Map<string, new () => Migration>();
let onNothingOpen: (() => void) | undefined;

const post = (message: FromGuest): void => port.postMessage(message);

keepHouse((call, stack) => post({ type: "ends", call, stack }));
const stray = (thrown: unknown): void => post({ type: "stray", fault: faultOf(thrown) });
process.on("uncaughtException", stray).on("unhandledRejection", stray);
// The event loop itself knows what is open: timers, reads, sockets. A thread that is kept here stays for the next task.
process.on("beforeExit", () => {
  if (onNothingOpen === undefined) return;
  port.ref();
  onNothingOpen();
  onNothingOpen = undefined;
});
// Makes `import { Migration } from "confiture"` work for files on disk, with no node_modules.
Bun.plugin({
  name: "confiture",
  setup(build) {
    build.module("confiture", () => ({ exports: { Migration }, loader: "object" }));
  },
});

port.on("message", (message: ToGuest) => {
  if (message.type === "done" || message.type === "refused") statements?.take(message);
  else void perform(message);
});

async function perform(task: ToGuest & { readonly type: "load" | "run" }): Promise<void> {
  // See GuestStatements: while the migration waits, the runner does not keep its thread.
  port.unref();
  let over: FromGuest;
  try {
    over = task.type === "load" ? await load(task.paths) : await run(task.path, task.method);
  } catch (thrown) {
    over = { type: "over", fault: faultOf(thrown) };
  }
  port.ref();
  post(over);
}

/** Loads files until one cannot be. */
async function load(paths: readonly string[]): Promise<FromGuest> {
  for (const path of paths) {
    const outcome = await loadFile(path);
    if (outcome.type !== "loaded") return outcome;
    post(outcome);
  }
  return { type: "over", fault: undefined };
}

async function loadFile(path: string): Promise<FromGuest> {
  const exported = ((await import(path)) as { default?: unknown }).default;
  const empty = { hasUp: false, hasDown: false, transactional: true, version: undefined, name: undefined };
  if (exported === undefined) return { type: "loaded", facts: { exports: "nothing", ...empty } };
  if (typeof exported !== "function" || !(exported.prototype instanceof Migration)) {
    return { type: "loaded", facts: { exports: "something else", ...empty } };
  }
  const MigrationClass = exported as new () => Migration;
  classes.set(path, MigrationClass);
  try {
    const sample = new MigrationClass();
    const facts: GuestFacts = {
      exports: "migration",
      hasUp: typeof sample.up === "function",
      hasDown: typeof sample.down === "function",
      transactional: sample.transaction !== false,
      version: said(sample.version),
      name: said(sample.name),
    };
    return { type: "loaded", facts };
  } catch (thrown) {
    return { type: "over", fault: { ...faultOf(thrown), constructing: true } };
  }
}

function said(value: unknown): Said | undefined {
  if (value === undefined) return undefined;
  return { text: typeof value === "string" ? value : undefined, shown: shown(value) };
}

function isGenerator(value: unknown): boolean {
  return /^\[object (?:Async)?Generator\]$/.test(Object.prototype.toString.call(value));
}

function generatorText(method: string): string {
  return `it is a generator, and nobody asks that for its next step. Write async ${method}() without the *, and await in place of yield.`;
}

async function run(path: string, method: "up" | "down"): Promise<FromGuest> {
  const MigrationClass = classes.get(path) ?? ((await import(path)) as { default: new () => Migration }).default;
  // A new instance and a new sink, so that nothing is left over from an earlier run.
  const mine = new GuestStatements(path, port, count);
  statements = mine;
  const migration = new MigrationClass();
  connectMigration(migration, mine);
  let fault: Fault | undefined;
  try {
    const outcome: unknown = migration[method]?.();
    if (isGenerator(outcome)) fault = { text: generatorText(method), stack: undefined };
    // That of a statement is waited for below.
    else if (!(outcome instanceof Outcome)) await outcome;
  } catch (thrown) {
    fault = faultOf(thrown);
  }
  if (fault === undefined && (await hasAskedAll(mine))) {
    mine.end();
    post({ type: "asked-all" });
    await mine.settle();
    return { type: "over", fault };
  }
  // Also for what is asked for by code that nobody awaits.
  let seen: number;
  do {
    seen = mine.asked;
    await mine.settle();
    await new Promise((resolve) => nextTurn(resolve));
  } while (seen !== mine.asked);
  mine.end();
  if (fault === undefined && !mine.failed) {
    post({ type: "ended" });
    await nothingIsOpen();
  }
  return { type: "over", fault };
}

/** Whether no statement follows those under way, of which it does not matter then what becomes of them. */
async function hasAskedAll(mine: GuestStatements): Promise<boolean> {
  if (!mine.isLeftAlone) return false;
  port.unref();
  await Promise.race([nothingIsOpen(), mine.settle()]);
  onNothingOpen = undefined;
  return mine.isLeftAlone;
}

/** Waits until there are no timers, reads or sockets of a migration's. */
async function nothingIsOpen(): Promise<void> {
  await new Promise<void>((resolve) => (onNothingOpen = resolve));
}
