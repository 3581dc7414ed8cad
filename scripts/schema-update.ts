/**
 * Lets schema files follow the migration of each folder in tests/golden, and likely migrations of the public projects whose
 * folders are in `--trees DIR`; counts what was edited in place, replaced and appended. The figures go into
 * docs/verification.md. `--only TEXT` takes folders, and `--only "TREE, KIND"` migrations, that
 * have the text in their names, and leaves the document as it is; `--show` prints
 * what becomes of the files. `--part 2/4 --figures FILE` does a part: FILE keeps what came of each, also of those that `--only` tries
 * again, and all of it goes into the document with the last part, or once it knows every folder.
 */
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { ScratchSite } from "../src/scratch/site.ts";
import { readGoldens } from "../tests/support/golden.ts";
import { writeFigures } from "./benchmarks/figures.ts";
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

/** What came of each golden folder, or of each migration of a tree, "TREE, KIND". */
type Figures = Record<string, { readonly kind: UpdateOutcome["kind"]; readonly edits: readonly string[] }>;

const figures = await earlierFigures();
/** Emptied faster than a server makes a database. */
const scratch: ScratchSite = { engine: "embedded" };
const goldens = values.trees === undefined ? await readGoldens() : [];
if (values.trees === undefined) {
  for (const golden of partOf(goldens.filter(({ name }) => name.includes(values.only)))) {
    note(golden.name, await updateGolden(golden, scratch));
  }
} else {
  const [wanted = "", kind = ""] = values.only.split(", ");
  const trees = (await readTrees(values.trees, scratch)).filter(({ name }) => name.includes(wanted));
  for (const tree of partOf(trees)) {
    for (const migration of await likelyFor(tree)) {
      if (migration.name.includes(kind)) note(`${tree.name}, ${migration.name}`, await updateTree(tree, migration));
    }
  }
}
if (values.figures !== undefined) await writeFile(values.figures, JSON.stringify(figures, undefined, 1));
const isWhole = goldens.length > 0 && goldens.every(({ name }) => name in figures);
if ((values.only === "" && part === parts) || isWhole) await writeDocument();

function partOf<T>(all: readonly T[]): readonly T[] {
  return all.filter((_, index) => index % parts === part - 1);
}

function note(name: string, outcome: UpdateOutcome): void {
  figures[name] = { kind: outcome.kind, edits: outcome.kind === "updated" ? outcome.edits.map(({ how }) => how) : [] };
  if (outcome.kind !== "updated") {
    console.log(`${name}: ${outcome.kind}: ${outcome.kind === "wrong" ? outcome.different : outcome.reason}`);
    if (outcome.kind === "wrong" && values.show) console.log(outcome.diff);
    return;
  }
  const { edits, diff } = outcome;
  const levels = [...new Set(edits.map(({ level }) => level))].join(" ");
  console.log(`${name}: ${edits.map(({ how }) => how).join(" ")} (${levels})`);
  for (const { how, sql, level } of edits) {
    if (how === "appended") console.log(`    ${level}: ${sql.replaceAll(/\s+/g, " ").slice(0, 150)}`);
  }
  if (values.show) console.log(diff);
}

async function earlierFigures(): Promise<Figures> {
  if (values.figures === undefined || !existsSync(values.figures)) return {};
  return JSON.parse(await readFile(values.figures, "utf8")) as Figures;
}

async function writeDocument(): Promise<void> {
  const which = values.trees === undefined ? "golden folders" : "public trees";
  const all = Object.values(figures);
  const [updated, refused, wrong] = (["updated", "refused", "wrong"] as const).map(
    (kind) => all.filter((each) => each.kind === kind).length,
  );
  const of = [...new Set(Object.keys(figures).map((name) => name.split(", ")[0]))];
  const count = (how: string): number => all.flatMap(({ edits }) => edits).filter((each) => each === how).length;
  const what =
    values.trees === undefined
      ? `Of the ${all.length} folders in \`tests/golden\``
      : `Of ${all.length} migrations of ${of.length} projects (${of.join(", ")})`;
  const lines = [
    `${what}, ${updated} are brought into the schema files and proven, ${refused} are refused, and ${wrong} are wrong.\n`,
    "| what was done | how often |\n|---|---|",
    ...Object.entries(HOWS).map(([how, words]) => `| ${words} | ${count(how)} |`),
  ];
  await writeFigures(DOCUMENT, `schema update, ${which}`, lines.join("\n"));
}
