import type { DecideRenames } from "#compare/generate/rename-first.ts";
import { newName, type PossibleRename, type Rename } from "#compare/generate/renames.ts";
import { ConfitureError } from "#errors/error.ts";
import type { Io } from "./io.ts";
import { forPeople } from "./output/style.ts";

/** Asks on a terminal, on standard error, which of the possible renames are meant. */
export function askRenames({ stdin, stderr, signal }: Io): DecideRenames {
  const ask = async (question: string): Promise<string> => {
    stderr.write(forPeople(question));
    const answer = await stdin.readLine(signal);
    if (signal.aborted) throw new ConfitureError("interrupted", "Interrupted; nothing was written");
    if (answer === undefined) stderr.write("\n");
    return (answer ?? "").trim().toLowerCase();
  };
  return async (possible) => {
    const chosen: Rename[] = [];
    for (const from of new Set(possible.map((rename) => rename.from))) {
      const open = possible.filter((rename) => rename.from === from && !chosen.some(({ to }) => to === rename.to));
      const rename = open.length === 1 ? await askOne(open[0]!, ask) : await askWhich(open, ask);
      if (rename !== undefined) chosen.push(rename);
    }
    return chosen;
  };
}

type Ask = (question: string) => Promise<string>;

async function askOne(rename: PossibleRename, ask: Ask): Promise<Rename | undefined> {
  for (;;) {
    const answer = await ask(`Was ${rename.kind} ${rename.from} renamed to ${newName(rename)}? [y/N] `);
    if (answer === "y" || answer === "yes") return rename;
    if (answer === "" || answer === "n" || answer === "no") return undefined;
  }
}

async function askWhich(renames: readonly PossibleRename[], ask: Ask): Promise<Rename | undefined> {
  const [first] = renames;
  if (first === undefined) return undefined;
  const choices = renames.map((rename, index) => `  ${index + 1}) ${newName(rename)}\n`).join("");
  for (;;) {
    const answer = await ask(`Was ${first.kind} ${first.from} renamed?\n${choices}Number, or Enter for no: `);
    if (answer === "" || answer === "n" || answer === "no") return undefined;
    const chosen = renames.find((rename, index) => answer === String(index + 1) || answer === newName(rename));
    if (chosen !== undefined) return chosen;
  }
}
