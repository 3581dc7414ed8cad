import { ConfitureError, type Location } from "#errors/error.ts";
import { transactionControl, unwrapTransaction } from "#sql/classify.ts";
import { locateInFile } from "#sql/position.ts";
import type { PsqlCommand } from "#sql/psql-command.ts";
import { splitStatements } from "#sql/split.ts";
import type { Statement } from "#sql/statement.ts";
import { requireRows, type RowsElsewhere } from "./copied-rows.ts";
import type { Outline } from "./outline.ts";
import type { Masked } from "./sql-to-send.ts";

/** A SQL file. */
export interface SqlText extends RowsElsewhere {
  /** As shown to the user. */
  readonly file: string;
  readonly text: string;
  /** Set for a large file, of which `text` is only an outline. */
  readonly outline?: Outline;
  /** Where `text` is not what the file says: parts of it that are not to be run. */
  readonly masked?: readonly Masked[];
}

/** A SQL file, or a part of one, cut into statements. Offsets are UTF-16 units into `text`. */
export interface Script extends SqlText {
  readonly statements: readonly Statement[];
  readonly psqlCommands: readonly PsqlCommand[];
  /** Statements that stand among `statements` in the text and are not sent: BEGIN and COMMIT of the file's own. */
  readonly omitted?: readonly Statement[];
  /** All of `statements`, where each of these has a transaction of its own. */
  readonly parts?: readonly (readonly Statement[])[];
}

export const QUOTES: ReadonlySet<string> = new Set(["string", "quoted identifier", "dollar-quoted string", "comment"]);

const STRICT = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The text of a SQL file.
 * @param place where an offset into the text is in the file, for a part of one
 * @throws ConfitureError `file_not_utf8` (also for a NUL, which PostgreSQL cannot take in a statement)
 */
export function decodeSql(
  file: string,
  bytes: Uint8Array,
  place: (text: string, offset: number) => Location = (text, offset) => locateInFile(file, text, offset),
): string {
  try {
    // Keeps a byte order mark, so that offsets stay those of the file; the lexer skips it.
    const text = STRICT.decode(bytes);
    const nul = text.indexOf("\0");
    if (nul < 0) return text;
    throw new ConfitureError("file_not_utf8", `${file} holds a NUL byte`, {
      location: place(text, nul),
      hint: "It may be saved as UTF-16. Save it as UTF-8.",
    });
  } catch (cause) {
    if (cause instanceof ConfitureError) throw cause;
    const valid = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
    const is = /^(?:\xff\xfe|\xfe\xff)/.test(Buffer.from(bytes.subarray(0, 2)).toString("latin1"))
      ? "is UTF-16, not UTF-8"
      : "is not valid UTF-8";
    throw new ConfitureError("file_not_utf8", `${file} ${is}`, {
      location: place(valid, Math.max(0, valid.indexOf("\uFFFD"))),
      hint: "Save the file as UTF-8.",
      cause,
    });
  }
}

/**
 * Cuts text into statements and refuses what PostgreSQL could only misunderstand.
 * @param from, to the part of the text to read
 * @param understands commands of psql's that the caller carries out; others are refused
 * @throws ConfitureError `file_conflict_marker`, `sql_psql_command` or `sql_unterminated`
 */
export function parseScript(
  source: SqlText,
  from = 0,
  to: number = source.text.length,
  understands: (command: PsqlCommand) => boolean = () => false,
): Script {
  const { file } = source;
  const split = splitStatements(source.text, from, to);
  const at = ({ start }: { readonly start: number }): Location => placeIn(source, start);
  if (split.conflictMarker !== undefined) throw conflict(file, at(split.conflictMarker));
  const command = split.psqlCommands.find((candidate) => !candidate.harmless && !understands(candidate));
  if (command !== undefined) {
    throw new ConfitureError("sql_psql_command", `\\${command.name} is a command of psql, not SQL`, {
      location: at(command),
      hint: "Of psql's commands, COPY ... FROM stdin, \\restrict and \\set ON_ERROR_STOP on are supported, and in schema files \\i, \\ir and \\connect. Write it as SQL.",
    });
  }
  // What is unbalanced rather than unquoted, PostgreSQL itself reports better.
  if (split.unterminated !== undefined && QUOTES.has(split.unterminated.what)) {
    throw new ConfitureError("sql_unterminated", `${file} ends inside a ${split.unterminated.what}`, {
      location: at(split.unterminated),
      hint: `The ${split.unterminated.what} that begins here is never closed.`,
    });
  }
  requireRows(source, split.statements, at);
  return { ...source, statements: split.statements, psqlCommands: split.psqlCommands };
}

/** The refusal of a file that holds a git conflict, which begins at `location`. */
export function conflict(file: string, location: Location): ConfitureError {
  return new ConfitureError("file_conflict_marker", `${file} holds a git conflict marker`, {
    location,
    hint: "Resolve the conflict in the file, then run again.",
  });
}

/**
 * The script for a caller that has opened the transaction: a file wholly wrapped in one BEGIN ... COMMIT
 * loses the wrapping.
 * @param wayOut what to do about any other BEGIN, COMMIT or ROLLBACK
 * @throws ConfitureError `sql_transaction_control`
 */
export function withoutOwnTransaction(script: Script, wayOut: string): Script {
  const use = unwrapTransaction(script.statements);
  if (use.kind === "none") return script;
  if (use.kind === "wrapped" && use.modes === "") return withoutStatements(script, use.inner, [use.begin, use.commit]);
  throw ownTransaction(script, wayOut);
}

/** A script of which some statements are not sent; `statements` are the others. */
export function withoutStatements(
  script: Script,
  statements: readonly Statement[],
  omitted: readonly Statement[],
): Script {
  return { ...script, statements, omitted };
}

/** The refusal of the first BEGIN, COMMIT or ROLLBACK of a script that has one. */
export function ownTransaction(script: Script, wayOut: string): ConfitureError {
  const statement = script.statements.find((candidate) => transactionControl(candidate) !== undefined);
  const verb = statement === undefined ? "BEGIN" : transactionControl(statement);
  return new ConfitureError("sql_transaction_control", `${verb} in a file that runs inside one transaction already`, {
    location: placeIn(script, statement?.start ?? 0),
    hint: wayOut,
  });
}

/** Where an offset into a text is in its file. */
export function placeIn({ file, text, outline }: SqlText, offset: number): Location {
  return outline?.locate(offset) ?? locateInFile(file, text, offset);
}
