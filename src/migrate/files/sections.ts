import type { Masked } from "#database/sql-to-send.ts";
import { ConfitureError } from "#errors/error.ts";
import { splitStatements } from "#sql/split.ts";
import type { SqlSource } from "../layouts/source.ts";
import { type MarkerOptions, type Marks, readMarkerOptions } from "../phases/phase.ts";

/** A part of a migration file: UTF-16 offsets of what lies after its marker comment. */
export interface Section {
  readonly start: number;
  readonly end: number;
  /** From `transaction:false` behind the marker; undefined where nothing is said. */
  readonly transaction: boolean | undefined;
  /** What its marker says about phases. */
  readonly marks?: Marks | undefined;
  /** All that stands behind its marker. */
  readonly options?: string;
  /** What to write so that it runs outside a transaction, for hints. */
  readonly howToRunOutside: string;
  /** Read instead of the file's text, where marks in it have to go: as long as the file, so that offsets hold. */
  readonly text?: string;
  /** Where that is not the file's text. */
  readonly masked?: readonly Masked[];
}

export interface Sections {
  /** What the file begins with: its up, or in a `.down.sql` its down. */
  readonly main: Section;
  readonly down: Section | undefined;
  /** What stands above the first mark of another tool, where nothing runs. */
  readonly above?: Section;
}

const MARKER = /^--\s*migrate:(up|down)\b(.*)$/;

/** Whether a comment is one that `findSections` reads. */
export function isMarker(comment: string): boolean {
  return MARKER.test(comment) || isNoTransactionLine(comment);
}

/** The first line that sqlx reads for the same purpose. */
const NO_TRANSACTION = /^--\s*no-transaction\s*$/;

/** Whether a comment is that line, which every layout understands. */
export function isNoTransactionLine(comment: string): boolean {
  return NO_TRANSACTION.test(comment);
}

/** What to do where nothing else is there for it. */
export const NO_TRANSACTION_LINE = "begin the file with the line: -- no-transaction";

/** False where a first line says that the file is to run outside a transaction. */
export function findDeclaration({ text, comments, statements }: SqlSource): false | undefined {
  const firstStatement = statements[0]?.start ?? text.length;
  const declares = comments.some(
    ({ start, end }) => start < firstStatement && NO_TRANSACTION.test(text.slice(start, end)),
  );
  return declares ? false : undefined;
}

/**
 * Finds the `-- migrate:up` and `-- migrate:down` comments of a SQL migration. A file without them is all up.
 * Only comments count: the same words in a string are data.
 * @throws ConfitureError `migration_invalid` for a section given twice, in the wrong order, or an unknown option
 */
export function findSections(source: SqlSource, opening: "up" | "down" = "up"): Sections {
  const { text } = source;
  const markers: { direction: string; options: string; start: number; end: number }[] = [];
  let declared: boolean | undefined;
  if (text.includes("migrate:") || text.includes("no-transaction")) {
    declared = findDeclaration(source);
    for (const { start, end } of source.comments) {
      const marker = MARKER.exec(text.slice(start, end));
      if (marker !== null) markers.push({ direction: marker[1]!, options: marker[2]!, start, end });
    }
  }
  const [first, second, third] = markers;
  if (first === undefined) {
    const main = {
      start: 0,
      end: text.length,
      transaction: declared,
      howToRunOutside: NO_TRANSACTION_LINE,
    };
    return { main, down: undefined };
  }
  const wrong = first.direction !== opening ? first : second?.direction === opening ? second : third;
  if (wrong !== undefined) {
    throw new ConfitureError("migration_invalid", ONE_OF_EACH, {
      location: source.locate(wrong.start),
      hint: hintForOrder(
        opening,
        markers.map(({ direction }) => direction),
      ),
    });
  }
  requireNothingBefore(source, first.start);
  const options = readOptions(source, first);
  return {
    main: {
      start: first.end,
      end: second?.start ?? text.length,
      transaction: options.transaction ?? declared,
      marks: options.marks,
      options: first.options.trim(),
      howToRunOutside: markerOutside(opening),
    },
    down:
      second === undefined
        ? undefined
        : {
            start: second.end,
            end: text.length,
            // Read when it is asked for: what is wrong with it is no matter of the way up.
            get transaction() {
              return readOptions(source, second).transaction ?? declared;
            },
            howToRunOutside: markerOutside("down"),
          },
  };
}

const ONE_OF_EACH = "A migration has one `-- migrate:up` and then at most one `-- migrate:down`";

/** @param directions of all markers, of which one is too many or out of place */
function hintForOrder(opening: "up" | "down", directions: readonly string[]): string {
  if (opening === "down")
    return "A .down.sql file holds the way back alone. Write its way up into the .up.sql beside it.";
  if (!directions.includes("up")) return "Put `-- migrate:up` above the SQL of the way up.";
  if (directions[0] === "down") return "Move the `-- migrate:up` section above the `-- migrate:down` section.";
  return "Put each further step into a migration of its own.";
}

function markerOutside(direction: "up" | "down"): string {
  return `put transaction:false behind the marker: -- migrate:${direction} transaction:false`;
}

function readOptions(source: SqlSource, marker: { direction: string; options: string; start: number }): MarkerOptions {
  const direction = marker.direction === "up" ? "up" : "down";
  return readMarkerOptions(marker.options, direction, () => source.locate(marker.start));
}

/** SQL above the first marker would silently never run. */
function requireNothingBefore(source: SqlSource, end: number): void {
  const [statement] = splitStatements(source.text, 0, end).statements;
  if (statement === undefined) return;
  throw new ConfitureError(
    "migration_invalid",
    "There is SQL above the `-- migrate:up` comment, which would never run",
    {
      location: source.locate(statement.start),
      hint: "Move it below the comment.",
    },
  );
}
