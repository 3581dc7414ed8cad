import { type Config, DEFAULT_ENVIRONMENT } from "#config/config.ts";
import { shellWord } from "#errors/shell.ts";
import { isGroup } from "./command.ts";
import { COMMANDS } from "./registry.ts";

/** Where a command works: what stands in its command line, as it was given. */
export interface Aim {
  readonly projectDir?: string | undefined;
  readonly environment?: string | undefined;
  /** Without a password. */
  readonly databaseUrl?: string | undefined;
  /** The name of the environment, where it is protected: what commands that can lose something have to be confirmed with. */
  readonly confirm?: string | undefined;
}

export function confirmationOf(config: Pick<Config, "protected" | "environment">): string | undefined {
  return config.protected ? (config.environment ?? undefined) : undefined;
}

/** Commands that a protected environment always asks about, with what their line has to say for it. */
const ASKED: Readonly<Record<string, RegExp>> = {
  build: /^/,
  "db drop": /^/,
  "db shell": / --write\b/,
  "db sql": / --write\b/,
  "migrate accept": / --different\b/,
  "migrate baseline": /^(?!.* --(?:proven|from)\b)/,
  "migrate down": /^/,
  "migrate redo": /^/,
  "migrate resolve": / --(?:applied|rolled-back)\b/,
};

/** `confiture WORD WORD`; what of it is a command, the registry tells. */
const COMMAND = /\bconfiture ([a-z]+)(?: ([a-z]+))?/g;

/**
 * Gives every command that a text names (`confiture migrate resolve 002`) the options that make it work where the
 * command that speaks works: core code writes commands without them. A command that says its environment or database
 * itself keeps these. Pure.
 */
export function aimCommands(text: string, aim: Aim): string {
  const options = { project: projectOptions(aim), database: databaseOptions(aim) };
  if (options.project === "" && options.database === "" && aim.confirm === undefined) return text;
  return text.replaceAll(COMMAND, (found: string, first: string, second: string | undefined, at: number) => {
    const entry = Object.hasOwn(COMMANDS, first) ? COMMANDS[first] : undefined;
    if (entry === undefined) return found;
    const isWhole = isGroup(entry) && second !== undefined && Object.hasOwn(entry.commands, second);
    if (isGroup(entry) && !isWhole) return found;
    const command = isWhole ? found : `confiture ${first}`;
    const behind = text.slice(at + command.length);
    // One that says its folder has been given all of it before.
    if (/^ (?:--help\b|-C )/.test(behind)) return found;
    const isAimed = /^ (?:-e|--env|--database-url)\b/.test(behind);
    const confirmed = isAimed ? "" : confirmation(command.slice("confiture ".length), behind, aim);
    return command + options.project + (isAimed ? "" : options.database) + confirmed + found.slice(command.length);
  });
}

/** @param behind what follows the command in the text */
function confirmation(command: string, behind: string, { confirm }: Aim): string {
  // "--continue | --applied" is one command with a choice, and no pipe.
  const [line = ""] = /^(?: \| --|[^`\n;&|])*/.exec(behind) ?? [];
  if (confirm === undefined || / --(?:yes|help)\b/.test(line) || ASKED[command]?.test(line) !== true) return "";
  return ` --yes ${shellWord(confirm)}`;
}

function projectOptions({ projectDir }: Aim): string {
  return projectDir === undefined ? "" : ` -C ${shellWord(projectDir)}`;
}

function databaseOptions({ environment, databaseUrl }: Aim): string {
  return [
    // Where no other is named, it is this one.
    ...(environment === undefined || environment === DEFAULT_ENVIRONMENT ? [] : [` -e ${shellWord(environment)}`]),
    ...(databaseUrl === undefined ? [] : [` --database-url ${shellWord(databaseUrl)}`]),
  ].join("");
}
