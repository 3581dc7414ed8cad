import { removeSentence } from "../lines.ts";
import { inside } from "#sql/parser.ts";
import { isWord, tokensOf } from "#sql/lexer/tokens.ts";
import { isSame } from "../../sources/subjects.ts";
import { isUnchanged } from "./lookups.ts";
import { edited, type EditKind, NOTHING } from "./edit.ts";

/** What COMMENT ON says. */
export const comments: EditKind = {
  edit(planned, work) {
    const { tree, style } = work;
    const comment = inside(planned.node, "CommentStmt");
    const subject = planned.reading?.about[0];
    if (comment === undefined || subject === undefined) return undefined;
    if (isUnchanged(planned, work)) return NOTHING;
    const there = tree.sentences.findLast(({ node, reading }) => {
      const about = inside(node, "CommentStmt") === undefined ? undefined : reading?.about[0];
      return about !== undefined && isSame(about, subject);
    });
    if (comment.comment === undefined) {
      if (there === undefined) return work.from.has(planned.removes[0] ?? NO_ID) ? undefined : NOTHING;
      removeSentence(tree, there);
      return { how: "removed", file: there.file };
    }
    const is = (sql: string): number | undefined => tokensOf(sql).findLast((token) => isWord(token, "IS"))?.end;
    const value = planned.sql.slice(is(planned.sql)).trim();
    if (there === undefined) {
      const { needs } = planned;
      const file = work.place({
        sql: style.statement(planned.sql),
        kind: "comment",
        makes: undefined,
        on: subject,
        needs,
      });
      return { how: "added", file };
    }
    const at = is(there.statement.text);
    if (at === undefined) return undefined;
    tree.splice(there.file, there.start + at, there.end, ` ${value}`);
    return edited(there.file);
  },
};

const NO_ID = { kind: "role", name: "" } as const;
