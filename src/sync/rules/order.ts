import type { SyncFinding } from "../finding.ts";
import type { Problem } from "./rules.ts";

/**
 * What is told of problems and of what has no rule: one mistake once, in order.
 * @param mayName whether what a rule calls a table may be the table of that name
 */
export function toFindings(
  problems: readonly Problem[],
  missing: readonly SyncFinding[],
  mayName: (written: string, shown: string) => boolean,
): SyncFinding[] {
  const placed = withoutFollowing(problems, missing).map(({ rule, message, fix, place, table, column, path }) => ({
    rule,
    message,
    fix,
    location: place.file.location(place.offset),
    table,
    column,
    ...(path === undefined ? {} : { path }),
  }));
  return inOrder([...placed, ...withoutExplained(missing, problems, mayName)]);
}

/** Names of keys and tables first, which others may follow from; then by place. */
function inOrder(findings: readonly SyncFinding[]): SyncFinding[] {
  const key = ({ rule, location }: SyncFinding): string => {
    const line = String(location.line ?? 0).padStart(8, "0");
    const column = String(location.column ?? 0).padStart(6, "0");
    return `${/^unknown-(?:key|table)$/.test(rule) ? 0 : 1}:${location.file}:${line}:${column}`;
  };
  return findings.toSorted((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
}

/** Problems, but for those that only follow from another one that is told. */
function withoutFollowing(problems: readonly Problem[], missing: readonly SyncFinding[]): Problem[] {
  const told = new Set([...problems, ...missing].map(keyOf));
  const tables = new Set(missing.flatMap(({ table, column }) => (column === undefined ? [table] : [])));
  return problems.filter(({ because }) => {
    return because === undefined || !(told.has(keyOf(because)) || tables.has(because.table));
  });
}

function keyOf({
  table,
  column,
}: {
  readonly table?: string | undefined;
  readonly column?: string | undefined;
}): string {
  return `${table ?? ""}\0${column ?? ""}`;
}

/** What has no rule, but for what has one under a misspelt name. */
function withoutExplained(
  missing: readonly SyncFinding[],
  problems: readonly Problem[],
  mayName: (written: string, shown: string) => boolean,
): SyncFinding[] {
  const reasons = problems.flatMap(({ explains }) => (explains === undefined ? [] : [explains]));
  const isExplained = ({ table, column }: SyncFinding): boolean =>
    reasons.some((reason) => {
      if (reason === "tables") return column === undefined;
      if (reason.column !== undefined && reason.column !== column) return false;
      return table !== undefined && mayName(reason.table, table);
    });
  return missing.filter((finding) => !isExplained(finding));
}
