import { ConfitureError } from "#errors/error.ts";
import { nearest } from "#errors/suggest.ts";
import type { Span } from "#sql/statement.ts";
import type { SqlSource } from "./source.ts";

/** A comment that begins as a mark does, and the word behind the colon. */
const BEGINS_AS_MARK = /^(?:--+|\/\*+)[\s*]*migrate\s*:\s*([^\s*]*)/i;

/** A line with nothing but `migrate` and a word, without the colon. */
const WITHOUT_COLON = /^--+\s*migrate[^\w\n]+(\w+)\s*$/i;

/** A way behind a colon, and the word before it. */
const WAY_OF = /^(?:--+|\/\*+)[\s*]*(\w+)\s*:\s*(up|down)\b/i;

/** What says where a way begins, in other words. */
const OTHER_WORDS: ReadonlyMap<string, string> = new Map(
  ["undo", "back", "rollback", "revert", "drop", "below", "reverse"].map((word) => [word, "down"]),
);

/** As much of a comment as a mark's first words take. */
const HEAD = 120;

/**
 * Refuses a comment that begins with `migrate:` and goes on with a word that is no way, or that is a slip of a mark: were it
 * passed over, the way back below `-- migrate:dwon` would run as a part of the way up.
 * @throws ConfitureError `migration_marks` with the place and the line to write
 */
export function refuseMistypedMark(source: SqlSource, { start, end }: Span): void {
  const head = source.text.slice(start, Math.min(end, start + HEAD));
  const meant = meantBy(head);
  if (meant === undefined) return;
  const guess = meant === "" ? "Marks are" : `Did you mean \`-- migrate:${meant}\`? Marks are`;
  throw new ConfitureError(
    "migration_marks",
    `${source.file} holds a mark that is not known: ${head.split("\n", 1)[0]!.trimEnd()}`,
    {
      location: source.locate(start),
      hint: `${guess} \`-- migrate:up\` and \`-- migrate:down\`. If it is only a remark, use other words.`,
    },
  );
}

/** The way that a slip stands for, "" where that cannot be guessed; undefined for what is none. */
function meantBy(comment: string): string | undefined {
  const near = (word: string): string | undefined =>
    OTHER_WORDS.get(word.toLowerCase()) ?? nearest(word, ["up", "down"]);
  const marked = BEGINS_AS_MARK.exec(comment)?.[1];
  // In another spelling, it is told as a mark of dbmate.
  if (marked !== undefined) return /^(?:up|down)$/i.test(marked) ? undefined : (near(marked) ?? "");
  const bare = WITHOUT_COLON.exec(comment)?.[1];
  if (bare !== undefined) return /^(?:up|down)$/i.test(bare) ? undefined : near(bare);
  const [, word = "", way = ""] = WAY_OF.exec(comment) ?? [];
  const isSlip = !/^migrat(?:e|ions?)$/i.test(word) && nearest(word, ["migrate", "migration"]) !== undefined;
  return isSlip ? way.toLowerCase() : undefined;
}
