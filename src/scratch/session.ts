import type { Database } from "#database/database.ts";
import type { LongSql } from "#database/long-sql.ts";
import { orInterrupted } from "#database/open.ts";
import { ConfitureError } from "#errors/error.ts";
import { redirectDatabase } from "#sql/database-name.ts";
import { Statement } from "#sql/statement.ts";
import { type OnLeftOut, Outside } from "./left-out.ts";

interface ScratchSession {
  /** The scratch database's name. */
  readonly name: string;
  readonly onLeftOut: OnLeftOut;
  /** What ends the work of whoever uses it. A statement that it has cancelled has not failed, and is no finding. */
  readonly signal: () => AbortSignal | undefined;
  /** As of `Database`. */
  readonly terminate?: () => Promise<void>;
  /** Hears what is sent. */
  readonly onSql?: (sql: string | LongSql) => void;
}

/**
 * The session of a scratch database. What would do something outside of it is not run, whoever sends it: its server may be the one
 * of a database in use. Statements about a database name the one that the project is for, which is not there, or
 * which is there, on the same server, and must stay as it is: they are about the scratch database then.
 */
export function scratchSession(
  database: Database,
  { name, onLeftOut, signal, terminate, onSql = () => {} }: ScratchSession,
): Database {
  const outside = new Outside(database.engine === "server");
  const send = async <T>(sql: string, run: (text: string) => Promise<T>): Promise<T> => {
    const redirected = redirectDatabase(sql, name);
    if (redirected === undefined) return await run(sql);
    try {
      return await run(redirected.sql);
    } catch (error) {
      if (!(error instanceof ConfitureError) || error.server?.position === undefined) throw error;
      throw error.with({ server: { ...error.server, position: redirected.before(error.server.position) } });
    }
  };
  const unlessInterrupted = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      throw orInterrupted(signal(), error);
    }
  };
  const { engine, backendPid, pooled, serverVersion, host } = database;
  return {
    engine,
    backendPid,
    pooled,
    serverVersion,
    ...(host === undefined ? {} : { host }),
    leavesOut: {
      why: (statement) => outside.of(statement),
      tell: (statement) => onLeftOut(statement, outside.of(statement) ?? ""),
    },
    execute(sql, results) {
      onSql(sql);
      return unlessInterrupted(
        typeof sql === "string"
          ? send(outside.without(sql, onLeftOut), (text) => database.execute(text, results))
          : database.execute(sql, results),
      );
    },
    async query(sql, parameters) {
      onSql(sql);
      const reason = outside.of(Statement.of(sql));
      if (reason === undefined) return await unlessInterrupted(send(sql, (text) => database.query(text, parameters)));
      onLeftOut(Statement.of(sql), reason);
      return [];
    },
    copyIn(sql, data, results) {
      return unlessInterrupted(database.copyIn(sql, data, results));
    },
    cancel() {
      return database.cancel();
    },
    ...(terminate === undefined ? {} : { terminate }),
    ...(database.limitWork === undefined
      ? {}
      : { limitWork: (milliseconds: number | undefined) => database.limitWork?.(milliseconds) }),
    ...(database.placeWork === undefined
      ? {}
      : { placeWork: (place: string | undefined) => database.placeWork?.(place) }),
    save: async () => await database.save?.(),
    close() {
      return database.close();
    },
  };
}
