import { ConfitureError } from "#errors/error.ts";
import { codePointOffset, countCodePoints } from "#sql/position.ts";
import { splitStatements } from "#sql/split.ts";
import { inOrder } from "./catalogue.ts";
import type { Database } from "./database.ts";

/** One text that is to be run, and who waits for it. */
interface Part {
  readonly sql: string;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Runs what `steps` execute, in the order in which they ask for it, as one message of one round trip: the server stops at the first failure, which goes
 * to the step that asked for the statement, and to all behind it. Each step asks at once, before it waits for anything. The caller has a
 * transaction open, and rolls it back after a failure.
 * @param steps are given a session that can only execute texts
 * @throws what the first step to fail throws
 */
export async function inOneMessage(
  database: Database,
  steps: readonly ((database: Database) => Promise<unknown>)[],
): Promise<void> {
  const parts: Part[] = [];
  let isSent = false;
  const gathering: Database = Object.assign(Object.create(database) as Database, {
    execute: (sql: string) =>
      new Promise<void>((resolve, reject) => {
        if (isSent) throw new ConfitureError("internal", "A step asked for a statement after the message was sent");
        parts.push({ sql, resolve, reject });
      }),
  });
  const working = steps.map((step) => step(gathering));
  isSent = true;
  await inOrder([...working, send(database, parts)]);
}

/** Between two texts, the first of which may end with a comment. */
const SEPARATOR = "\n;";

async function send(database: Database, parts: readonly Part[]): Promise<void> {
  const message = parts.map(({ sql }) => sql).join(SEPARATOR);
  try {
    await database.execute(message);
    for (const { resolve } of parts) resolve();
  } catch (error) {
    const { failed, own } = attribute(error, message, parts);
    for (const [index, { resolve, reject }] of parts.entries()) {
      if (index < failed) resolve();
      else reject(index === failed ? own : error);
    }
  }
}

/** Which part a failure is of, and the failure with its place in that part. */
function attribute(
  error: unknown,
  message: string,
  parts: readonly Part[],
): { readonly failed: number; readonly own: unknown } {
  if (!(error instanceof ConfitureError) || error.code !== "sql_failed" || error.server === undefined) {
    return { failed: 0, own: error };
  }
  const { position, completedStatements } = error.server;
  const at = position === undefined ? undefined : codePointOffset(message, position);
  let start = 0;
  let done = 0;
  for (const [index, { sql }] of parts.entries()) {
    const statements = splitStatements(sql).statements.length;
    const isHere = at === undefined ? (completedStatements ?? 0) < done + statements : at <= start + sql.length;
    if (isHere || index === parts.length - 1) {
      const server = {
        ...error.server,
        ...(at === undefined ? {} : { position: 1 + countCodePoints(message, start, Math.max(start, at)) }),
        ...(completedStatements === undefined ? {} : { completedStatements: Math.max(0, completedStatements - done) }),
      };
      return { failed: index, own: error.with({ server }) };
    }
    start += sql.length + SEPARATOR.length;
    done += statements;
  }
  return { failed: 0, own: error };
}
