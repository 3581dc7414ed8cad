import type { DecideRenames } from "#compare/generate/rename-first.ts";
import { newName, type PossibleRename, type Rename } from "#compare/generate/renames.ts";
import { ask } from "./ask.ts";
import type { Io } from "./io.ts";

/** Asks on a terminal, on standard error, which of the possible renames are meant. */
export function askRenames(io: Io): DecideRenames {
  return async (possible) => {
    const chosen: Rename[] = [];
    for (const from of new Set(possible.map((rename) => rename.from))) {
      const open = possible.filter((rename) => rename.from === from && !chosen.some(({ to }) => to === rename.to));
      const rename = open.length === 1 ? await askOne(io, open[0]!) : await askWhich(io, open);
      if (rename !== undefined) chosen.push(rename);
    }
    return chosen;
  };
}

async function answerTo(io: Io, question: string): Promise<string> {
  return (await ask(io, question, "nothing was written")).toLowerCase();
}

async function askOne(io: Io, rename: PossibleRename): Promise<Rename | undefined> {
  for (;;) {
    const answer = await answerTo(io, `Was ${rename.kind} ${rename.from} renamed to ${newName(rename)}? [y/N] `);
    if (answer === "y" || answer === "yes") return rename;
    if (answer === "" || answer === "n" || answer === "no") return undefined;
  }
}

async function askWhich(io: Io, renames: readonly PossibleRename[]): Promise<Rename | undefined> {
  const [first] = renames;
  if (first === undefined) return undefined;
  const choices = renames.map((rename, index) => `  ${index + 1}) ${newName(rename)}\n`).join("");
  for (;;) {
    const answer = await answerTo(io, `Was ${first.kind} ${first.from} renamed?\n${choices}Number, or Enter for no: `);
    if (answer === "" || answer === "n" || answer === "no") return undefined;
    const chosen = renames.find((rename, index) => answer === String(index + 1) || answer === newName(rename));
    if (chosen !== undefined) return chosen;
  }
}
