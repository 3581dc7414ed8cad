import type { ParsedArgs } from "citty";
import { ConfitureError } from "#errors/error.ts";
import type { CommandContext } from "./command.ts";

/** `--yes` of every command that can destroy data. */
export const PROTECTED_ARGS = {
  yes: {
    type: "string",
    valueHint: "NAME",
    description: "the environment's name, to allow this where it is protected",
  },
} as const;

/**
 * Stops a destructive command on an environment that says `protected: true`, unless its name was typed out.
 * @throws ConfitureError `usage`
 */
export async function requirePermission(
  context: CommandContext,
  args: ParsedArgs<typeof PROTECTED_ARGS>,
  what: string,
): Promise<void> {
  const config = await context.config();
  if (!config.protected || args.yes === config.environment) return;
  throw new ConfitureError(
    "protected",
    `The environment "${config.environment ?? ""}" is protected: ${what} needs your word for it`,
    {
      hint: `If you are sure: --yes ${config.environment ?? ""}`,
      location: config.file === null ? undefined : { file: config.file },
    },
  );
}
