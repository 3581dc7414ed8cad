import { ConfitureError } from "#errors/error.ts";
import { readAtOnce } from "#files/descriptor.ts";

/** An ended stream does not say so a second time. */
let inputEnded = false;

/** A terminal hands over whole lines. The stream is opened only now: an open one would keep the process from ending. */
export function readLine(signal: AbortSignal): Promise<string | undefined> {
  const { stdin } = process;
  return new Promise((resolve) => {
    const end = (line: string | undefined): void => {
      stdin.off("data", onData).off("end", onEnd).pause();
      signal.removeEventListener("abort", onEnd);
      resolve(line);
    };
    let text = "";
    const onData = (data: Buffer): void => {
      text += data.toString();
      const newline = text.indexOf("\n");
      if (newline >= 0) end(text.slice(0, newline).replace(/\r$/, ""));
    };
    const onEnd = (): void => {
      inputEnded ||= !signal.aborted;
      end(undefined);
    };
    if (signal.aborted || inputEnded) onEnd();
    else {
      signal.addEventListener("abort", onEnd);
      stdin.on("data", onData).on("end", onEnd).resume();
    }
  });
}

/** Everything to its end; undefined when the signal came first. */
export async function readAll(signal: AbortSignal): Promise<Uint8Array | undefined> {
  const read: Uint8Array[] = [];
  try {
    for await (const piece of pieces(signal)) read.push(piece);
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
  return Buffer.concat(read);
}

/**
 * Standard input as it comes.
 * @throws ConfitureError `interrupted` when the signal comes before its end
 */
export async function* pieces(signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const reader = Bun.stdin.stream().getReader();
  const stop = (): void => void reader.cancel().catch(() => {});
  signal.addEventListener("abort", stop);
  try {
    for (;;) {
      const { done, value } = signal.aborted ? { done: true, value: undefined } : await reader.read();
      // A reader that was stopped says that it is at the end.
      if (signal.aborted) throw new ConfitureError("interrupted", "Interrupted");
      if (done) return;
      if (value !== undefined) yield value;
    }
  } finally {
    signal.removeEventListener("abort", stop);
    // One that is left open would keep the process.
    stop();
  }
}

/** As `pieces`, for work that cannot wait: this thread stands still until there is more. */
export function* piecesNow(): Generator<Uint8Array> {
  for (;;) {
    const piece = readAtOnce(0);
    if (piece.length === 0) return;
    yield piece;
  }
}
