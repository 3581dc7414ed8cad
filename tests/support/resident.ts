import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BINARY, builtBinary } from "./cli.ts";
import { runInOrder } from "./in-process.ts";

/** What the program in the folder asks for. */
interface CommandLine {
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** The program: has this process do it, and writes what comes back. */
const CLIENT = `
  const { writeSync } = require("node:fs");
  const [socket, ...args] = process.argv.slice(2);
  const request = { args, cwd: process.cwd(), env: process.env };
  const response = await fetch("http://resident/", { unix: socket, method: "POST", body: JSON.stringify(request) });
  const { exitCode, pieces } = await response.json();
  for (const [to, text] of pieces) writeSync(to === "stdout" ? 1 : 2, text);
  process.exit(exitCode);
`;

/**
 * A folder to put before PATH in which \`confiture\` runs in this process, where the embedded engine is warm: for long
 * documents of many commands, when others prove that the executable does the same. What reads its input or goes on in the
 * background is run by the executable.
 */
export async function residentFolder(): Promise<{ readonly path: string } & AsyncDisposable> {
  await builtBinary();
  const path = await mkdtemp(join(tmpdir(), "confiture-resident-"));
  const socket = join(path, "socket");
  const server = Bun.serve({
    unix: socket,
    async fetch(message, serving) {
      // A command may take its time.
      serving.timeout(message, 0);
      const { args, cwd, env } = (await message.json()) as CommandLine;
      const { exitCode, pieces } = await runInOrder(args, { cwd, env, homeDirectory: env["HOME"] ?? cwd });
      return Response.json({ exitCode, pieces });
    },
  });
  await writeFile(join(path, "client.js"), CLIENT);
  const program = join(path, "confiture");
  const { execPath } = process;
  await writeFile(
    program,
    `#!/bin/sh
case " $* " in *" - "* | *"FROM STDIN "* | *" serve "*) exec '${BINARY}' "$@" ;; esac
exec '${execPath}' '${join(path, "client.js")}' '${socket}' "$@"
`,
  );
  await chmod(program, 0o755);
  return {
    path,
    async [Symbol.asyncDispose]() {
      await server.stop(true);
      await rm(path, { recursive: true, force: true });
    },
  };
}
