import type { Rule } from "../rule.ts";

export const editedMigration: Rule = {
  id: "edited-migration",
  title: "A migration of the other branch that was edited or deleted",
  group: "transactions",
  severity: "error",
  severityElse: "warning where comments, white space or the way back alone were edited",
  asks: ["neighbours"],
  why: "Only with `--since`. Databases have run the migrations that the commit has, and know each by its version and checksum. `confiture migrate up` stops there at one that was edited, deleted or given another version (`history_edited`, `history_missing`), and no such database would ever get the change. Where only comments, white space or the way back were edited, it is a warning: `confiture migrate accept` records the file as it is now. A migration that was squashed into `base.sql` as it was is none that was deleted.",
  instead:
    "Put the file back as it was, and write a new migration for the change. Where no database has run it yet, an edited SQL file may say so with `-- confiture:ignore-file edited-migration REASON`; the path of a deleted or a TypeScript one goes under `exclude` in `db/lint.yaml`. `confiture verify --base` and `confiture migrate plan --since` go by the same.",
  wrong:
    "-- 003_add_bio.sql, where the other branch has: ALTER TABLE users ADD COLUMN bio text;\nALTER TABLE users ADD COLUMN bio varchar(200);",
  right:
    "-- 004_limit_bio.sql, and 003_add_bio.sql as the other branch has it\nALTER TABLE users ADD CONSTRAINT users_bio_length CHECK (length(bio) <= 200) NOT VALID;",
};
