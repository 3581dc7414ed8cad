/** Functions of node:fs that write to the descriptor that is their first argument. */
const WRITES = ["write", "writeSync", "writev", "writevSync", "writeFile", "writeFileSync"];
const APPENDS = ["appendFile", "appendFileSync"];
/** Those that close it, or take away what was written to it. */
const ENDS = ["close", "closeSync", "ftruncate", "ftruncateSync"];

const STDOUT = 1;
const STDERR = 2;

/**
 * Keeps the standard streams of the process from what a migration does with their numbers: what is written to standard
 * output goes to standard error, and none of them can be closed. Another file would get the number, and with it what the
 * tool prints.
 * @param nodeFs the module node:fs
 */
export function keepDescriptors(nodeFs: object): void {
  const fs = nodeFs as Record<string, (...all: unknown[]) => unknown>;
  for (const name of [...WRITES, ...APPENDS]) {
    const original = fs[name]!;
    fs[name] = (to, ...rest) => original(to === STDOUT ? STDERR : to, ...rest);
  }
  for (const name of ENDS) {
    const original = fs[name]!;
    fs[name] = (descriptor, ...rest) => {
      if (descriptor === 0 || descriptor === STDOUT || descriptor === STDERR) throw ofTheProcess(`fs.${name}`);
      return original(descriptor, ...rest);
    };
  }
  const createWriteStream = fs["createWriteStream"]!;
  fs["createWriteStream"] = (path, options) =>
    typeof options === "object" && options !== null && "fd" in options && options.fd === STDOUT
      ? createWriteStream(path, { ...options, fd: STDERR, autoClose: false })
      : createWriteStream(path, options);
}

function ofTheProcess(call: string): Error {
  return new Error(`${call}() of a standard stream would close it for the whole process; it is not available`);
}
