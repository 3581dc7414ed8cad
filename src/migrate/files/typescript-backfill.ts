import { parseScript } from "#database/script.ts";
import { ConfitureError } from "#errors/error.ts";
import type { SqlBody } from "./body.ts";
import { runInGuest } from "../guest/host.ts";
import type { GuestStatement } from "../guest/messages.ts";
import type { BackfillOptions } from "../migration.ts";
import type { Marks } from "../phases/phase.ts";
import { marksFrom, PLANNED, typeScriptMarks } from "./typescript-marks.ts";
import { endedItself, thrown } from "./typescript.ts";

/**
 * A TypeScript backfill as the SQL that it comes to: from here on it is like one in a `.sql` file. Its `up` runs for that, without a
 * database, so that it can compute its statement and nothing else.
 * @throws ConfitureError `migration_invalid` for what is no backfill alone; `migration_failed` where its code fails; `interrupted`
 */
export async function readTypeScriptBackfill(
  file: string,
  absolutePath: string,
  source: string,
  signal: AbortSignal | undefined,
): Promise<SqlBody> {
  const refuse = (why: string, wayOut: string): ConfitureError =>
    new ConfitureError("migration_invalid", `${file}: ${why}`, { location: { file }, hint: wayOut });
  const found: BackfillOptions[] = [];
  let other: GuestStatement | undefined;
  const end = await runInGuest(absolutePath, "up", signal, async (statement) => {
    if (statement.kind === "backfill") found.push(JSON.parse(statement.text) as BackfillOptions);
    else if (statement.kind !== "progress") {
      other ??= statement;
      await Promise.reject(new Error("a migration with this.backfill() runs nothing else"));
    }
    return undefined;
  });
  end.leftOpen?.end();
  if (other !== undefined) {
    throw refuse(
      `up() asks for a backfill and for something else: ${other.text.split("\n", 1)[0]}`,
      "A backfill is a migration of its own: its batches have transactions of their own. What its SQL needs to know of the database can be in the SQL.",
    );
  }
  if (end.ended !== undefined)
    throw endedItself(file, absolutePath, `up() of ${file} never finished`, end.ended, end.fault);
  if (end.fault !== undefined) throw thrown(file, absolutePath, end.fault, `up() of ${file} failed`);
  const [options, second] = found;
  if (options === undefined || second !== undefined) {
    throw refuse(
      options === undefined ? "up() does not come to its this.backfill()" : "up() asks for more than one backfill",
      "Ask for one backfill, whatever happens; leave to its WHERE which rows it is about.",
    );
  }
  const marks = marksFrom(options, () => ({ file }));
  const planned = typeScriptMarks(source);
  const unread = PLANNED.find((name) => !Bun.deepEquals(ofPlan(planned, name), ofPlan(marks, name)));
  if (unread !== undefined) {
    throw refuse(
      `${unread} of its backfill is no plain text in the file`,
      `Write ${unread}: "..." in the call: status and up have to know it before any code runs.`,
    );
  }
  // Where the statement stands in the file as it is, an error has its line there.
  const at = source.indexOf(options.sql);
  const script =
    at < 0
      ? parseScript({ file, text: options.sql })
      : parseScript({ file, text: source }, at, at + options.sql.length);
  return {
    kind: "sql",
    script,
    transactional: true,
    opening: undefined,
    howToRunOutside: "say transaction = false",
    marks,
  };
}

function ofPlan(marks: Marks | undefined, name: (typeof PLANNED)[number]): unknown {
  return name === "table" ? marks?.backfill?.table : marks?.[name];
}
