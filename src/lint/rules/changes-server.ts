import { exposuresInText } from "#sql/effects/exposure.ts";
import { reachOf } from "#sql/effects/outside.ts";
import { Statement } from "#sql/statement.ts";
import type { Rule } from "../rule.ts";

export const changesServer: Rule = {
  id: "changes-server",
  title: "A statement that reaches beyond its database",
  group: "security",
  severity: "warning",
  asks: ["syntax"],
  why: "`ALTER SYSTEM`, `pg_terminate_backend` and `COPY` from or to a file or program of the server change the server for every database on it, or run on its machine. No rollback takes that back, schema files do not show it, and managed servers refuse it. A database that is made read-only refuses the next migration. Such a statement is not tried in a scratch database.",
  instead: "Do it by hand or where the server is set up. Rows go over the connection: `COPY ... FROM STDIN`.",
  wrong: "ALTER SYSTEM SET work_mem = '64MB';",
  right: "ALTER TABLE notes SET (autovacuum_vacuum_scale_factor = 0.01);",
  check({ statement: { text } }) {
    const statement = Statement.of(text);
    const reach = reachOf(statement);
    // Rows that leave the database are found by another rule.
    if (reach === undefined || exposuresInText(statement).length > 0) return [];
    return [{ message: `This ${reach}`, fix: "Do it outside of migrations" }];
  },
};
