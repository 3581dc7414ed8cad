import { LogLevels } from "consola/core";
import type { CommandContext } from "./command.ts";

/** Whether there is somebody to ask: a person at a terminal who wants to see more than the result. */
export function canAsk({ io, json, messages }: CommandContext): boolean {
  return io.stdin.isTerminal && io.stderr.isTerminal && !json && messages.level >= LogLevels.info;
}
