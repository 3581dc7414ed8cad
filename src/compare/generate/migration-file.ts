import { describeHazard, type Hazard, NAMED } from "#sql/effects/hazard.ts";
import type { Parser } from "#sql/parser.ts";
import { withoutPublic } from "#sql/without-public.ts";
import { inHouseStyle } from "../plan/house-style.ts";
import { hazardsOf } from "./hazards.ts";
import type { Section } from "./section.ts";
import { type PlannedStatement, textsOf } from "../plan/statement.ts";

/** How names of what is in the schema "public" are written: with it, or as its users find them by their search_path. */
export type Names = "qualified" | "short";

/**
 * A migration file in the form of `migrate new`, with a comment above each statement that can hurt. Pure.
 * @param down undefined for no way back
 */
export function renderMigration(up: Section, down: Section | undefined, names: Names, parser: Parser): string {
  const back = down === undefined ? [] : [renderSection("down", down, names, parser)];
  return [renderSection("up", up, names, parser), ...back].join("\n");
}

/** The same statements as a script that any client runs, one by one; where several sections are, each has to be committed. Pure. */
export function renderScript(sections: readonly Section[], parser: Parser): string {
  return sections
    .map((section) => renderStatements("once", section, "qualified", parser).slice(1))
    .join(`\n-- Commit here.\n\n`);
}

function renderSection(way: "up" | "down", section: Section, names: Names, parser: Parser): string {
  const heading = `-- migrate:${[way, ...optionsOf(section)].join(" ")}\n`;
  // Without a statement it would be no way back at all.
  if (section.statements.length === 0) return `${heading}\n-- Nothing to undo.\nSELECT 1;\n`;
  return heading + renderStatements(way, section, names, parser);
}

function optionsOf({ statements, transactional, marker }: Section): string[] {
  return [
    ...(transactional ? [] : ["transaction:false"]),
    ...(marker === undefined ? [] : [marker]),
    ...statements.flatMap(({ backfill }) => backfill ?? []),
  ];
}

function renderStatements(way: Way, { statements, transactional }: Section, names: Names, parser: Parser): string {
  const isSaid = saidLocks();
  const texts = statements.map((statement) => {
    const notes = hazardsOf(statement, transactional).flatMap((hazard) => {
      if (hazard.code === "ONLINE" && way === "once") return [];
      const note = noteOf(hazard, way);
      return hazard.code === "LOCK" && isSaid(hazard, note) ? [] : [note];
    });
    return `\n${[...notes.map((note) => `-- ${note}`), renderStatement(statement, names, parser)].join("\n")}\n`;
  });
  return texts.join("");
}

/**
 * Whether a lock was told of before: it is held to the end of the transaction, or is taken for a moment, so that once is enough. Who
 * waits to read waits to write.
 */
function saidLocks(): (lock: Hazard & { readonly code: "LOCK" }, note: string) => boolean {
  const said = new Set<string>();
  return ({ blocks, relations, until }, note) => {
    const keyOf = (relation: string, by: "reads" | "writes"): string => `${until} ${by} ${relation}`;
    const isCovered = (relation: string): boolean =>
      said.has(keyOf(relation, "reads")) || (blocks === "writes" && said.has(keyOf(relation, "writes")));
    const isKnown = said.has(note) || relations.every(isCovered);
    // The rest is only counted in the sentence.
    for (const key of [note, ...relations.slice(0, NAMED).map((relation) => keyOf(relation, blocks))]) said.add(key);
    return isKnown;
  };
}

/** Whether a statement is of a migration, or of a script that nothing rolls back and no option of `generate` changes. */
type Way = "up" | "down" | "once";

/** What is said of a statement above it. Pure. */
export function noteOf(hazard: Hazard, way: Way): string {
  const note = describeHazard(hazard);
  const isFinal = hazard.code === "DATA_LOSS" && way === "up";
  return isFinal ? note.replace(/\.$/, "; rolling back does not undo that.") : note;
}

function renderStatement(statement: PlannedStatement, names: Names, parser: Parser): string {
  const own = statement.planned === undefined ? undefined : statement.sql;
  return [...textsOf(statement), ...(statement.behind ?? [])]
    .map((sql) => renderText(sql, names, sql === own ? undefined : parser))
    .join("\n");
}

/** @param parser undefined where it is laid out as in the schema files */
function renderText(sql: string, names: Names, parser: Parser | undefined): string {
  const named = names === "short" ? withoutPublic(sql) : sql;
  const text = parser === undefined ? named : inHouseStyle(named, parser);
  return text.endsWith(";") ? text : `${text};`;
}
