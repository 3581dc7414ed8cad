/**
 * Lets schema files follow the migration of each folder in tests/golden, and counts what was edited in place, replaced and
 * appended; the figures go into docs/verification.md. `--only TEXT` takes the folders with the text in their names, and
 * leaves the figures as they are; `--show` prints the files. `--part 2/4 --figures FILE` does a part: the figures add up in
 * FILE, and go into the document with the last one.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { readGoldens } from "../tests/support/golden.ts";
import { updateGolden } from "../tests/support/schema-update.ts";
import { server, stopServers } from "../tests/support/servers.ts";

const DOCUMENT = join(import.meta.dir, "..", "docs", "verification.md");
const MAJOR = 18;

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    show: { type: "boolean", default: false },
    part: { type: "string", default: "1/1" },
    figures: { type: "string" },
  },
});
const [part = 1, parts = 1] = values.part.split("/").map(Number);
const instance = await server(MAJOR);
const counts = { edited: 0, renamed: 0, replaced: 0, removed: 0, added: 0, appended: 0, none: 0 };
const outcomes = { updated: 0, refused: 0, wrong: 0 };
try {
  const scratch = instance.target("postgres");
  const goldens = (await readGoldens())
    .filter(({ name }) => name.includes(values.only ?? ""))
    .filter((_, index) => index % parts === part - 1);
  for (const golden of goldens) {
    const outcome = await updateGolden(golden, scratch);
    outcomes[outcome.kind]++;
    if (outcome.kind === "updated") {
      for (const { how } of outcome.edits) counts[how]++;
      const appended = outcome.edits.filter(({ how }) => how === "appended");
      const levels = [...new Set(outcome.edits.map(({ level }) => level))].join(" ");
      console.log(`${golden.name}: ${outcome.edits.map(({ how }) => how).join(" ")} (${levels})`);
      for (const { sql, level } of appended) console.log(`    ${level}: ${sql.replaceAll(/\s+/g, " ").slice(0, 150)}`);
      if (values.show) console.log(outcome.text);
    } else {
      console.log(`${golden.name}: ${outcome.kind}: ${outcome.kind === "wrong" ? outcome.different : outcome.reason}`);
    }
  }
} finally {
  await stopServers();
}
if (values.figures !== undefined && part > 1) {
  const before = JSON.parse(await readFile(values.figures, "utf8")) as Record<string, number>;
  for (const all of [outcomes, counts] as Record<string, number>[]) {
    for (const name of Object.keys(all)) all[name]! += before[name] ?? 0;
  }
}
const figures = JSON.stringify({ ...outcomes, ...counts });
console.log(figures);
if (values.figures !== undefined) await writeFile(values.figures, figures);
if (values.only === undefined && part === parts) await writeFigures();

async function writeFigures(): Promise<void> {
  const text = await readFile(DOCUMENT, "utf8");
  const [begin, end] = ["<!-- schema update: begin -->\n", "<!-- schema update: end -->"];
  const table = [
    `Of the ${outcomes.updated + outcomes.refused + outcomes.wrong} kinds of edits in \`tests/golden\`, ${outcomes.updated} are brought into the schema file and proven, ${outcomes.refused} are refused, and ${outcomes.wrong} are wrong. What was done, difference by difference:\n`,
    "| what was done | how often |\n|---|---|",
    `| edited inside a statement | ${counts.edited} |`,
    `| renamed wherever it is named | ${counts.renamed} |`,
    `| a whole statement replaced | ${counts.replaced} |`,
    `| a statement removed | ${counts.removed} |`,
    `| a new statement | ${counts.added} |`,
    `| appended as ALTER or another statement | ${counts.appended} |\n`,
  ].join("\n");
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < 0) throw new Error(`${DOCUMENT} has no place for the figures`);
  await writeFile(DOCUMENT, `${text.slice(0, from + begin.length)}\n${table}\n${text.slice(to)}`);
}
