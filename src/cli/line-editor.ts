import type { Editor, EditorOptions } from "./io.ts";

/** Lines of a terminal, with the keys that people know from a shell. Apart from `main.ts`, since few commands load node:readline. */
export async function openEditor({ history, onInterrupt }: EditorOptions): Promise<Editor> {
  const { createInterface } = await import("node:readline");
  const editor = createInterface({
    input: process.stdin,
    output: process.stderr,
    terminal: true,
    // Newest first.
    history: history.toReversed(),
    historySize: 1000,
    removeHistoryDuplicates: true,
  });
  let waiting: ((line: string | undefined | null) => void) | undefined;
  let closed = false;
  const lines: string[] = [];
  const answer = (line: string | undefined | null): void => {
    const resolve = waiting;
    waiting = undefined;
    resolve?.(line);
  };
  editor.on("line", (line) => {
    // More than one where text is pasted.
    if (waiting === undefined) lines.push(line);
    else answer(line);
  });
  editor.on("close", () => {
    closed = true;
    answer(undefined);
  });
  editor.on("SIGINT", () => {
    if (waiting === undefined) return onInterrupt();
    process.stderr.write("^C\n");
    lines.length = 0;
    // Empties the line, too.
    editor.write(null, { ctrl: true, name: "e" });
    editor.write(null, { ctrl: true, name: "u" });
    answer(null);
  });
  return {
    read(prompt) {
      const next = lines.shift();
      if (next !== undefined) return Promise.resolve(next);
      if (closed) return Promise.resolve(undefined);
      return new Promise((resolve) => {
        waiting = resolve;
        editor.setPrompt(prompt);
        editor.prompt();
      });
    },
    letSignals(through) {
      if (process.stdin.isTTY) process.stdin.setRawMode(!through);
    },
    close: () => editor.close(),
  };
}
