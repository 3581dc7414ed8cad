import { createHash } from "node:crypto";
import { isNull, type TreeNode } from "#files/yaml-tree.ts";
import type { Rules } from "./rules.ts";

/**
 * A digest of what rules say, wherever and in whatever order they are written: comments, blanks, quotes and names of files are none of
 * it. SHA-256, as hex.
 */
export function digestOf({
  tables,
  references,
  tenant,
  largeObjects,
  extensionTables,
}: Omit<Rules, "files" | "problems" | "digest">): string {
  const meaning = {
    tables: sorted(
      tables.map(({ name, mode, columns, rows, sample, follow, tenant: isOfTenant }) => [
        name,
        mode,
        // `COLUMN: keep` is the same as a place in the list.
        sorted(columns.map(({ column, node }) => [column, node === undefined ? "keep" : valueOf(node)])),
        rows?.text ?? null,
        sample?.share ?? null,
        sorted(follow.map(({ column, direction }) => [column, direction])),
        isOfTenant,
      ]),
    ),
    references: sorted(
      references.map(({ pairs, where }) => [
        sorted(pairs.map(({ from, to }) => [from.text, to.text])),
        where?.text ?? null,
      ]),
    ),
    tenant: tenant === undefined ? null : [tenant.column, tenant.value],
    largeObjects,
    extensionTables,
  };
  return createHash("sha256").update(JSON.stringify(meaning)).digest("hex");
}

function sorted(items: readonly unknown[]): string[] {
  return items.map((item) => JSON.stringify(item)).toSorted();
}

function valueOf(node: TreeNode): unknown {
  if (node.kind === "list") return node.items.map(valueOf);
  if (node.kind === "map") return { map: [...node.entries.values()].map(({ key, value }) => [key, valueOf(value)]) };
  return isNull(node) ? null : node.text;
}
