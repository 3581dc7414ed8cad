import type { Database } from "#database/database.ts";
import type { LongSql } from "#database/long-sql.ts";
import { ConfitureError } from "#errors/error.ts";
import { redirectDatabase } from "#sql/database-name.ts";

/**
 * The session of a scratch database. Statements about a database name the one that the project is for, which is not there, or
 * which is there, on the same server, and must stay as it is: they are about the scratch database then.
 * @param name the scratch database's
 * @param onSql hears what is sent
 */
export function scratchSession(
  database: Database,
  name: string,
  onSql: (sql: string | LongSql) => void = () => {},
): Database {
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
  const { engine, backendPid, pooled, serverVersion, host } = database;
  return {
    engine,
    backendPid,
    pooled,
    serverVersion,
    ...(host === undefined ? {} : { host }),
    execute(sql, results) {
      onSql(sql);
      return typeof sql === "string"
        ? send(sql, (text) => database.execute(text, results))
        : database.execute(sql, results);
    },
    query(sql, parameters) {
      onSql(sql);
      return send(sql, (text) => database.query(text, parameters));
    },
    copyIn(sql, data, results) {
      return database.copyIn(sql, data, results);
    },
    cancel() {
      return database.cancel();
    },
    save: async () => await database.save?.(),
    close() {
      return database.close();
    },
  };
}
