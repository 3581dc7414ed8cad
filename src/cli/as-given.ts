import { looksLikeConnection } from "#config/connection-text.ts";
import { shellWord } from "#errors/shell.ts";

/**
 * Options of a command line as they were given, for a command that is named and is to speak of the same: " --ignore 'audit.*'
 * --owners", or nothing. A connection URL goes without its password.
 */
export async function asGiven(args: Readonly<Record<string, unknown>>, names: readonly string[]): Promise<string> {
  const options = await Promise.all(names.map(async (name) => await optionAsGiven(name, args[name])));
  return options.join("");
}

async function optionAsGiven(name: string, value: unknown): Promise<string> {
  if (value === true) return ` --${name}`;
  if (typeof value !== "string") return "";
  if (!looksLikeConnection(value)) return ` --${name} ${shellWord(value)}`;
  const { withoutPassword } = await import("#config/without-password.ts");
  return ` --${name} ${shellWord(withoutPassword(value))}`;
}
