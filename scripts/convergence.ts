/**
 * Random edits of random schemas on the PostgreSQL inside, in both directions: `scripts/convergence [--pairs N]`.
 * Prints its seed (CONFITURE_SEED replays it) and writes the figures into docs/convergence.md.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { convergeBothWays, type Outcome } from "../tests/support/convergence.ts";
import { EmptiedDatabase } from "../tests/support/golden.ts";
import { SEED } from "../tests/unit/sql/random.ts";

const DOCUMENT = join(import.meta.dir, "..", "docs", "convergence.md");
const BEGIN = "<!-- figures: begin -->";
const END = "<!-- figures: end -->";

async function main(emptied: EmptiedDatabase): Promise<void> {
  const { values } = parseArgs({ options: { pairs: { type: "string", default: "500" } } });
  console.log(`CONFITURE_SEED=${SEED}`);
  const outcomes: Outcome[] = [];
  for (let round = 0; outcomes.length < Number(values.pairs); round++) {
    for (const outcome of await convergeBothWays(emptied, SEED + round)) {
      outcomes.push(outcome);
      if (outcome !== undefined) console.log(`Seed ${SEED + round}, ${outcome.kind}: ${outcome.reason}`);
    }
  }
  await writeFigures(render(outcomes));
}

function render(outcomes: readonly Outcome[]): string {
  const count = (kind: "refused" | "unproven" | undefined): number =>
    outcomes.filter((outcome) => outcome?.kind === kind).length;
  const reasons = new Map<string, number>();
  for (const outcome of outcomes) {
    if (outcome?.kind !== "refused") continue;
    const reason = withoutNames(outcome.reason);
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
  const rows = [...reasons]
    .toSorted(([, left], [, right]) => right - left)
    .map(([reason, times]) => `| refused: ${reason} | ${times} |\n`);
  return `Run of ${new Date().toISOString().slice(0, 10)}, seed ${SEED}.

| | pairs |
|---|---:|
| planned | ${outcomes.length} |
| proven | ${count(undefined)} |
| refused | ${count("refused")} |
| planned, but not proven | ${count("unproven")} |
${rows.join("")}`;
}

/** The first line of a reason, with what it names left out, so that equal reasons are counted together. */
function withoutNames(reason: string): string {
  return reason
    .split("\n", 1)[0]!
    .replaceAll(/"[^"]*"/g, '"…"')
    .replaceAll("|", "\\|");
}

async function writeFigures(text: string): Promise<void> {
  const document = await readFile(DOCUMENT, "utf8");
  const [before, rest] = document.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error(`${DOCUMENT} has no place for the figures`);
  await writeFile(DOCUMENT, `${before}${BEGIN}\n\n${text}\n${END}${after}`);
}

const emptied = new EmptiedDatabase(async () => ({ engine: "embedded" }));
try {
  await main(emptied);
} finally {
  await emptied.close();
}
