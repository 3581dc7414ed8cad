import { inside } from "#sql/parser.ts";
import { writeIdentifier } from "#sql/quote.ts";
import { absentNote } from "../absent.ts";
import type { Rule } from "../rule.ts";

export const dropSchema: Rule = {
  id: "drop-schema",
  title: "DROP SCHEMA with everything in it",
  group: "data",
  severity: "error",
  severityElse: "note where IF EXISTS found nothing",
  asks: ["syntax", "neighbours"],
  aliases: { atlas: ["DS101"] },
  why: "`DROP SCHEMA ... CASCADE` takes every table, view and function in the schema, and whatever else depends on them.",
  instead: "Drop the objects one by one, so that a reviewer sees them, and then the empty schema.",
  wrong: "DROP SCHEMA reporting CASCADE;",
  right: "DROP SCHEMA reporting;",
  check({ node, facts, world }) {
    const drop = inside(node, "DropStmt");
    if (drop?.removeType !== "OBJECT_SCHEMA" || drop.behavior !== "DROP_CASCADE") return [];
    const absent = absentNote(facts);
    if (absent !== undefined) return absent;
    const names = (drop.objects ?? []).map((object) => inside(object, "String")?.sval ?? "");
    const old = names.filter((name) => name !== "pg_temp" && !world.isNewSchema(name));
    return old.map((name) => ({
      message: `Everything in the schema ${writeIdentifier(name)} is gone afterwards`,
      fix: "Drop its objects by name, then the schema without CASCADE",
    }));
  },
};
