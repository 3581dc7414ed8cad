import { ERROR_CODES, type ErrorCode } from "./codes.ts";

/** A place in a text file. `line` and `column` are 1-based; `column` counts code points. */
export interface Location {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
  /** The source line, shown above the caret; of a long one, a part that may begin behind its start. */
  readonly sourceLine?: string;
  /** The column that `sourceLine` begins with; 1 when left out. */
  readonly sourceColumn?: number;
}

/** What PostgreSQL says about an error (protocol fields, https://www.postgresql.org/docs/current/protocol-error-fields.html). */
export interface ServerReport {
  readonly severity: string;
  readonly sqlstate: string;
  readonly message: string;
  readonly detail?: string;
  readonly hint?: string;
  /** The call stack of functions and statements that led to the error ("where"). */
  readonly context?: string;
  /** 1-based, in code points (not UTF-16 units), into the text that was sent. */
  readonly position?: number;
  /** How many statements of the text had completed before the one that failed. */
  readonly completedStatements?: number;
  readonly internalPosition?: number;
  readonly internalQuery?: string;
  readonly schema?: string;
  readonly table?: string;
  readonly column?: string;
  readonly constraint?: string;
  /** The function of PostgreSQL that reported it: what an error is about, where the message may be translated. */
  readonly routine?: string;
}

export interface ErrorOptions {
  /** What to do next, one or more lines. */
  readonly hint?: string | undefined;
  readonly location?: Location | undefined;
  readonly server?: ServerReport | undefined;
  /** Facts for the JSON output. */
  readonly data?: Readonly<Record<string, unknown>> | undefined;
  readonly cause?: unknown;
  /** The thing it is about, for a layer that knows more of it (which environment a database belongs to); never shown. */
  readonly about?: object | undefined;
}

/** The one error type: everything a reporter needs to say what happened, where, and what to do next. */
export class ConfitureError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly location: Location | undefined;
  readonly server: ServerReport | undefined;
  readonly data: Readonly<Record<string, unknown>> | undefined;
  readonly about: object | undefined;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "ConfitureError";
    this.code = code;
    this.hint = options.hint;
    this.location = options.location;
    this.server = options.server;
    this.data = options.data;
    this.about = options.about;
  }

  get exitCode(): number {
    return ERROR_CODES[this.code].exit;
  }

  /** The same error with some fields replaced, for a layer that knows more (a file, a next step). */
  with(changes: ErrorOptions & { code?: ErrorCode; message?: string }): ConfitureError {
    const error = new ConfitureError(changes.code ?? this.code, changes.message ?? this.message, {
      hint: changes.hint ?? this.hint,
      location: changes.location ?? this.location,
      server: changes.server ?? this.server,
      data: changes.data ?? this.data,
      cause: changes.cause ?? this.cause,
      about: changes.about ?? this.about,
    });
    if (this.stack !== undefined) error.stack = this.stack;
    return error;
  }
}

/** A message behind the place that it is about: "db/schema/users.sql:3:14: ...". Pure. */
export function placed({ location, message }: ConfitureError): string {
  const { file, line, column } = location ?? {};
  return [...[file, line, column].filter((part) => part !== undefined), ` ${message}`].join(":").trimStart();
}

/** An error that tells of files, databases or surroundings; an interrupt, or a defect of this program, is thrown on. */
export function asFailure(error: unknown): ConfitureError {
  if (error instanceof ConfitureError && error.code !== "interrupted" && error.code !== "internal") return error;
  throw error;
}
