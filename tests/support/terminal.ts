import { BINARY, builtBinary } from "./cli.ts";

/** What somebody waits for on the screen, and then types, perhaps after having done something else. */
export type Dialogue = readonly (readonly [question: RegExp, keys: string | (() => Promise<string>)])[];

/**
 * Runs the executable for somebody at a terminal, who waits for each question and types the answer.
 * @param ahead what is typed before the executable has begun
 */
export async function atTerminal(
  dir: string,
  args: readonly string[],
  dialogue: Dialogue,
  { columns = 200, ahead = "" }: { columns?: number; ahead?: string } = {},
): Promise<{ exitCode: number; screen: string }> {
  await builtBinary();
  let screen = "";
  let shown = 0;
  const open = [...dialogue];
  const child = Bun.spawn([BINARY, ...args], {
    cwd: dir,
    env: { PATH: process.env["PATH"] ?? "", HOME: dir, TERM: "xterm", TZ: "UTC" },
    terminal: {
      cols: columns,
      rows: 50,
      data(terminal, data) {
        screen += new TextDecoder().decode(data);
        const [next] = open;
        if (next === undefined || !next[0].test(screen.slice(shown))) return;
        shown = screen.length;
        open.shift();
        const keys = next[1];
        if (typeof keys === "string") terminal.write(keys);
        else void keys().then((typed) => terminal.write(typed));
      },
    },
  });
  if (ahead !== "") child.terminal?.write(ahead);
  const exitCode = await child.exited;
  child.terminal?.close();
  return { exitCode, screen: screen.replaceAll("\r\n", "\n") };
}
