import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";

export type Side = "source" | "target";

/** What may be said about an error of reading, by SQLSTATE. */
const KNOWN: Readonly<Record<string, { readonly what: string; readonly hint: string }>> = {
  "42501": {
    what: "the role lacks a right, or a row-level security policy would hide rows from it",
    hint: "The role needs USAGE on the schemas and SELECT on the tables there, those that conditions of the rules read included. Where row-level security is on, it also needs BYPASSRLS, or has to own the table: hidden rows would be silently missing.",
  },
  "55P03": {
    what: "somebody has it locked",
    hint: "A migration may be running there. Try again when it is over, or raise migrations.lock_timeout.",
  },
  "57014": {
    what: "the statement was cancelled",
    hint: "A timeout of the server or a person ended it. A role of its own without statement_timeout helps: ALTER ROLE ... SET statement_timeout = 0",
  },
  "25P03": { what: "idle_in_transaction_session_timeout ended the session", hint: "Run it again." },
  "25P04": { what: "transaction_timeout ended the session", hint: "ALTER ROLE ... SET transaction_timeout = 0" },
  "40001": {
    what: "the replica had to catch up with its primary",
    hint: "A replica ends long queries that are in the way of replay. Raise max_standby_streaming_delay, or set hot_standby_feedback = on there.",
  },
  "53200": { what: "the server ran out of memory or lock slots", hint: "Raise max_locks_per_transaction there." },
  "57P01": { what: "the server was shut down, or an administrator ended the session", hint: "Run it again." },
  "57P02": { what: "the server broke down", hint: "Run it again." },
  "58P01": { what: "the snapshot is gone", hint: "The session that held it has ended. Run it again." },
};

/** What may be said where a session or a statement was ended from outside, and what to do. */
export function endedFrom(sqlstate: string): (typeof KNOWN)[string] | undefined {
  return /^(?:57014|57P0[12]|25P0[34])$/.test(sqlstate) ? KNOWN[sqlstate] : undefined;
}

/**
 * The error without a word of what PostgreSQL said: its messages, details and contexts quote values of rows. Its SQLSTATE, the table
 * and our own words have to do. What is no error of a database goes through.
 * @param table qualified, for people
 * @param side `both`: an error that `namingSide` has marked says which; the source is meant otherwise
 */
export function readingFailed(error: unknown, table?: string, side: Side | "both" = "source"): unknown {
  if (!(error instanceof ConfitureError)) return error;
  if (error.code !== "sql_failed" && error.code !== "connection_lost") return error;
  const sqlstate = error.server?.sqlstate;
  const failed = side === "both" ? (sideOf(error) ?? "source") : side;
  const what = table === undefined ? `Reading the ${failed} failed` : `Reading "${table}" from the ${failed} failed`;
  const about = table === undefined ? {} : { table };
  const known = sqlstate === undefined ? undefined : KNOWN[sqlstate];
  if (error.code === "connection_lost" && known === undefined) {
    const gone = failed === "source" ? " The snapshot that was being copied is gone: run it again." : " Run it again.";
    return new ConfitureError("connection_lost", `${what}: the connection was lost`, {
      hint: `The ${failed} was restarted, or the network failed.${gone}`,
      data: { [failed]: true, ...about },
    });
  }
  return new ConfitureError(
    failed === "source" ? "sync_source_failed" : "sync_target_failed",
    `${what}: ${known?.what ?? "PostgreSQL refused it"} (SQLSTATE ${sqlstate ?? "unknown"})`,
    {
      hint:
        known?.hint ??
        `What PostgreSQL said is not shown, because it may quote values. The ${failed}'s own log has it.`,
      data: { sqlstate: sqlstate ?? null, ...about },
    },
  );
}

/** The same session, whose errors say which side they are of. */
export function namingSide(database: Database, side: Side): Database {
  const marked = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      throw error instanceof ConfitureError ? error.with({ data: { ...error.data, side } }) : error;
    }
  };
  return {
    ...database,
    query: (sql, parameters) => marked(database.query(sql, parameters)),
    execute: (sql, results) => marked(database.execute(sql, results)),
  };
}

function sideOf({ data }: ConfitureError): Side | undefined {
  const side = data?.["side"];
  return side === "source" || side === "target" ? side : undefined;
}
