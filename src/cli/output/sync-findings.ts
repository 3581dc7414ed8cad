import type { SyncFinding } from "#sync/finding.ts";
import { labelled, renderLocation } from "./diagnostic.ts";
import type { Paint } from "./style.ts";
import { count } from "./text.ts";
import { indented, inLine } from "./visible.ts";

/** How many blocks are told, where nobody asks for all. */
const TOLD = 20;

/**
 * What is wrong with the rules, for people: a block each, and one for all columns that nobody has decided about where the same is to be
 * done about them.
 * @param all whether every block is told, and not the first ones alone
 */
export function renderFindings(findings: readonly SyncFinding[], paint: Paint, all: boolean): string[] {
  const blocks = together(findings);
  const told = all ? blocks : blocks.slice(0, TOLD);
  const left = blocks.slice(told.length).reduce((sum, block) => sum + block.length, 0);
  return [
    ...told.flatMap((block) => [
      ...(block.length === 1 ? renderFinding(block[0]!, paint) : renderAlike(block, paint)),
      "",
    ]),
    ...(left === 0 ? [] : [`and ${count(left, "fault")} more; -v shows all of them`, ""]),
  ];
}

/** Findings that are one decision, each list where its first one was. */
function together(findings: readonly SyncFinding[]): SyncFinding[][] {
  const blocks = new Map<string, SyncFinding[]>();
  for (const [index, finding] of findings.entries()) {
    const key = finding.rule === "undecided" ? `undecided ${finding.fix ?? ""}` : String(index);
    const others = blocks.get(key);
    if (others === undefined) blocks.set(key, [finding]);
    else others.push(finding);
  }
  return [...blocks.values()];
}

function renderAlike(findings: readonly SyncFinding[], paint: Paint): string[] {
  const [{ rule, fix }] = findings as [SyncFinding, ...SyncFinding[]];
  return [
    `${paint("red", "error:")} ${paint("bold", `Nobody has decided yet, in ${count(findings.length, "place")}`)} [${rule}]`,
    ...findings.map(({ location: { file, line, column: at }, table, column, path }) => {
      const place = [inLine(file), line, at].filter(isThere).join(":");
      return `  ${paint("cyan", "-->")} ${place} ${inLine([[table, column].filter(isThere).join("."), path].filter(isThere).join(" "))}`;
    }),
    ...(fix === undefined ? [] : labelled("fix", fix, paint)),
  ];
}

function isThere<T>(part: T | undefined): part is T {
  return part !== undefined;
}

/** What is wrong with the rules, where, and what to write. */
function renderFinding({ rule, message, fix, location }: SyncFinding, paint: Paint): string[] {
  return [
    `${paint("red", "error:")} ${paint("bold", indented(message))} [${rule}]`,
    ...renderLocation(location, paint),
    ...(fix === undefined ? [] : labelled("fix", fix, paint)),
  ];
}

export function syncFindingToJson({
  rule,
  message,
  fix,
  location,
  table,
  column,
}: SyncFinding): Record<string, unknown> {
  return { rule, message, fix: fix ?? null, location, table: table ?? null, column: column ?? null };
}
