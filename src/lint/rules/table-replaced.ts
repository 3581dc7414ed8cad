import { tablesOf } from "../file-tables.ts";
import type { Rule } from "../rule.ts";
import { rangeOfName } from "../syntax.ts";

export const tableReplaced: Rule = {
  id: "table-replaced",
  title: "Another table under the name of one in use",
  group: "data",
  severity: "warning",
  severityElse: "note where rows are taken along, or the other table was there before",
  asks: ["syntax", "neighbours"],
  why: "When a table is renamed and another one takes its name, applications go on without an error, in the new table. The rows are in the old one unless they are copied, and policies, triggers, rights and the foreign keys of other tables stay with it: `LIKE ... INCLUDING ALL` copies none of these.",
  instead:
    "To give a table another name, rename it and create a view with the old name. To rebuild it, copy its rows in the same migration, and make its policies, triggers, rights and the foreign keys to it anew. Say so in the migration: `-- confiture:ignore table-replaced starts empty on purpose`.",
  given: "CREATE TABLE users (id bigint PRIMARY KEY);",
  wrong: "ALTER TABLE users RENAME TO users_old;\nCREATE TABLE users (LIKE users_old INCLUDING ALL);",
  right: "ALTER TABLE users RENAME TO accounts;\nCREATE VIEW users AS SELECT * FROM accounts;",
  check({ file, statement, isOld }) {
    const replaced = tablesOf(file).replaced.get(statement);
    if (replaced === undefined || !isOld(rangeOfName(replaced.now))) return [];
    const { table, now, hasRows, exchanged } = replaced;
    const kept = `policies, triggers, rights and foreign keys to it stay with ${now}`;
    // What another migration may have copied into one that is there is not known.
    return hasRows || exchanged !== undefined
      ? [{ message: `${table} is another table from here on: ${kept}`, severity: "note" }]
      : [{ message: `Applications that use ${table} find another table, without the rows of ${now}; ${kept}` }];
  },
};
