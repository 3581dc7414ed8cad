/**
 * Lets schema files follow the migration of each folder in tests/golden, and likely migrations of the public projects whose
 * folders are in `--trees DIR`; counts what was edited in place, replaced and appended. The figures go into
 * docs/verification.md. `--only TEXT` takes folders, and `--only "TREE, KIND"` migrations, that
 * have the text in their names, and leaves the figures as they are; `--show` prints
 * what becomes of the files. `--part 2/4 --figures FILE` does a part: the figures add up in FILE, and go into the document with
 * the last one.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { ScratchSite } from "../src/compare/scratch/site.ts";
import { readGoldens } from "../tests/support/golden.ts";
import { likelyFor, readTrees } from "../tests/support/schema-trees.ts";
import { updateGolden, type UpdateOutcome, updateTree } from "../tests/support/schema-update.ts";

const DOCUMENT = join(import.meta.dir, "..", "docs", "verification.md");

const { values } = parseArgs({
  options: {
    trees: { type: "string" },
    only: { type: "string", default: "" },
    show: { type: "boolean", default: false },
    part: { type: "string", default: "1/1" },
    figures: { type: "string" },
  },
});
const [part = 1, parts = 1] = values.part.split("/").map(Number);

/** What is said of each way to follow a difference. */
const HOWS = {
  edited: "edited inside a statement",
  renamed: "renamed wherever it is named",
  replaced: "a whole statement replaced",
  removed: "a statement removed",
  added: "a new statement",
  appended: "appended as ALTER or another statement",
};

interface Figures {
  /** Names of the trees, or of nothing where it is about golden folders. */
  readonly of: string[];
  readonly outcomes: Record<UpdateOutcome["kind"], number>;
  readonly edits: Record<string, number>;
}

const figures = await earlierFigures();
/** Emptied faster than a server makes a database. */
const scratch: ScratchSite = { engine: "embedded" };
if (values.trees === undefined) {
  for (const golden of partOf((await readGoldens()).filter(({ name }) => name.includes(values.only)))) {
    note(golden.name, await updateGolden(golden, scratch));
  }
} else {
  const [wanted = "", kind = ""] = values.only.split(", ");
  const trees = (await readTrees(values.trees, scratch)).filter(({ name }) => name.includes(wanted));
  for (const tree of partOf(trees)) {
    figures.of.push(tree.name);
    for (const migration of await likelyFor(tree)) {
      if (migration.name.includes(kind)) note(`${tree.name}, ${migration.name}`, await updateTree(tree, migration));
    }
  }
}
console.log(JSON.stringify(figures));
if (values.figures !== undefined) await writeFile(values.figures, JSON.stringify(figures));
if (values.only === "" && part === parts) await writeFigures();

function partOf<T>(all: readonly T[]): readonly T[] {
  return all.filter((_, index) => index % parts === part - 1);
}

function note(name: string, outcome: UpdateOutcome): void {
  figures.outcomes[outcome.kind]++;
  if (outcome.kind !== "updated") {
    console.log(`${name}: ${outcome.kind}: ${outcome.kind === "wrong" ? outcome.different : outcome.reason}`);
    if (outcome.kind === "wrong" && values.show) console.log(outcome.diff);
    return;
  }
  const { edits, diff } = outcome;
  for (const { how } of edits) figures.edits[how] = (figures.edits[how] ?? 0) + 1;
  const levels = [...new Set(edits.map(({ level }) => level))].join(" ");
  console.log(`${name}: ${edits.map(({ how }) => how).join(" ")} (${levels})`);
  for (const { how, sql, level } of edits) {
    if (how === "appended") console.log(`    ${level}: ${sql.replaceAll(/\s+/g, " ").slice(0, 150)}`);
  }
  if (values.show) console.log(diff);
}

async function earlierFigures(): Promise<Figures> {
  if (values.figures !== undefined && part > 1) return JSON.parse(await readFile(values.figures, "utf8")) as Figures;
  return { of: [], outcomes: { updated: 0, refused: 0, wrong: 0 }, edits: {} };
}

async function writeFigures(): Promise<void> {
  const which = values.trees === undefined ? "golden folders" : "public trees";
  const { of, outcomes, edits } = figures;
  const all = outcomes.updated + outcomes.refused + outcomes.wrong;
  const what =
    values.trees === undefined
      ? `Of the ${all} folders in \`tests/golden\``
      : `Of ${all} migrations of ${of.length} projects (${of.join(", ")})`;
  const lines = [
    `${what}, ${outcomes.updated} are brought into the schema files and proven, ${outcomes.refused} are refused, and ${outcomes.wrong} are wrong.\n`,
    "| what was done | how often |\n|---|---|",
    ...Object.entries(HOWS).map(([how, words]) => `| ${words} | ${edits[how] ?? 0} |`),
  ];
  const text = await readFile(DOCUMENT, "utf8");
  const [begin, end] = [`<!-- schema update, ${which}: begin -->\n`, `<!-- schema update, ${which}: end -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < 0) throw new Error(`${DOCUMENT} has no place for the figures of ${which}`);
  await writeFile(DOCUMENT, `${text.slice(0, from + begin.length)}\n${lines.join("\n")}\n\n${text.slice(to)}`);
}
