import type { ArgsDef, ParsedArgs } from "citty";
import type { Config } from "#config/config.ts";
import type { ConfitureError } from "#errors/error.ts";
import type { Io } from "./io.ts";
import type { LiveLine } from "./output/live-line.ts";
import type { Messages } from "./output/messages.ts";
import type { Paint } from "./output/style.ts";

/** A command: its arguments in citty's terms, and what it does. */
export interface Command<Args extends ArgsDef> {
  readonly args: Args;
  /** Complete command lines for `--help`. */
  readonly examples: readonly string[];
  /** More than the one line in the list of commands. */
  readonly details?: string;
  readonly run: (args: ParsedArgs<Args>, context: CommandContext) => Promise<Outcome>;
}

/** A command whose own arguments are not known here. */
export type AnyCommand = Omit<Command<ArgsDef>, "run"> & {
  readonly run: (args: never, context: CommandContext) => Promise<Outcome>;
};

/** A name on the command line: one command, or a group of them. */
export type Entry = CommandEntry | GroupEntry;

export interface CommandEntry {
  readonly summary: string;
  /** Commands are loaded one at a time: start-up pays for nothing else. */
  readonly load: () => Promise<{ command: AnyCommand }>;
}

export interface GroupEntry {
  readonly summary: string;
  readonly commands: Readonly<Record<string, CommandEntry>>;
  /** The one that is meant where none is named and options follow. */
  readonly unnamed?: string;
  /** What has to be given to that one. */
  readonly unnamedUsage?: string;
  /** What more there is to know of all of them. */
  readonly details?: string;
}

export function isGroup(entry: Entry): entry is GroupEntry {
  return "commands" in entry;
}

/** What every command works with, besides its own arguments. */
export interface CommandContext {
  readonly io: Io;
  /** Progress and warnings for people; silent with --quiet. */
  readonly messages: Messages;
  /**
   * Says what the command is at, until the next step: on a terminal in its last line, once it takes a while, and with --verbose in
   * a line of its own.
   */
  readonly step: (text: string) => void;
  /**
   * Writes a part of the result for people as it comes, with the commands in it made to work where this one does. The step that
   * has led to it is over.
   */
  readonly tell: (text: string) => void;
  /** That last line, for what has lines of its own besides. */
  readonly live: LiveLine;
  /** Colour for what goes to standard output. */
  readonly paint: Paint;
  /** True with `--format json`: nothing but the one document may go to standard output. */
  readonly json: boolean;
  /** Absolute. */
  readonly projectDir: string;
  /** Milliseconds of `--wait`; 0 tries once. */
  readonly wait: number;
  /** What --env says. */
  readonly environment: string | undefined;
  /** The database that --env or --database-url names, as a source: "env:staging". */
  readonly chosen: string | undefined;
  /**
   * Reads the environment, and prints the configuration's warnings once.
   * @param use "files" for a command that makes no connection: what is said about that is no concern of its user
   */
  config(use?: "database" | "files"): Promise<Config>;
  /** Has `config` read the environment again, for a command during which its file may change. */
  readonly forgetConfig: () => void;
  /** The error with the commands in its hint made to work where they have to; for errors that are part of a result. */
  readonly aim: (error: ConfitureError) => ConfitureError;
  /** Every command of the tool, for those that speak of the others. */
  readonly commands: Readonly<Record<string, Entry>>;
  /** Reads another environment, or the same one with another database. */
  configOf(other: {
    readonly environment?: string | undefined;
    /** As in `LoadOptions`. */
    readonly environmentFrom?: string;
    /** As in `LoadOptions`. */
    readonly ownDatabase?: boolean;
    readonly databaseUrl?: string;
    readonly databaseUrlFrom?: string;
  }): Promise<Config>;
}

/** What a command has to say at its end. */
export interface Outcome {
  /** The document for `--format json`, without the fields that every document has. */
  readonly json: Readonly<Record<string, unknown>>;
  /** The result for people, on standard output; what was already written as it happened is not repeated. */
  readonly text?: string;
  /** A result for another program: every character counts, unless standard output is a terminal. */
  readonly script?: string;
  /** What to do with the result, on standard error behind it. */
  readonly next?: string | undefined;
  /** What stopped the command after it had done some of its work. */
  readonly error?: Error | undefined;
  /** 0 unless given: 3 tells of findings. */
  readonly exitCode?: number;
  /**
   * What of the JSON document is on standard output already: its beginning, up to a comma, which `json` and the fields of every
   * document end; or all of it.
   */
  readonly written?: "beginning" | "all";
}

export function defineCommand<const Args extends ArgsDef>(command: Command<Args>): Command<Args> {
  return command;
}

/** Arguments that every command takes. */
export const GLOBAL_ARGS = {
  env: {
    type: "string",
    alias: "e",
    valueHint: "NAME",
    description: "environment, db/environments/NAME.yaml (default: local)",
  },
  "project-dir": {
    type: "string",
    alias: "C",
    valueHint: "DIR",
    description: "project folder (default: the working directory)",
  },
  "database-url": {
    type: "string",
    valueHint: "URL",
    description: "connect here instead of where the environment says",
  },
  wait: {
    type: "string",
    valueHint: "DURATION",
    description: "keep trying for this long while the server cannot be reached",
  },
  format: {
    type: "enum",
    options: ["human", "json"],
    default: "human",
    description: "human, or json for one document on standard output",
  },
  quiet: { type: "boolean", alias: "q", description: "no progress messages" },
  verbose: { type: "boolean", alias: "v", description: "more messages, also the server's notices" },
  color: {
    type: "enum",
    options: ["auto", "always", "never"],
    default: "auto",
    valueHint: "WHEN",
    description: "auto, always or never",
  },
  help: { type: "boolean", alias: "h", description: "show this help" },
} as const satisfies ArgsDef;
