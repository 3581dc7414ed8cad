import { isWord, tokensOf } from "#sql/lexer/tokens.ts";
import { guarded, isGuarded } from "../if-not-exists.ts";
import { removeSentence } from "../lines.ts";
import { isOnly, partitionsOf } from "../partitions.ts";
import { grantsOfAll } from "./grants.ts";
import { isUnchanged } from "./lookups.ts";
import { type EditKind, NOTHING } from "./edit.ts";

/** Objects that are made by a statement of their own: tables, views, indexes, functions, types, policies, triggers. */
export const objects: EditKind = {
  edit(planned, work) {
    const { tree, style, wording } = work;
    const { makes, kind, about } = planned.reading ?? { about: [], kind: "" };
    if (makes === undefined || makes.kind === "constraint") return undefined;
    if (isUnchanged(planned, work)) return NOTHING;
    const there = tree.maker(makes);
    const worded = wording?.statement(makes);
    // Before a partition, it would be an index of that as well.
    const [table] = kind === "index" && isOnly(planned.node) ? about : [];
    if (there !== undefined && table !== undefined) removeSentence(tree, there);
    else if (there !== undefined) {
      const old = there.statement.text;
      const sql = worded === undefined || worded === old ? style.statement(planned.sql) : worded;
      tree.splice(there.file, there.start, there.end, withHead(old, sql));
      return { how: "replaced", file: there.file };
    }
    const isPart = kind === "index" || kind === "trigger" || kind === "policy" || kind === "rule";
    const on = isPart ? about[0] : undefined;
    const newcomer = {
      kind,
      makes,
      on,
      needs: planned.needs,
      after: table === undefined ? [] : partitionsOf(tree, table),
      outOf: grantsOfAll(tree, planned, work.to),
    };
    // The planner's table has its foreign keys in statements of their own.
    const file = worded === undefined ? undefined : work.placeStrictly({ ...newcomer, sql: worded });
    return { how: "added", file: file ?? work.place({ ...newcomer, sql: style.statement(planned.sql) }) };
  },
};

/** With the CREATE OR REPLACE, or without, that the statement had before, and with its IF NOT EXISTS. */
function withHead(old: string, text: string): string {
  const sql = isGuarded(old) ? guarded(text) : text;
  const replaces = (given: string): boolean => isWord(tokensOf(given.slice(0, 100))[1], "OR");
  if (replaces(old) === replaces(sql)) return sql;
  const [create, or, replace] = tokensOf(sql.slice(0, 100));
  if (create === undefined || or === undefined || replace === undefined) return sql;
  if (replaces(sql)) return `${sql.slice(0, create.end)}${sql.slice(replace.end)}`;
  const words = create.text === create.text.toLowerCase() ? "or replace" : "OR REPLACE";
  return `${sql.slice(0, create.end)} ${words}${sql.slice(create.end)}`;
}
