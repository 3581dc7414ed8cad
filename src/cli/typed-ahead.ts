import { isTerminal } from "./standard-output.ts";

/** Throws away what was typed at the terminal of standard input, where it is one: only a question that is shown has an answer. */
export async function discardTyped(): Promise<void> {
  if (!isTerminal(0)) return;
  const { discardTypedAhead } = await import("#files/typed-ahead.ts");
  discardTypedAhead(process.stdin);
}
