import { inside } from "#sql/parser.ts";
import type { Rule } from "../rule.ts";
import { alterations } from "#sql/alterations.ts";
import { nameOf } from "../syntax.ts";

export const autovacuumOff: Rule = {
  id: "autovacuum-off",
  title: "Autovacuum switched off for a table",
  group: "locks",
  severity: "warning",
  asks: ["syntax", "neighbours"],
  why: "Without autovacuum a table grows with every UPDATE and DELETE, its statistics go stale, and in the end PostgreSQL has to vacuum it against transaction wraparound at a time of its own choosing.",
  instead: "Make autovacuum gentler or rarer for the table (`autovacuum_vacuum_scale_factor`), and leave it on.",
  wrong: "ALTER TABLE events SET (autovacuum_enabled = false);",
  right: "ALTER TABLE events SET (autovacuum_vacuum_scale_factor = 0.01);",
  check({ node, world }) {
    return alterations(node, "AT_SetRelOptions").flatMap(({ table, command }) => {
      const options = inside(command.def, "List")?.items ?? [];
      const isOff = options.some((option) => {
        const { defname, arg } = inside(option, "DefElem") ?? {};
        const value =
          inside(arg, "String")?.sval ?? String(inside(arg, "Integer")?.ival ?? inside(arg, "Boolean")?.boolval ?? "");
        return defname === "autovacuum_enabled" && /^(?:false|off|no|0|f|n)$/i.test(value);
      });
      // Autovacuum passes over temporary tables anyway.
      return isOff && world.find(table)?.temporary !== true
        ? [
            {
              message: `Autovacuum is switched off for ${nameOf(table)}, which grows from now on`,
              fix: "Remove it, or set autovacuum_vacuum_scale_factor",
            },
          ]
        : [];
    });
  },
};
