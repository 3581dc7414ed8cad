import { ConfitureError } from "#errors/error.ts";
import type { Rules } from "#sync/rules/rules.ts";
import type { CommandContext } from "./command.ts";
import { SYNC_KEY } from "./sync-key.ts";

/** What environments are read for. */
export type Purpose = "copy" | "preview" | "verify";

/** Rules, and the key that results are made with. */
export interface ProjectRules {
  readonly rules: Rules;
  /** 32 bytes; undefined: another run has other results. */
  readonly key: Uint8Array | undefined;
}

/** Says what it means that no key is given, and why one that somebody wrote into a file is none. */
export async function tellWithoutKey({ messages, projectDir }: CommandContext, purpose: Purpose): Promise<void> {
  const { readDotenv } = await import("#config/dotenv.ts");
  const isInFile = readDotenv(projectDir).some(({ name }) => name === SYNC_KEY);
  const outcome =
    purpose === "verify"
      ? "originals of other rows are not looked for in columns whose results may be such by chance, and those of tables without a unique key that is kept are not compared"
      : "the results of another run will be different";
  const why = isInFile ? ". That of .env is not used: it is read from the process environment alone" : "";
  messages.log(`${SYNC_KEY} is not set: ${outcome}${why}`);
}

/** @throws ConfitureError `config_*`: there are no rules, they are no YAML, or the key is none */
export async function readProjectRules({ projectDir, io }: CommandContext): Promise<ProjectRules> {
  const { readRules } = await import("#sync/rules/read.ts");
  const rules = await readRules(projectDir);
  const text = io.env[SYNC_KEY];
  if (text === undefined) return { rules, key: undefined };
  if (text === "") {
    throw new ConfitureError("config_invalid", `${SYNC_KEY} is set, and empty`, {
      hint: "A secret may be missing where the variable is set. To copy with a key of that run alone, which is then forgotten, unset the variable.",
    });
  }
  if (!/^[0-9a-fA-F]{64}$/.test(text)) {
    throw new ConfitureError("config_invalid", `${SYNC_KEY} has to be 64 hexadecimal digits (32 bytes)`, {
      hint: "Make one with `openssl rand -hex 32`, and keep it as you keep a password.",
    });
  }
  return { rules, key: Buffer.from(text, "hex") };
}
