import { inside } from "#sql/parser.ts";
import type { Rule } from "../rule.ts";

export const opaqueBlock: Rule = {
  id: "opaque-block",
  title: "Code, whose statements no rule sees",
  group: "transactions",
  severity: "note",
  asks: ["syntax", "trace"],
  why: "A block of code, a function or a TypeScript migration may do different things in different databases: a branch on rows or settings that are not here is never entered in a scratch database. A trace reports what the block did there, and nothing about the rest.",
  instead: "Write the statements down as they are, where that is possible.",
  wrong: "DO $$ BEGIN EXECUTE 'ALTER TABLE users ADD COLUMN bio text'; END $$;",
  right: "ALTER TABLE users ADD COLUMN bio text;",
  check({ node, facts }) {
    const isCode = inside(node, "DoStmt") !== undefined || inside(node, "CallStmt") !== undefined;
    // A function, a trigger or a rule that the statement has woken.
    if (!isCode && facts?.opaque !== true) return [];
    if (facts === undefined) return [{ message: "What this code does is not known: no rule looked into it" }];
    const locks = facts.locks.filter(({ isNew }) => !isNew).map(({ name, mode }) => `${mode} on ${name}`);
    const took = locks.length === 0 ? "This code locked nothing" : `This code took ${locks.join(", ")}`;
    const unseen = facts.opaque ? "; branches that it did not take there were not seen" : "";
    return [{ message: `${took} in the scratch database${unseen}` }];
  },
};
