import { inOneForm } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import type { Facts } from "../engine/facts.ts";
import { type NotRead, readFacts, type ReadingSession, withExtensionsForReference } from "../engine/read.ts";
import { withoutObjects } from "../engine/lookups.ts";
import { type HistoryTable, historyTables } from "./history-tables.ts";
import { readingQueries } from "#database/read-again.ts";
import type { Extra } from "../kinds/kind.ts";
import { readExtras } from "../kinds/read.ts";
import { isComparedElsewhere } from "./extras.ts";

/** Everything a database holds that a schema file could have made, at one moment. */
export interface Catalogue {
  /** What belongs to an extension is among them for reference only. */
  readonly facts: Facts;
  /** What the planner knows nothing of. */
  readonly extras: readonly Extra[];
  /** The major version of the PostgreSQL that wrote its definitions, for example 18. */
  readonly major: number;
  /** The role that built it in a scratch database; undefined for a database in use, where owners mean something. */
  readonly builder: string | undefined;
  /** The role that read it, where that is known. */
  readonly reader?: string | undefined;
  /** Of a database in use, which may hold what no file speaks of: grants to roles of its server. */
  readonly inUse: boolean;
  /** Where the ledger was, which is not among the objects. */
  readonly ledgerSchema: string | undefined;
  /** Tables in which other tools keep their history, which are not among the objects. */
  readonly histories: readonly HistoryTable[];
  /** Kinds of objects that are there but cannot be compared, for example "user mapping", with how many and which. */
  readonly notCompared: readonly NotRead[];
}

/**
 * Reads the catalogue in one read-only transaction. Another tool's history is left out, wherever it comes from: it is
 * that tool's to make.
 * @param without tables of the tool's own, which are never part of a comparison
 * @param others whether another tool's history counts all the same
 */
export async function readCatalogue(
  database: Database,
  without: readonly { readonly schema: string; readonly table: string }[] = [],
  others: "leave out" | "keep" = "leave out",
): Promise<Catalogue> {
  return await readIn(database, ownTransaction(database), without, others);
}

/** The same of a database as the open transaction of the session sees it, which stays open. */
export async function readCatalogueInside(database: Database): Promise<Catalogue> {
  return await readIn(database, openTransaction(database), [], "leave out");
}

function ownTransaction(database: Database): ReadingSession {
  return {
    start: async (begin) => {
      await database.execute(inOneForm(begin));
      return await readingQueries(database);
    },
    control: (sql) => database.query(sql),
  };
}

/** Going back to the savepoint takes back the settings of the reading, and nothing else, as it writes nothing. */
function openTransaction(database: Database): ReadingSession {
  return {
    start: async () => {
      await database.execute(inOneForm("savepoint confiture_reading"));
      return await readingQueries(database);
    },
    control: async (sql) =>
      await database.query(/^(?:commit|rollback)\b/i.test(sql) ? "rollback to savepoint confiture_reading" : sql),
  };
}

async function readIn(
  database: Database,
  session: ReadingSession,
  without: readonly { readonly schema: string; readonly table: string }[],
  others: "leave out" | "keep",
): Promise<Catalogue> {
  let extras: readonly Extra[] = [];
  let builder: string | undefined;
  const { facts, notRead } = await readFacts(session, async (query) => {
    extras = await readExtras(query);
    builder = ((await query("select current_user::text as builder")) as { builder: string }[])[0]?.builder;
  });
  const ownTables = without.map(({ schema, table }) => ({ kind: "table" as const, schema, name: table }));
  const own = withoutObjects(facts, ownTables);
  const histories = others === "keep" ? [] : historyTables(own);
  const theirs = histories.flatMap(({ objects }) => objects);
  const names = [...without.map(({ schema, table }) => ({ schema, name: table })), ...histories];
  return {
    facts: withExtensionsForReference(withoutObjects(own, theirs)),
    extras: extras.filter(
      ({ relation }) => !names.some(({ schema, name }) => schema === relation?.schema && name === relation.name),
    ),
    histories,
    major: Math.floor(database.serverVersion / 10_000),
    builder,
    inUse: false,
    ledgerSchema: undefined,
    notCompared: notRead.filter(({ kind }) => !isComparedElsewhere(kind)),
  };
}

/** What is read in place of an option that may be secret. */
export const SECRET = /'__OPTION_[^']*__'/;
