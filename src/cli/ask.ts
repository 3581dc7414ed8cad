import { ConfitureError } from "#errors/error.ts";
import type { Io } from "./io.ts";
import { forPeople } from "./output/style.ts";

/**
 * Asks somebody on a terminal, on standard error.
 * @param undone what an interrupt leaves undone: "nothing was written"
 * @returns the answer without the space around it, empty at the end of the input
 * @throws ConfitureError `interrupted`
 */
export async function ask({ stdin, stderr, signal }: Io, question: string, undone: string): Promise<string> {
  await stdin.discardTyped();
  stderr.write(forPeople(question));
  const answer = await stdin.readLine(signal);
  if (signal.aborted) throw new ConfitureError("interrupted", `Interrupted; ${undone}`);
  // The end of the input ends no line.
  if (answer === undefined) stderr.write("\n");
  return (answer ?? "").trim();
}
