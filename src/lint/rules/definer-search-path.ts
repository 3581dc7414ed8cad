import { inside, strings } from "#sql/parser.ts";
import { isDefiner, setsSearchPath } from "../definer.ts";
import type { LintFile } from "../file.ts";
import type { Rule } from "../rule.ts";
import { nameOfParts } from "../syntax.ts";

export const definerSearchPath: Rule = {
  id: "definer-search-path",
  title: "SECURITY DEFINER without a search_path of its own",
  group: "security",
  severity: "warning",
  schemaFiles: true,
  asks: ["syntax"],
  why: "Such a function runs with the rights of its owner, but looks names up in the search_path of its caller. A caller who can create a table or function anywhere can make it use that one instead of the one that was meant.",
  instead: "Add `SET search_path = ''` (and write every name with its schema), or name the schemas, `pg_temp` last.",
  wrong: "CREATE FUNCTION total() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT sum(amount) FROM payments';",
  right:
    "CREATE FUNCTION total() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = '' AS 'SELECT sum(amount) FROM public.payments';",
  check({ node, file }) {
    const altered = inside(node, "AlterFunctionStmt")?.func?.objname;
    const name = strings(inside(node, "CreateFunctionStmt")?.funcname ?? altered);
    if (
      name.length === 0 ||
      !isDefiner(node) ||
      setsSearchPath(node) ||
      (altered !== undefined && isSetElsewhere(file, name))
    )
      return [];
    return [
      {
        message: `${nameOfParts(name)} runs with its owner's rights, but looks names up in its caller's search_path`,
        fix: "Give it a search_path of its own: SET search_path = ''",
      },
    ];
  },
};

/** Whether another statement of the file gives a function that is altered its search_path. */
function isSetElsewhere(file: LintFile, name: readonly string[]): boolean {
  return file.statements.some(({ node }) => {
    const made = inside(node, "CreateFunctionStmt")?.funcname ?? inside(node, "AlterFunctionStmt")?.func?.objname;
    return strings(made).at(-1) === name.at(-1) && node !== undefined && setsSearchPath(node);
  });
}
