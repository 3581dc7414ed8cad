import { ConfitureError, type ServerReport } from "#errors/error.ts";
import type { Notice } from "./database.ts";
import type { ProtocolViolation } from "./responses.ts";

/** The server lies or is none, and nothing that it says can be relied on. */
export function violation(cause: ProtocolViolation, isOpen: boolean): ConfitureError {
  return new ConfitureError(
    isOpen ? "connection_lost" : "connect_failed",
    `The server does not keep to PostgreSQL's protocol: it ${cause.message}`,
    {
      hint: "The connection was closed. Check host and port: another service, or a broken proxy, listens there.",
      cause,
      ...(isOpen ? {} : { data: { notPostgres: true } }),
    },
  );
}

/** After an interruption the server did not end the work. */
export function abandoned(): ConfitureError {
  return new ConfitureError("interrupted", "Interrupted; the server did not answer, so the connection was closed", {
    hint: "The server rolls an open transaction back as soon as it notices. `confiture migrate status` tells what is recorded.",
    data: { abandoned: true },
  });
}

/** An error as postgres.js reads it off the wire. */
export type WireError = Record<string, string | undefined>;

/** What the server says of a failure. */
export function toReport(error: WireError, completedStatements: number | undefined): ServerReport {
  const number = (text: string | undefined): number | undefined => (text === undefined ? undefined : Number(text));
  const fields = {
    detail: error["detail"],
    hint: error["hint"],
    context: error["where"],
    position: number(error["position"]),
    internalPosition: number(error["internal_position"]),
    internalQuery: error["internal_query"],
    schema: error["schema_name"],
    table: error["table_name"],
    column: error["column_name"],
    constraint: error["constraint_name"],
    routine: error["routine"],
    completedStatements,
  };
  return {
    severity: error["severity"] ?? error["severity_local"] ?? "ERROR",
    sqlstate: error["code"] ?? "XX000",
    message: error["message"] ?? "unknown error",
    ...(Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as object),
  };
}

/** What the server says beside its answers. */
export function toNotice(notice: WireError): Notice {
  return {
    severity: notice["severity"] ?? "NOTICE",
    sqlstate: notice["code"] ?? "00000",
    message: notice["message"] ?? "",
    ...(notice["detail"] === undefined ? {} : { detail: notice["detail"] }),
    ...(notice["hint"] === undefined ? {} : { hint: notice["hint"] }),
    ...(notice["routine"] === undefined ? {} : { routine: notice["routine"] }),
  };
}
