import { orInterrupted } from "#database/open.ts";
import { ConfitureError } from "#errors/error.ts";
import { type Aim, aimCommands } from "./aim-commands.ts";
import type { Outcome } from "./command.ts";
import type { Invocation } from "./find-command.ts";
import { hidePasswords } from "./hide-passwords.ts";
import type { Io } from "./io.ts";
import { ABANDONED } from "./longest-end.ts";
import { errorToJson, renderError, toConfitureError } from "./output/diagnostic.ts";
import { forPeople, type Paint } from "./output/style.ts";
import { fit } from "./output/wrap.ts";
import { visibleJson } from "./output/visible.ts";
import { helpHint } from "./usage.ts";

/** What an outcome is reported with. */
export interface Form {
  readonly json: boolean;
  readonly paint: Paint;
  /** Where the command works, as far as its arguments have been read. */
  aim: Aim;
  /** Where other databases are found that it works with. */
  readonly aims: WeakMap<object, Aim>;
  /** Connection URLs of the command line that were read and hold no password. */
  readonly harmless: Set<string>;
  readonly argv: readonly string[];
  /** Says something on standard error; undefined until the arguments have been read. */
  say?: (text: string) => void;
}

/** The error with commands in its hint that work where the failed one did. */
export function aimError(error: ConfitureError, { aim, aims }: Form): ConfitureError {
  const hint = error.hint === undefined ? undefined : aimCommands(error.hint, aims.get(error.about ?? {}) ?? aim);
  return hint === error.hint ? error : error.with({ hint });
}

/** The one place where an outcome becomes output and an exit code. */
export function report(outcome: Outcome, invocation: Invocation | undefined, io: Io, form: Form): number {
  const { json, paint } = form;
  const error =
    outcome.error === undefined
      ? undefined
      : hidePasswords(aimError(withHelp(stoppedBy(io, outcome.error), invocation), form), form.argv, form.harmless);
  const exitCode = exitCodeOf(error?.exitCode ?? outcome.exitCode ?? 0, io);
  if (json && outcome.written !== "all") {
    const document = {
      command: commandName(invocation),
      ok: error === undefined,
      exitCode,
      ...outcome.json,
      ...(error === undefined ? {} : { error: errorToJson(error) }),
    };
    io.stdout.write(`${visibleJson(document).slice(outcome.written === "beginning" ? 1 : 0)}\n`);
    tellNext();
    return exitCode;
  }
  const { text, script } = outcome;
  if (text !== undefined) io.stdout.write(fit(io.stdout, forPeople(aimCommands(text, form.aim))));
  if (script !== undefined) io.stdout.write(io.stdout.isTerminal ? forPeople(script) : script);
  tellNext();
  if (error !== undefined) io.stderr.write(fit(io.stderr, forPeople(renderError(error, paint))));
  return exitCode;

  function tellNext(): void {
    if (outcome.next !== undefined) form.say?.(outcome.next);
  }
}

/** The JSON document of a command that is abandoned after a signal. */
export function abandonedDocument(invocation: Invocation, exitCode: number): string {
  const error = errorToJson(new ConfitureError("interrupted", ABANDONED));
  return `${visibleJson({ command: commandName(invocation), ok: false, exitCode, error })}\n`;
}

/** A statement that was cancelled because of a signal has not failed, wherever that came to light. */
function stoppedBy(io: Io, error: unknown): ConfitureError {
  return toConfitureError(orInterrupted(io.signal, error));
}

/** A mistake on the command line, with the help of its command where nothing better is known. */
function withHelp(error: ConfitureError, invocation: Invocation | undefined): ConfitureError {
  if (error.code !== "usage" || error.hint !== undefined || invocation === undefined) return error;
  return error.with({ hint: helpHint(invocation.path) });
}

/** After a signal, whatever stopped the work was the signal's doing; what was done all the same is done. */
function exitCodeOf(exitCode: number, io: Io): number {
  return exitCode === 0 ? 0 : (io.signalExit() ?? exitCode);
}

/** Null when none was named, or none that exists. */
function commandName(invocation: Invocation | undefined): string | null {
  return invocation === undefined || invocation.path.length === 0 ? null : invocation.path.join(" ");
}
