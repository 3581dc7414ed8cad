import { inside, strings } from "#sql/parser.ts";
import { isDefiner } from "../definer.ts";
import type { Rule } from "../rule.ts";
import { nameOfParts } from "../syntax.ts";

export const definerCallable: Rule = {
  id: "definer-callable",
  title: "SECURITY DEFINER that everybody may call",
  group: "security",
  severity: "note",
  on: false,
  schemaFiles: true,
  asks: ["syntax", "neighbours"],
  why: "PostgreSQL lets everybody execute a new function. One that runs with its owner's rights is then open to every role of the database.",
  instead: "`REVOKE EXECUTE ON FUNCTION ... FROM PUBLIC` in the same migration, and grant it to those who need it.",
  wrong: "CREATE FUNCTION purge() RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = '' AS 'SELECT 1';",
  right:
    "CREATE FUNCTION purge() RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = '' AS 'SELECT 1';\nREVOKE EXECUTE ON FUNCTION purge() FROM PUBLIC;",
  atEnd({ node, file }) {
    const made = inside(node, "CreateFunctionStmt");
    if (made === undefined || !isDefiner(node)) return [];
    const name = strings(made.funcname);
    const isRevoked = file.statements.some(({ node: other }) => {
      const grant = inside(other, "GrantStmt");
      return (
        grant?.is_grant !== true &&
        (grant?.objects ?? []).some(
          (object) => strings(inside(object, "ObjectWithArgs")?.objname).at(-1) === name.at(-1) || "String" in object,
        )
      );
    });
    return isRevoked
      ? []
      : [
          {
            message: `Every role may call ${nameOfParts(name)}, which runs with its owner's rights`,
            fix: `REVOKE EXECUTE ON ${made.is_procedure === true ? "PROCEDURE" : "FUNCTION"} ${nameOfParts(name)} FROM PUBLIC;`,
          },
        ];
  },
};
