import { type ConsolaInstance, createConsola, LogLevels } from "consola/core";
import type { Output } from "../io.ts";
import { forPeople, type Paint } from "./style.ts";
import { fit } from "./wrap.ts";
import { indented } from "./visible.ts";

/** Where progress and warnings go: consola, on standard error, one plain line a message. */
export type Messages = ConsolaInstance;

/** @param aim gives the commands in a message the options they need */
export function createMessages(
  stderr: Output,
  paint: Paint,
  level: "quiet" | "normal" | "verbose",
  aim: (text: string) => string,
): Messages {
  return createConsola({
    level: { quiet: LogLevels.warn, normal: LogLevels.info, verbose: LogLevels.debug }[level],
    // Repeated lines are results here, not noise.
    throttle: 0,
    reporters: [
      {
        log({ type, args }) {
          const text = indented(aim(args.map(String).join(" ")));
          const line = type === "warn" ? `${paint("yellow", "warning:")} ${text}\n` : `${text}\n`;
          stderr.write(fit(stderr, forPeople(line)));
        },
      },
    ],
  });
}
