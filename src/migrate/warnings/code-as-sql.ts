import { parseScript, withoutOwnTransaction } from "#database/script.ts";
import { ConfitureError } from "#errors/error.ts";
import type { Body, LoadedMigration, SqlBody, TypeScriptBody } from "../files/body.ts";
import { runInGuest } from "../guest/host.ts";

/**
 * A TypeScript migration as the SQL that both its ways come to; one in SQL as it is. The code runs for that, without a database. What it
 * asks for is all that it would ever do, as long as none of it fails: nothing comes back that it could go by.
 * @returns undefined where it waits for rows, has parameters, or something else that no text of SQL says
 * @throws ConfitureError `interrupted`
 */
export async function codeAsSql(
  migration: LoadedMigration,
  signal: AbortSignal | undefined,
): Promise<LoadedMigration | undefined> {
  const { file, checksum, kept, up, down } = migration;
  if (up.kind !== "typescript" && down?.kind !== "typescript") return migration;
  const [there, back] = [await sqlOf(up, signal), down && (await sqlOf(down, signal))];
  if (there === undefined || (down !== undefined && back === undefined)) return undefined;
  return { file, checksum, kept, up: there, down: back };
}

async function sqlOf(body: Body, signal: AbortSignal | undefined): Promise<Body | undefined> {
  return body.kind === "typescript" ? await sqlOfCode(body, signal) : body;
}

async function sqlOfCode(
  { absolutePath, file, method, transactional }: TypeScriptBody,
  signal: AbortSignal | undefined,
): Promise<SqlBody | undefined> {
  if (!transactional) return undefined;
  const texts: string[] = [];
  let asksBack = false;
  const { ended, fault, late, leftOpen } = await runInGuest(absolutePath, method, signal, async (statement) => {
    if (statement.kind === "progress") return undefined;
    asksBack ||= statement.kind !== "execute" || statement.parameters.length > 0;
    if (asksBack) await Promise.reject(new Error("there is no database to ask"));
    texts.push(statement.text);
    return undefined;
  });
  leftOpen?.end();
  if (asksBack || (ended ?? fault ?? late ?? leftOpen) !== undefined) return undefined;
  try {
    for (const text of texts) {
      const script = parseScript({ file, text });
      if (withoutOwnTransaction(script, "") !== script) return undefined;
    }
    // A text may end with a comment to the end of its line.
    const script = parseScript({ file, text: texts.join("\n;\n") });
    return { kind: "sql", script, transactional, opening: undefined, howToRunOutside: "" };
  } catch (error) {
    if (error instanceof ConfitureError) return undefined;
    throw error;
  }
}
