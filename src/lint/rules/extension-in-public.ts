import { inside } from "#sql/parser.ts";
import { writeIdentifier } from "#sql/quote.ts";
import type { Rule } from "../rule.ts";

export const extensionInPublic: Rule = {
  id: "extension-in-public",
  title: "CREATE EXTENSION without a schema of its own",
  group: "security",
  severity: "note",
  on: false,
  schemaFiles: true,
  asks: ["syntax"],
  why: "Without a schema, the functions and tables of an extension end up among your own, where clients of an API can call them.",
  instead: "`CREATE EXTENSION ... SCHEMA extensions`.",
  wrong: "CREATE EXTENSION citext;",
  right: "CREATE SCHEMA extensions;\nCREATE EXTENSION citext SCHEMA extensions;",
  check({ node }) {
    const made = inside(node, "CreateExtensionStmt");
    if (made === undefined) return [];
    const schema = (made.options ?? [])
      .map((option) => inside(option, "DefElem"))
      .find((option) => option?.defname === "schema");
    const name = inside(schema?.arg, "String")?.sval;
    if (name !== undefined && name !== "public") return [];
    return [
      {
        message: `What ${writeIdentifier(made.extname ?? "")} brings goes into ${name ?? "the first schema of the search_path"}`,
        fix: `CREATE SCHEMA IF NOT EXISTS extensions;\nCREATE EXTENSION ${made.if_not_exists === true ? "IF NOT EXISTS " : ""}${writeIdentifier(made.extname ?? "")} SCHEMA extensions;`,
      },
    ];
  },
};
