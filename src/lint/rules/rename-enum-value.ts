import { inside, strings } from "#sql/parser.ts";
import { quoteLiteral } from "#sql/quote.ts";
import type { Rule } from "../rule.ts";
import { nameOfParts } from "../syntax.ts";

export const renameEnumValue: Rule = {
  id: "rename-enum-value",
  title: "ALTER TYPE ... RENAME VALUE",
  group: "data",
  severity: "error",
  asks: ["syntax", "neighbours"],
  aliases: { strongMigrations: ["rename_enum_value"] },
  why: "Applications that write or compare with the old label fail from that moment on.",
  instead: "Add the new label, deploy applications that understand both, and update the rows.",
  wrong: "ALTER TYPE mood RENAME VALUE 'ok' TO 'fine';",
  right: "ALTER TYPE mood ADD VALUE 'fine' AFTER 'ok';",
  check({ node, world }) {
    const alter = inside(node, "AlterEnumStmt");
    if (alter?.oldVal === undefined || world.isNewType(strings(alter.typeName))) return [];
    return [
      {
        message: `Applications that use '${alter.oldVal}' of ${nameOfParts(strings(alter.typeName))} fail as soon as it is called '${alter.newVal ?? ""}'`,
        fix: `ALTER TYPE ${nameOfParts(strings(alter.typeName))} ADD VALUE ${quoteLiteral(alter.newVal ?? "")} AFTER ${quoteLiteral(alter.oldVal)};`,
      },
    ];
  },
};
