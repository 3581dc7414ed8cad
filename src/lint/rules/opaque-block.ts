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
    const locks = facts?.locks.filter(({ isNew }) => !isNew).map(({ name, mode }) => `${mode} on ${name}`) ?? [];
    return [
      {
        message:
          facts === undefined
            ? "What this code does is not known: no rule looked into it"
            : locks.length === 0
              ? "This code locked nothing in the scratch database; branches that it did not take there were not seen"
              : `This code took ${locks.join(", ")}; branches that it did not take in the scratch database were not seen`,
      },
    ];
  },
};
