import { queryCatalogue } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { placeIn } from "#database/script.ts";
import { ConfitureError, type Location } from "#errors/error.ts";
import { shellWord } from "#errors/shell.ts";
import { inside, loadParser, strings } from "#sql/parser.ts";
import { quoteIdentifier, quoteQualified } from "#sql/quote.ts";
import { backfillOf, type LoadedMigration, type SqlBody } from "../files/body.ts";
import { resolveTable } from "../fill/prepare.ts";
import { readProgress } from "../fill/progress.ts";
import { areApart, tableTriggers } from "../fill/table-triggers.ts";
import { type FillStatement, readFillStatement } from "../fill/statement.ts";
import type { HistoryEntry } from "../history.ts";
import { readLedger } from "../ledger/read.ts";
import { loadMigration } from "../files/load.ts";
import { marksOf } from "../files/marks-of.ts";
import { migrationId } from "../files/migration-file.ts";
import type { Marks } from "./phase.ts";
import { prepareSession, type RunOptions } from "../run/session.ts";
import { canonicalVersion, compareVersions } from "../files/version.ts";

/** A trigger that a contract drops. */
interface DroppedTrigger {
  readonly schema: string | undefined;
  readonly table: string;
  readonly name: string;
  readonly location: Location;
}

/** A backfill that a contract comes behind. */
interface FillBefore {
  readonly id: string;
  readonly version: string;
  readonly statement: FillStatement;
  /** Its table's number in pg_class; undefined where there is no such table. */
  readonly oid: number | undefined;
  /** Fingerprints of the table's triggers when it began, by name; undefined where nobody has noted them. */
  readonly triggers: Readonly<Record<string, string>> | undefined;
}

/**
 * Makes sure that nothing is lost with a contract: its backfills are done and leave no row, every constraint on what
 * they fill is validated, and the triggers that kept old and new in step, which it drops, were at work all the time.
 * Reads only; the caller holds the ledger's lock. Does nothing for a migration that is no contract.
 * @throws ConfitureError `contract_refused`
 */
export async function checkContract(
  database: Database,
  projectDir: string,
  history: readonly HistoryEntry[],
  migration: LoadedMigration,
  options: RunOptions,
): Promise<void> {
  const { up } = migration;
  if (up.kind !== "sql" || up.marks?.phase !== "contract") return;
  await prepareSession(database, options);
  const refuse = (why: string, hint: string, location?: Location): ConfitureError =>
    new ConfitureError("contract_refused", `Contract ${migrationId(migration.file)} cannot run yet: ${why}`, {
      hint: `Nothing was changed. ${hint}`,
      location: location ?? { file: migration.file.path },
    });
  const fills = await fillsBefore(database, projectDir, history, migration.file.version, up.marks, options, refuse);
  for (const fill of fills) {
    await refuseRemaining(database, fill, refuse);
    await refuseUnvalidated(database, fill, refuse);
  }
  for (const trigger of await droppedTriggers(up)) await checkTrigger(database, trigger, fills, refuse);
}

type Refuse = (why: string, hint: string, location?: Location) => ConfitureError;

async function fillsBefore(
  database: Database,
  projectDir: string,
  history: readonly HistoryEntry[],
  version: string,
  { after, change }: Marks,
  { ledger, signal }: RunOptions,
  refuse: Refuse,
): Promise<FillBefore[]> {
  const fills: FillBefore[] = [];
  const rows = await readLedger(database, ledger);
  const progress = await readProgress(database, ledger);
  for (const entry of history) {
    if (entry.file === undefined || compareVersions(entry.version, version) >= 0) continue;
    const marks = marksOf(projectDir, entry.file);
    // The same change as once before, there and back: what that had filled is not there any more.
    if (marks?.phase === "contract" && change !== undefined && marks.change === change) fills.length = 0;
    const isBefore = after.includes(canonicalVersion(entry.version));
    if (marks?.backfill === undefined || (!isBefore && (change === undefined || marks.change !== change))) continue;
    const id = migrationId(entry);
    const row = rows.find((one) => canonicalVersion(one.version) === canonicalVersion(entry.version));
    if (row?.state !== "applied") {
      throw refuse(`its backfill ${id} is not done`, "`confiture migrate up` goes on with it.");
    }
    const { up } = await loadMigration(projectDir, entry.file, signal);
    const backfill = backfillOf(up);
    if (up.kind !== "sql" || backfill === undefined) continue;
    const noted = progress.find((one) => one.version === row.version);
    fills.push({
      id,
      version: row.version,
      statement: await readFillStatement(up.script, backfill),
      oid: await resolveTable(database, backfill.table),
      triggers: noted?.triggers ?? undefined,
    });
  }
  return fills;
}

/** How a backfill is run again from its beginning, and why that takes nothing away. */
function again({ version }: FillBefore): string {
  return `confiture migrate resolve ${shellWord(version)} --rolled-back, then confiture migrate up. The first changes the ledger only, and rows that are filled stay as they are: the WHERE of the backfill does not find them`;
}

async function refuseRemaining(database: Database, fill: FillBefore, refuse: Refuse): Promise<void> {
  const { id, statement } = fill;
  if (statement.remaining === undefined) return;
  let isLeft: boolean;
  // An error where policies would hide rows.
  await database.execute("begin read only; set local row_security = off");
  try {
    const [row] = await database.query<{ remaining: boolean }>(statement.remaining);
    isLeft = row?.remaining === true;
  } catch (error) {
    if (!(error instanceof ConfitureError) || error.code !== "sql_failed") throw error;
    throw refuse(
      `whether its backfill ${id} has left rows cannot be seen: ${error.message}`,
      "Put right what the message names; the WHERE of the backfill has to run as it stands.",
      statement.location,
    );
  } finally {
    await database.execute("rollback").catch(() => {});
  }
  if (!isLeft) return;
  throw refuse(
    `its backfill ${id} is done, but there are rows again that its WHERE finds`,
    `See what writes such rows: a trigger has to fill them. Then run the backfill again: ${again(fill)}.`,
    statement.location,
  );
}

const UNVALIDATED = `
  select k.conname::text as name,
         (select json_agg(a.attname) from pg_attribute a where a.attrelid = k.conrelid and a.attnum = any (k.conkey)) as columns
    from pg_constraint k
   where k.conrelid = $1::int8::oid and not k.convalidated
   order by k.conname`;

async function refuseUnvalidated(database: Database, { oid, statement }: FillBefore, refuse: Refuse): Promise<void> {
  if (oid === undefined) return;
  const unvalidated = await queryCatalogue<{ name: string; columns: readonly string[] | null }>(database, UNVALIDATED, [
    oid,
  ]);
  const found = unvalidated.find(({ columns }) => columns?.some((column) => statement.columns.includes(column)));
  if (found === undefined) return;
  const table = quoteQualified(statement.table.schema, statement.table.name);
  throw refuse(
    `the constraint ${found.name} of ${table} is not validated, so rows may violate it`,
    `Validate it in a migration before this one: ALTER TABLE ${table} VALIDATE CONSTRAINT ${quoteIdentifier(found.name)};`,
  );
}

/** The triggers that a contract drops by name. */
export async function droppedTriggers({ script }: SqlBody): Promise<DroppedTrigger[]> {
  const dropped: DroppedTrigger[] = [];
  for (const statement of script.statements) {
    if (statement.firstWord !== "DROP" || statement.words[1] !== "TRIGGER") continue;
    const node = (await loadParser()).parse(statement.text);
    const objects = node === undefined ? [] : (inside(node, "DropStmt")?.objects ?? []);
    for (const object of objects) {
      const names = strings(inside(object, "List")?.items);
      const [name, table, schema] = names.toReversed();
      if (name === undefined || table === undefined) continue;
      dropped.push({ schema, table, name, location: placeIn(script, statement.start) });
    }
  }
  return dropped;
}

async function checkTrigger(
  database: Database,
  { schema, table, name, location }: DroppedTrigger,
  fills: readonly FillBefore[],
  refuse: Refuse,
): Promise<void> {
  const shown = `the trigger ${name} of ${quoteQualified(schema, table)}`;
  const oid = await resolveTable(database, schema === undefined ? { name: table } : { schema, name: table });
  const triggers = oid === undefined ? [] : await tableTriggers(database, oid);
  const found = triggers.find((trigger) => trigger.name === name);
  const of = fills.find((fill) => fill.oid === oid);
  const repeat =
    of === undefined
      ? "Put right what was written meanwhile, then run this again."
      : `Then run the backfill again, and look at rows that were changed meanwhile: ${again(of)}.`;
  const repeatAlone = repeat.replace(/^Then run/, "Run");
  if (found === undefined) {
    throw refuse(
      `${shown}, which it drops, is not there, so old and new may differ`,
      `Make it again as the migration before has it. ${repeat}`,
      location,
    );
  }
  if (!found.enabled) {
    throw refuse(
      `${shown} is disabled, so old and new may differ`,
      `Enable it: ALTER TABLE ${quoteQualified(schema, table)} ENABLE TRIGGER ${quoteIdentifier(name)}; ${repeat}`,
      location,
    );
  }
  // What belongs to another change keeps other columns in step.
  const behind = found.behind.find(
    (other) =>
      !areApart(
        triggers.find((one) => one.name === other),
        found,
      ),
  );
  if (behind !== undefined) {
    throw refuse(
      `the trigger ${behind} fires behind ${name}, and may change what that has kept in step`,
      `Rename one of them: triggers fire in the order of their names. ${repeat}`,
      location,
    );
  }
  if (of?.triggers === undefined || of.triggers[name] === found.fingerprint) return;
  throw refuse(
    of.triggers[name] === undefined
      ? `${shown} was not there when the backfill ${of.id} began`
      : `${shown} or its function was changed, disabled or replaced since the backfill ${of.id} began, and may have missed rows`,
    repeatAlone,
    location,
  );
}
