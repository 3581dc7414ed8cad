import { dangersOf } from "#sql/effects/danger.ts";
import { type Danger, dangerWords, isOfSequence, repeatsValues } from "#sql/effects/danger-kinds.ts";
import { inside, type Node } from "#sql/parser.ts";
import { parseQualifiedName } from "#sql/quote.ts";
import { Statement } from "#sql/statement.ts";
import type { Context, Found, Rule } from "../rule.ts";

export const sequenceRepeats: Rule = {
  id: "sequence-repeats",
  title: "A sequence that may give values again, stop, or be dropped with a column",
  group: "data",
  severity: "warning",
  severityElse: "note where it gives no value again",
  asks: ["syntax", "neighbours", "trace"],
  why: "How far a sequence has come in production is not in the migration. `RESTART` and `setval` to a fixed number give values again that rows have already: INSERTs fail on the primary key, or, without one, two rows get the same number. Bounds that it has passed make the statement fail, and `OWNED BY` lets it be dropped with a column.",
  instead: "Look the number up when the migration runs, so that it is right in every database.",
  wrong: "ALTER SEQUENCE users_id_seq RESTART WITH 1000;",
  right: "SELECT setval('users_id_seq', (SELECT max(id) FROM users));",
  check(context) {
    const { facts, statement } = context;
    const said: readonly Danger[] =
      facts?.endangers ??
      dangersOf(Statement.of(statement.text)).flatMap(({ danger, relation }) =>
        relation !== undefined && isInUse(context, relation) ? [danger] : [],
      );
    return said.filter(isOfSequence).map((danger): Found => {
      const again = repeatsValues(danger);
      return {
        message: `This ${dangerWords(danger)}`,
        fix: again ? "SELECT setval(sequence, (SELECT max(column) FROM its_table));  -- with their names" : undefined,
        severity: again ? undefined : "note",
      };
    });
  },
};

/** Whether what linted migrations made does not account for a sequence, or for the table of an identity. */
function isInUse({ world, isOld, file, statement }: Context, relation: string): boolean {
  const name = parseQualifiedName(relation)?.name ?? relation;
  const range = { relname: name };
  if (world.find(range) !== undefined) return isOld(range);
  const before = file.statements.slice(0, file.statements.indexOf(statement));
  if (before.some(({ node }) => makesSequence(node, name))) return false;
  // What `serial` and identities make is called after table and column.
  const table = [...world.relations.values()].find((one) => one.kind === "table" && name.startsWith(`${one.name}_`));
  return table === undefined || isOld({ schemaname: table.schema, relname: table.name });
}

function makesSequence(node: Node | undefined, name: string): boolean {
  return inside(node, "CreateSeqStmt")?.sequence?.relname === name;
}
