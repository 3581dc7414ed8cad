import type { Masked } from "#database/sql-to-send.ts";
import { ConfitureError } from "#errors/error.ts";
import type { Span } from "#sql/statement.ts";
import { findDeclaration, isNoTransactionLine, type Section, type Sections } from "../files/sections.ts";
import { withMasked } from "./mask.ts";
import type { SqlSource } from "./source.ts";

/** A comment that a tool reads as a command. */
export interface Mark {
  /**
   * `up` and `down` begin a section; `no-transaction` is about the section it stands in or, before the first one, the
   * file or the way that the file begins with; `end` ends a statement; `other` says nothing about what runs; `unknown` is
   * refused, since what follows could be a way back.
   */
  readonly kind: "up" | "down" | "no-transaction" | "end" | "other" | "unknown";
  /** Written behind an `up` or `down`: its section runs outside a transaction. */
  readonly outside?: boolean;
}

export interface MarkedOptions {
  /** Reads a comment; undefined for one that is no mark. */
  readonly read: (comment: string) => Mark | undefined;
  /** The line that begins the way up, for messages. */
  readonly upLine: string;
  readonly downLine: string;
  /** Whether what stands above the first mark belongs to the way up, or is an error. */
  readonly openingIsUp: boolean;
  /** Whether a mark of no transaction holds for the whole file. */
  readonly noTransactionForAll: boolean;
  /** What to write so that a section runs outside a transaction, for hints. */
  readonly howToRunOutside: string;
}

interface Placed extends Mark {
  readonly start: number;
  readonly end: number;
}

/**
 * Cuts a file at the marks of a tool, which may alternate. A way that is in several pieces is read with everything else
 * blanked, so that places in it hold.
 * @throws ConfitureError `migration_invalid` for a file without a mark, or with SQL above the first
 */
export function cutAtMarks(source: SqlSource, options: MarkedOptions): Sections {
  const { file, text } = source;
  const marks = source.comments.flatMap(({ start, end }): Placed[] => {
    const mark = options.read(text.slice(start, end));
    return mark === undefined ? [] : [{ ...mark, start, end }];
  });
  const unknown = marks.find(({ kind }) => kind === "unknown");
  if (unknown !== undefined) {
    const comment = text.slice(unknown.start, unknown.end).trimEnd();
    throw new ConfitureError("migration_invalid", `${file} holds a mark that is not known: ${comment}`, {
      location: source.locate(unknown.start),
      hint: `Ways begin with \`${options.upLine}\` and \`${options.downLine}\`. Correct the line or remove it.`,
    });
  }
  const sections = marks.filter(({ kind }) => kind === "up" || kind === "down");
  const [first] = sections;
  if (first === undefined && !options.openingIsUp) {
    throw new ConfitureError("migration_invalid", `${file} has no \`${options.upLine}\``, {
      location: { file, line: 1 },
      hint: `Write it above the statements of the way up, and \`${options.downLine}\` above those of the way back.`,
    });
  }
  const [early] = source.statements;
  if (first !== undefined && early !== undefined && early.start < first.start && !options.openingIsUp) {
    throw new ConfitureError("migration_invalid", `There is SQL above \`${options.upLine}\`, which would never run`, {
      location: source.locate(early.start),
      hint: "Move it below that line.",
    });
  }
  const pieces = [
    ...(options.openingIsUp
      ? [{ kind: "up" as const, start: 0, end: first?.start ?? text.length, mark: undefined }]
      : []),
    ...sections.map((mark, index) => ({
      kind: mark.kind,
      start: mark.end,
      end: sections[index + 1]?.start ?? text.length,
      mark,
    })),
  ];
  const own = text.includes("no-transaction") ? findDeclaration(source) : undefined;
  const forAll = marks.some(
    ({ kind, start }) =>
      kind === "no-transaction" &&
      (options.noTransactionForAll || (!options.openingIsUp && (first === undefined || start < first.start))),
  );
  const way = (kind: "up" | "down"): Section => {
    const parts = pieces.filter((piece) => piece.kind === kind);
    const outside = parts.some(
      ({ mark, start, end }) =>
        mark?.outside === true ||
        marks.some((other) => other.kind === "no-transaction" && other.start >= start && other.end <= end),
    );
    return {
      start: parts[0]?.start ?? 0,
      end: parts.at(-1)?.end ?? 0,
      transaction: outside || forAll ? false : own,
      ...withMasked(text, allBut(text.length, parts, marks)),
      howToRunOutside: options.howToRunOutside,
    };
  };
  const hasDown = pieces.some(({ kind }) => kind === "down");
  const sectionsFound = { main: way("up"), down: hasDown ? way("down") : undefined };
  if (options.openingIsUp || first === undefined) return sectionsFound;
  const above = { start: 0, end: first.start };
  const { howToRunOutside } = options;
  return {
    ...sectionsFound,
    get above() {
      return {
        ...above,
        transaction: undefined,
        howToRunOutside,
        ...withMasked(text, commandsIn(source, marks, above)),
      };
    },
  };
}

/** The marks in a part of a file, and the line that every layout understands. */
function commandsIn({ text, comments }: SqlSource, marks: readonly Placed[], { start, end }: Span): Span[] {
  const isCommand = (comment: Span): boolean =>
    marks.some((mark) => mark.start === comment.start) || isNoTransactionLine(text.slice(comment.start, comment.end));
  return comments.filter((comment) => comment.start >= start && comment.end <= end && isCommand(comment));
}

/** What of a text is not to be run: all outside the parts, and the marks in them. */
function allBut(
  length: number,
  parts: readonly { readonly start: number; readonly end: number }[],
  marks: readonly Placed[],
): Masked[] {
  const masked: Masked[] = [];
  let at = 0;
  for (const { start, end } of parts) {
    masked.push({ start: at, end: start });
    for (const mark of marks) {
      if (mark.start < start || mark.end > end) continue;
      masked.push({ start: mark.start, end: mark.end, endsStatement: mark.kind === "end" });
    }
    at = end;
  }
  masked.push({ start: at, end: length });
  return masked;
}
