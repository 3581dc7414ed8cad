import type { RangeVar } from "libpg-query";
import { inside, type Node } from "#sql/parser.ts";
import { isSame, type Subject } from "../sources/subjects.ts";
import type { SchemaTree, Sentence } from "./schema-tree.ts";

/** Whether a statement is about a table without its partitions: ALTER TABLE ONLY, CREATE INDEX ON ONLY. */
export function isOnly(node: Node | undefined): boolean {
  const relation = inside(node, "AlterTableStmt")?.relation ?? inside(node, "IndexStmt")?.relation;
  return relation !== undefined && relation.inh !== true;
}

/** What an ALTER TABLE or ALTER INDEX attaches: a partition, or the index of one. */
export function attachedBy(node: Node | undefined): RangeVar | undefined {
  const [command, ...more] = inside(node, "AlterTableStmt")?.cmds ?? [];
  const { subtype, def } = inside(command, "AlterTableCmd") ?? {};
  return more.length === 0 && subtype === "AT_AttachPartition" ? inside(def, "PartitionCmd")?.name : undefined;
}

/** Statements that make partitions of a table, and of these, or attach them. */
export function partitionsOf(tree: SchemaTree, table: Subject): readonly Sentence[] {
  return tree.about(table).flatMap((sentence) => {
    const { makes } = sentence.reading!;
    if (inside(sentence.node, "CreateStmt")?.partbound !== undefined && makes !== undefined && !isSame(makes, table))
      return [sentence, ...partitionsOf(tree, makes)];
    return attachedBy(sentence.node) === undefined ? [] : [sentence];
  });
}
