import type * as NodeConsole from "node:console";
import { keepDescriptors } from "./descriptors.ts";

/** What sets something for the whole process. The same calls throw in the threads of Node. */
const FOR_THE_PROCESS = ["chdir", "setuid", "seteuid", "setgid", "setegid", "setgroups", "initgroups"] as const;

/** Methods of `console` that write to standard output. */
const PRINTS = "log info debug dir dirxml table group groupCollapsed count timeEnd timeLog clear".split(" ");

/**
 * Makes the surroundings of a migration those of a guest: standard output belongs to the results of the tool, and the
 * process is not the migration's to end or change.
 * @param end is told of a call that would end the process, and ends the thread
 */
export function keepHouse(end: (call: string, stack: string) => void): void {
  const { pid } = process;
  const exit = process.exit.bind(process);
  const kill = process.kill.bind(process);
  const umask = process.umask.bind(process);
  const stop = (call: string): never => {
    end(call, String(new Error("called here").stack));
    exit(1);
    throw new Error(`${call} ends the migration`);
  };
  const replaced: Record<string, unknown> = {
    exit: (code?: number | string | null) => stop(`process.exit(${code ?? ""})`),
    reallyExit: () => stop("process.reallyExit()"),
    abort: () => stop("process.abort()"),
    execve: () => stop("process.execve()"),
    kill: (target: number, signal?: string | number) => {
      if (signal === 0 || (target !== pid && target !== 0 && target !== -pid)) return kill(target, signal);
      return stop("process.kill() of this process");
    },
    umask: (mask?: string | number) => (mask === undefined ? umask() : forbidden("umask")),
  };
  for (const name of FOR_THE_PROCESS) replaced[name] = () => forbidden(name);
  Object.assign(process, replaced);

  let onStderr: NodeConsole.Console | undefined;
  const printing: Record<string, unknown> = {};
  for (const name of PRINTS) {
    printing[name] = (...values: unknown[]): void => {
      onStderr ??= newConsole();
      (onStderr as unknown as Record<string, (...all: unknown[]) => void>)[name]?.(...values);
    };
  }
  // In a thread the module is another object than the global.
  for (const one of [console, process.getBuiltinModule("node:console")]) Object.assign(one, printing);
  Object.defineProperty(process, "stdout", { configurable: true, get: () => process.stderr });
  (Bun as { stdout: unknown }).stdout = Bun.stderr;
  const file = Bun.file.bind(Bun);
  (Bun as { file: unknown }).file = (path: unknown, ...rest: unknown[]) =>
    path === 1 ? Bun.stderr : (file as (...all: unknown[]) => unknown)(path, ...rest);
  keepDescriptors(process.getBuiltinModule("node:fs"));
}

/** Loaded when it is needed, and never before what a migration may import of it has been replaced: an import would be. */
function newConsole(): NodeConsole.Console {
  const { Console } = process.getBuiltinModule("node:console");
  return new Console(process.stderr, process.stderr);
}

function forbidden(name: string): never {
  throw new Error(`process.${name}() would change the whole process, which a migration shares; it is not available`);
}
