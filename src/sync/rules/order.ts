import type { SyncFinding } from "../plan.ts";
import type { Problem } from "./rules.ts";

/** Names of keys and tables first, which others may follow from; then by place. */
export function inOrder(findings: readonly SyncFinding[]): SyncFinding[] {
  const key = ({ rule, location }: SyncFinding): string => {
    const line = String(location.line ?? 0).padStart(8, "0");
    const column = String(location.column ?? 0).padStart(6, "0");
    return `${/^unknown-(?:key|table)$/.test(rule) ? 0 : 1}:${location.file}:${line}:${column}`;
  };
  return findings.toSorted((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
}

/** What has no rule, but for what has one under a misspelt name. */
export function withoutExplained(missing: readonly SyncFinding[], problems: readonly Problem[]): SyncFinding[] {
  const reasons = problems.flatMap(({ explains }) => (explains === undefined ? [] : [explains]));
  const isExplained = ({ table, column }: SyncFinding): boolean =>
    reasons.some((reason) => {
      if (reason === "tables") return column === undefined;
      return reason.table === table && (reason.column === undefined || reason.column === column);
    });
  return missing.filter((finding) => !isExplained(finding));
}
