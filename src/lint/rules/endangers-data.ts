import { dangersOf } from "#sql/effects/danger.ts";
import { type Danger, dangerWords, isOfSequence } from "#sql/effects/danger-kinds.ts";
import { isSchemaMadeBy } from "#sql/effects/opened.ts";
import { Statement } from "#sql/statement.ts";
import type { Found, Rule } from "../rule.ts";

export const endangersData: Rule = {
  id: "endangers-data",
  title: "Something that keeps data safe is switched off, or others may change it",
  group: "data",
  severity: "warning",
  asks: ["syntax", "trace"],
  why: "A trigger, rule or event trigger that is off does nothing for what is written in the meantime, and nobody does it later. Others may change rows by membership in one of PostgreSQL's own roles that writes everywhere, by a subscription, or after a change of a setting of a database or role that protects data. Another owner of a database, schema or foreign server may drop or redirect what others have there. Those who follow a publication miss rows when it loses a table, when a table has `REPLICA IDENTITY NOTHING`, or when a replication slot is dropped. The migration itself takes nothing away, so nothing else tells of it.",
  instead:
    "Switch it on again in the same migration, name the roles and the tables, and give roles the rights that they need. On a protected environment, `confiture migrate up` asks before it runs such a statement.",
  wrong: "GRANT pg_write_all_data TO web;",
  right: "GRANT INSERT, UPDATE ON notes TO web;",
  check({ facts, file, statement }) {
    const dangers: readonly Danger[] =
      facts?.endangers ??
      dangersOf(Statement.of(statement.text)).flatMap(({ danger, trigger, schema }) => {
        const isNew =
          schema !== undefined &&
          isSchemaMadeBy(
            schema,
            file.statements.map(({ text }) => Statement.of(text)),
          );
        return trigger === undefined && !isNew ? [danger] : [];
      });
    return dangers.flatMap((danger): Found[] =>
      isOfSequence(danger) || isOfForeignKeys(danger) ? [] : [{ message: `This ${dangerWords(danger)}` }],
    );
  },
};

/** Those have a rule of their own. */
function isOfForeignKeys(danger: Danger): boolean {
  if (danger.by !== undefined) return false;
  return danger.kind === "switched-off"
    ? danger.of === "TRIGGER" && danger.name === undefined
    : danger.kind === "setting" && danger.name === "session_replication_role";
}
