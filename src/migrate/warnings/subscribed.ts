import { queryCatalogue } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { placeIn } from "#database/script.ts";
import { ConfitureError } from "#errors/error.ts";
import { inside, loadParser } from "#sql/parser.ts";
import { quoteIdentifier, quoteQualified } from "#sql/quote.ts";
import type { LoadedMigration } from "../files/body.ts";
import { resolveTable } from "../fill/prepare.ts";
import { prepareSession, type RunOptions } from "../run/session.ts";

/**
 * Refuses an expand whose trigger would not fire for the rows that a subscription writes (its worker is in the role `replica`): they
 * would violate what the expand demands of every row, and replication would stop at the first of them. Reads only.
 * @throws ConfitureError `migration_invalid`
 */
export async function checkSubscribed(database: Database, { up }: LoadedMigration, options: RunOptions): Promise<void> {
  if (up.kind !== "sql" || up.marks?.phase !== "expand") return;
  const { statements } = up.script;
  const made = statements.filter(({ firstWord, words }) => firstWord === "CREATE" && words.includes("TRIGGER"));
  if (made.length === 0) return;
  await prepareSession(database, options);
  const parser = await loadParser();
  const always = new Set(
    statements.flatMap(({ firstWord, text }) => {
      const alter = firstWord === "ALTER" ? inside(parser.parse(text), "AlterTableStmt") : undefined;
      return (alter?.cmds ?? []).flatMap((one) => {
        const command = inside(one, "AlterTableCmd");
        return command?.subtype === "AT_EnableAlwaysTrig" ? (command.name ?? []) : [];
      });
    }),
  );
  for (const { text, start } of made) {
    const { trigname: name, relation } = inside(parser.parse(text), "CreateTrigStmt") ?? {};
    if (name === undefined || relation?.relname === undefined || !name.startsWith("~") || always.has(name)) continue;
    const { schemaname: schema, relname } = relation;
    const oid = await resolveTable(database, schema === undefined ? { name: relname } : { schema, name: relname });
    if (oid === undefined || !(await isSubscribed(database, oid))) continue;
    const shown = quoteQualified(schema, relname);
    throw new ConfitureError(
      "migration_invalid",
      `A subscription writes to ${shown}, and the trigger ${name} does not fire for what it writes`,
      {
        location: placeIn(up.script, start),
        hint: `Nothing was changed. Make it fire always, behind this statement: ALTER TABLE ${shown} ENABLE ALWAYS TRIGGER ${quoteIdentifier(name)};`,
      },
    );
  }
}

async function isSubscribed(database: Database, table: number): Promise<boolean> {
  const sql = "select exists (select from pg_subscription_rel where srrelid = $1::int8::oid) as found";
  const [row] = await queryCatalogue<{ found: boolean }>(database, sql, [table]);
  return row?.found === true;
}
