import { tablesOf } from "../file-tables.ts";
import type { Rule } from "../rule.ts";
import { rangeOfName } from "../syntax.ts";

export const columnReplaced: Rule = {
  id: "column-replaced",
  title: "Another column under the name of one in use",
  group: "data",
  severity: "warning",
  asks: ["syntax", "neighbours"],
  why: "When a column is renamed and another one takes its name, applications go on without an error, and find the new one empty, or with its default. The values are in the old one unless they are copied.",
  instead:
    "Write the values into the new column in the same migration, or give it another name and move the applications over. Say so in the migration where it is meant: `-- confiture:ignore column-replaced begins empty on purpose`.",
  given: "CREATE TABLE users (id bigint PRIMARY KEY, bio text);",
  wrong: "ALTER TABLE users RENAME COLUMN bio TO bio_old;\nALTER TABLE users ADD COLUMN bio jsonb;",
  right:
    "ALTER TABLE users RENAME COLUMN bio TO bio_old;\nALTER TABLE users ADD COLUMN bio jsonb;\nUPDATE users SET bio = to_jsonb(bio_old);",
  check({ file, statement, isOld }) {
    return (tablesOf(file).replacedColumns.get(statement) ?? [])
      .filter(({ table, hasValues }) => !hasValues && isOld(rangeOfName(table)))
      .map(({ table, column, now }) => ({
        message: `Applications that use ${table}.${column} find a new column there, without the values: those are in ${now}`,
        fix: `Write them into it: UPDATE ${table} SET ${column} = ${now}`,
      }));
  },
};
