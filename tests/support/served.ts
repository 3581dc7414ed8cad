import { BINARY, builtBinary, type RunResult } from "./cli.ts";

/** A running `db serve`, and where it is. */
export interface ServedDatabase extends AsyncDisposable {
  readonly url: string;
  readonly socketUrl: string;
  readonly port: number;
  readonly process: Bun.Subprocess;
  readonly result: Promise<Omit<RunResult, "stdout">>;
}

/** Serves the embedded database of a project until the end of the block. */
export async function serve(
  dir: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<ServedDatabase> {
  await builtBinary();
  const child = Bun.spawn([BINARY, "db", "serve", "--format", "json", ...args], {
    cwd: dir,
    env: { PATH: process.env["PATH"] ?? "", HOME: dir, TZ: "UTC", ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const stderr = child.stderr.text();
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of child.stdout) {
    text += decoder.decode(chunk);
    if (text.endsWith("}\n")) break;
  }
  if (text === "") throw new Error(`db serve did not start: ${await stderr}`);
  const { url, socketUrl, port } = JSON.parse(text) as { url: string; socketUrl: string; port: number };
  const result = (async () => ({ exitCode: await child.exited, stderr: await stderr }))();
  return {
    url,
    socketUrl,
    port,
    process: child,
    result,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await child.exited;
    },
  };
}
