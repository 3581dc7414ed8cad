import { inside, strings } from "#sql/parser.ts";
import { isDefiner, setsSearchPath } from "../definer.ts";
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
  check({ node }) {
    const made = inside(node, "CreateFunctionStmt");
    if (made === undefined || !isDefiner(node) || setsSearchPath(node)) return [];
    return [
      {
        message: `${nameOfParts(strings(made.funcname))} runs with its owner's rights, but looks names up in its caller's search_path`,
        fix: "SET search_path = ''",
      },
    ];
  },
};
