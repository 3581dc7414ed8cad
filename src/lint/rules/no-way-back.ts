import type { Rule } from "../rule.ts";

export const noWayBack: Rule = {
  id: "no-way-back",
  title: "A migration without a way back",
  group: "transactions",
  severity: "note",
  on: false,
  asks: ["syntax"],
  why: "`confiture migrate down` refuses such a migration, and whatever came before it.",
  instead: "Write a `-- migrate:down` section, or a `.down.sql` file beside a `.up.sql`.",
  wrong: "ALTER TABLE users ADD COLUMN bio text;",
  right: "-- migrate:up\nALTER TABLE users ADD COLUMN bio text;\n-- migrate:down\nALTER TABLE users DROP COLUMN bio;",
  check({ file, statement }) {
    const { migration, wayBack, statements } = file;
    return wayBack !== undefined || statements[0] !== statement || migration?.form !== "sql"
      ? []
      : [{ message: "This migration has no way back", fix: "-- migrate:down, and below it what undoes this" }];
  },
};
