import { dangerWords } from "#sql/effects/danger-kinds.ts";
import { exposureWords } from "#sql/effects/exposure-kinds.ts";
import type { Lock, MigrationFacts, StatementFacts } from "#compare/trace/facts.ts";
import { type Impact, sizesByName, worstFirst } from "#compare/trace/impact.ts";
import type { SizeOf } from "#compare/trace/sizes.ts";
import { migrationId } from "#migrate/files/migration-file.ts";
import {
  cutTo,
  failureOfWayBack,
  furtherFacts,
  headline,
  heldInWords,
  inUse,
  KNOWN,
  limitLines,
  migrationInWords,
  noteOfBranches,
  notes,
  oneLine,
  type Plan,
  placeOf,
  refusalInWords,
  shownLocks,
  sized,
  verdict,
} from "./plan-words.ts";
import { count } from "./text.ts";
import { inLine } from "./visible.ts";

/** What GitHub takes as one comment is 65,536 characters; some room stays for what is written around it. */
const MARKDOWN_LIMIT = 60_000;

/** For a pull request: at most 60,000 characters, the worst statements first, the rest counted. Pure. */
export function planToMarkdown({ trace, sizes, above }: Plan): string {
  const { migrations } = trace;
  if (migrations.length === 0) return "No pending migrations.\n";
  const sizeOf = sizesByName(sizes);
  const ranked = worstFirst(trace, sizes);
  const head = [
    "### Migration plan",
    "",
    `${headline(trace, sizes)}.`,
    "",
    ...verdict(ranked, trace).flatMap((line) => [`**${escaped(line)}**`, ""]),
    ...limitItems(above),
    ...migrations.flatMap((migration) => {
      const refusal = refusalInWords(migration);
      return refusal === undefined ? [] : [`- \`${inCode(migration.file.path)}\`: ${escaped(refusal)}`, ""];
    }),
    ...migrations.flatMap((migration) => {
      const failed = failureOfWayBack(migration);
      return failed === undefined ? [] : [`- \`${inCode(migration.file.path)}\`: ${escaped(failed)}`, ""];
    }),
    ...migrationItems(migrations),
    ...(ranked.length === 0 ? [] : ["| place | statement | worst | locks |", "|---|---|---|---|"]),
  ].join("\n");
  const tail = notes(trace, sizes)
    .map((note) => `\n${escaped(note)}\n`)
    .join("");
  let text = `${head}\n`;
  for (const [index, { statement, impact }] of ranked.entries()) {
    const row = `| ${inCode(placeOf(statement))} | \`${inCode(cutTo(oneLine(statement.sql), 120))}\` | ${escaped(inLine(rowWords(statement, impact, sizeOf)))} | ${escaped(lockWords(statement.locks))} |\n`;
    const rest = `\n${count(ranked.length - index, "more statement")}: see \`confiture migrate plan\`.\n`;
    if (text.length + row.length + rest.length + tail.length > MARKDOWN_LIMIT)
      return `${text}${rest}${cutTo(tail, 2000)}`;
    text += row;
  }
  return text + tail;
}

/** A pull request is to name the first ones; the plan has all. */
const MOST_EXCESSES = 20;

function limitItems(above: Plan["above"]): string[] {
  const [first, ...rest] = limitLines(above).map((line) => escaped(cutTo(line.trim(), 600)));
  if (first === undefined) return [];
  const shown = rest.slice(0, MOST_EXCESSES).map((line) => `- ${line}`);
  const more = rest.length > MOST_EXCESSES ? [`- and ${rest.length - MOST_EXCESSES} more`] : [];
  return [first, "", ...shown, ...more, ""];
}

/** So much of a comment may be about migrations as a whole. */
const ITEMS_LIMIT = 10_000;

/** How each migration runs. The first are named; the plan has all. */
function migrationItems(migrations: readonly MigrationFacts[]): string[] {
  const items: string[] = [];
  let length = 0;
  for (const [at, migration] of migrations.entries()) {
    const words = [
      migrationInWords(migration),
      ...noteOfBranches(migration),
      ...heldInWords(migration).map(lowerFirst),
    ];
    const item = `- \`${inCode(migrationId(migration.file))}\`: ${escaped(words.join("; "))}`;
    length += item.length + 1;
    if (length > ITEMS_LIMIT) {
      items.push(`- and ${count(migrations.length - at, "more migration")}: see \`confiture migrate plan\``);
      break;
    }
    items.push(item);
  }
  return [...items, ""];
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function rowWords(statement: StatementFacts, impact: Impact, sizeOf: ReadonlyMap<string, SizeOf>): string {
  const { how, error, loses, endangers, exposes, together } = statement;
  const { weight, sentence } = impact;
  const lost = weight === "loss" ? [] : [...loses, ...endangers.map(dangerWords)];
  const shown = weight === "exposure" ? [] : exposes.map((exposure) => `exposes ${exposureWords(exposure)}`);
  // What others cannot take back is said, whatever is worse for the moment.
  const besides = [...lost, ...shown, ...furtherFacts(statement)].map((one) => `; ${one}`).join("");
  if (how.kind === "not-traced" && error === undefined) {
    return `not traced: ${how.reason}${weight === "unseen" ? "" : `; ${sentence}`}${besides}`;
  }
  const large = [...inUse(statement.rewrites), ...inUse(statement.scans)].filter(({ name }) => sizeOf.has(name));
  const sizes = large.length === 0 ? "" : ` (${large.map((relation) => sized(relation, sizeOf)).join(", ")})`;
  const rows =
    error?.onRows === undefined
      ? ""
      : `; ${error.onRows.isEvery ? "for example" : "fails on some rows"}: ${error.onRows.example}`;
  const unseen = statement.opaque ? "; its code has branches, of which not all were seen" : "";
  const known = how.kind === "known" ? ` ${KNOWN}` : "";
  const group = together === undefined ? "" : `; measured together, ${together} like it`;
  return cutTo(`${sentence}${besides}${sizes}${rows}${unseen}${known}${group}`, 600);
}

function lockWords(locks: readonly Lock[]): string {
  const shown = shownLocks(locks).map(({ mode, name }) => `${mode} on ${name}`);
  return shown.length <= 4 ? shown.join(", ") : `${shown.slice(0, 4).join(", ")} and ${shown.length - 4} more`;
}

/** Characters that a table or emphasis of Markdown would take for its own. */
function escaped(text: string): string {
  return text.replaceAll(/[\\|*_<>`]/g, (character) => `\\${character}`);
}

function inCode(text: string): string {
  return inLine(text).replaceAll("`", "'").replaceAll("|", "\\|");
}
