import { ConfitureError, type ServerReport } from "#errors/error.ts";
import { shellWord } from "#errors/shell.ts";
import { quoteIdentifier } from "#sql/quote.ts";
import { adviceFor } from "./advice.ts";
import type { ServerTarget } from "./target.ts";
import { describeAddress, psqlCommand } from "./transport.ts";

/**
 * Whether waiting may help. A server that gave its reason has to be starting up, shutting down (class 57) or out of
 * connections and the like (class 53): a wrong password, database or option does not get better.
 */
export function mayPass(error: ConfitureError): boolean {
  if (error.code !== "connect_failed" || error.data?.["notPostgres"] === true) return false;
  const sqlstate = error.server?.sqlstate;
  return sqlstate === undefined || /^(?:53|57P|08006|08001)/.test(sqlstate);
}

/** Somebody asked for the end. */
export function interrupted(cause: unknown): ConfitureError {
  return new ConfitureError("interrupted", "Interrupted while connecting to the server", { cause });
}

/** A failure with which libpq goes on to the next host. */
export class NextHost extends Error {
  readonly error: ConfitureError;
  constructor(error: ConfitureError) {
    super(error.message);
    this.error = error;
  }
}

/** What each of them said, and where they are written. */
export function hintForHosts({ sessionAttributes = "any" }: ServerTarget, failures: readonly ConfitureError[]): string {
  const wanted =
    sessionAttributes === "any" ? "" : ` They are asked for one that is ${sessionAttributes} (target_session_attrs).`;
  return [
    ...failures.map(({ message }) => message),
    `Is one of them running, and are hosts and ports right? \`confiture config show\` tells where they come from.${wanted}`,
  ].join("\n");
}

/** `connect_timeout` has passed. */
export function tooSlow(host: ServerTarget, cause: unknown): ConfitureError {
  return new ConfitureError(
    "connect_failed",
    `Cannot connect to PostgreSQL at ${describeAddress(host)}: no answer within ${host.connectTimeout / 1000} s`,
    {
      hint: "The time is connect_timeout, which covers everything until the session is ready. A pooler without a free connection makes it wait as well.",
      cause,
    },
  );
}

/** libpq changes between plain and encrypted when the handshake or the server's pg_hba.conf refuses one of them. */
export function worthTheOtherWay(error: unknown): boolean {
  return error instanceof ConfitureError && (error.code === "connect_tls" || error.server?.sqlstate === "28000");
}

/** A failure during startup, in terms of what the user wrote. */
export function explain(target: ServerTarget, error: unknown): unknown {
  if (!(error instanceof ConfitureError)) return error;
  const where = describeAddress(target);
  if (error.code === "connection_lost") {
    return error.with({
      code: "connect_failed",
      message: `The server at ${where} closed the connection before it was ready`,
      hint: "It may be starting up, shutting down, or not a PostgreSQL server.",
    });
  }
  switch (error.server?.sqlstate) {
    case "28P01":
    case "28000":
      return error.with({
        code: "connect_auth",
        message: `The server at ${where} refused user "${target.user}": ${error.server.message}`,
        hint: `Check user and password; \`confiture config show\` tells where they come from. Try: ${psqlCommand(target)}`,
      });
    case "3D000":
      return error.with({
        code: "connect_no_database",
        message: `The database "${target.database}" does not exist on ${where}`,
        hint: `Create it: confiture db create (or createdb -h ${shellWord(target.host)} -p ${target.port} -U ${shellWord(target.user)} ${shellWord(target.database)})`,
      });
    case "57P03":
      // libpq, too, tries the next host then.
      return new NextHost(error.with({ hint: adviceFor(error.server) }));
    default:
      return error.server === undefined
        ? error
        : error.with({
            code: "connect_failed",
            message: `Cannot connect to ${where}: ${error.server.message}`,
            hint: error.hint ?? grantToConnect(target, error.server) ?? adviceFor(error.server),
          });
  }
}

/** Where the role may not enter the database. A parameter in the options that it may not set has the same code. */
function grantToConnect({ database, user }: ServerTarget, { sqlstate, routine }: ServerReport): string | undefined {
  if (sqlstate !== "42501" || routine !== "CheckMyDatabase") return undefined;
  return `Run there, as a role that may: GRANT CONNECT ON DATABASE ${quoteIdentifier(database)} TO ${quoteIdentifier(user)};`;
}
