import { dangersOf } from "#sql/effects/danger.ts";
import { type Danger, dangerWords, isOfSequence, repeatsValues } from "#sql/effects/danger-kinds.ts";
import { inside, type Node } from "#sql/parser.ts";
import { parseQualifiedName, quoteLiteral, writeIdentifier } from "#sql/quote.ts";
import { Statement } from "#sql/statement.ts";
import { isAddedBy } from "../left-out.ts";
import type { Context, Found, Rule } from "../rule.ts";
import { alterations } from "#sql/alterations.ts";
import { nameOf } from "../syntax.ts";

export const sequenceRepeats: Rule = {
  id: "sequence-repeats",
  title: "A sequence that may give values again, stop, or be dropped with a column",
  group: "data",
  severity: "warning",
  severityElse: "note where it gives no value again",
  asks: ["syntax", "neighbours", "trace"],
  why: "How far a sequence has come in production is not in the migration. `RESTART` and `setval` to a fixed number give values again that rows have already: INSERTs fail on the primary key, or, without one, two rows get the same number. So does an identity that a column with values gets: it begins at 1. Bounds that it has passed make the statement fail, and `OWNED BY` lets it be dropped with a column.",
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
    const found = said.filter(isOfSequence).map((danger): Found => {
      const again = repeatsValues(danger);
      return {
        message: `This ${dangerWords(danger)}`,
        fix: again ? "Behind it, set the sequence to the greatest value of its column, with setval" : undefined,
        severity: again ? undefined : "note",
      };
    });
    return [...found, ...begun(context)];
  },
};

/** An identity of a column that has values already, which begins at 1 unless something says otherwise. */
function begun({ node, file, statement, world, isOld }: Context): Found[] {
  return alterations(node, "AT_AddIdentity").flatMap(({ table, command }): Found[] => {
    const { name = "" } = command;
    if (!isOld(table) || isAddedBy(file, world, table, name)) return [];
    const options = (inside(command.def, "Constraint")?.options ?? []).map((one) => inside(one, "DefElem")?.defname);
    const later = file.statements.slice(file.statements.indexOf(statement) + 1);
    if (options.includes("start") || later.some(({ text }) => SETS.test(text))) return [];
    const [of, column] = [nameOf(table), writeIdentifier(name)];
    return [
      {
        message: `The identity of ${of}.${column} begins at 1, and rows may have its values already`,
        fix: `SELECT setval(pg_get_serial_sequence(${quoteLiteral(of)}, ${quoteLiteral(name)}), (SELECT max(${column}) FROM ${of}));  -- behind it`,
      },
    ];
  });
}

const SETS = /\b(?:setval|restart)\b/i;

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
