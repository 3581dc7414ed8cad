import { removeSentence } from "../lines.ts";
import { inside } from "#sql/parser.ts";
import type { EditKind } from "./edit.ts";

const OPPOSITES: Readonly<Record<string, string>> = {
  AT_DisableRowSecurity: "AT_EnableRowSecurity",
  AT_NoForceRowSecurity: "AT_ForceRowSecurity",
};

/** Whether policies hold for a table, and for its owner. */
export const rowSecurity: EditKind = {
  edit(planned, work) {
    const { tree, style } = work;
    const table = planned.reading?.about[0];
    const subtype = planned.command?.subtype ?? "";
    if (table === undefined || planned.reading?.kind !== "row security") return undefined;
    const opposite = OPPOSITES[subtype];
    if (opposite === undefined) {
      const sql = style.part(planned.sql);
      return {
        how: "added",
        file: work.place({ sql, kind: "row security", makes: undefined, on: table, needs: planned.needs }),
      };
    }
    const there = tree.about(table).find(({ node }) => {
      const commands = inside(node, "AlterTableStmt")?.cmds ?? [];
      return commands.length === 1 && inside(commands[0], "AlterTableCmd")?.subtype === opposite;
    });
    if (there === undefined) return undefined;
    removeSentence(tree, there);
    return { how: "removed", file: there.file };
  },
};
