import { setImmediate } from "node:timers/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { changeFiles } from "#files/change.ts";
import { withFolderLock } from "#files/lock.ts";
import { ConfitureError } from "#errors/error.ts";
import { readVersion } from "../../arguments.ts";
import { defineCommand } from "../../command.ts";
import { projectFiles, SCRATCH_ARGS } from "../../compare-options.ts";
import { count } from "../../output/text.ts";

export const command = defineCommand({
  args: {
    through: {
      type: "string",
      valueHint: "VERSION",
      description: "the last migration that goes into base.sql (required)",
    },
    ...SCRATCH_ARGS,
  },
  details:
    "Moves the base forward: base.sql gets what the migrations up to that version do, and their files go, all or nothing.\n" +
    "Proven before anything is written: the new base makes the same objects and rows, alone and with the migrations after\n" +
    "it. Databases that have the squashed ones recorded need nothing; in one that lacks some, `up` says what to do. What was\n" +
    "squashed cannot be rolled back any more.",
  examples: ["confiture migrate squash --through 040"],
  async run(args, context) {
    const through = readVersion("--through", args.through);
    if (through === undefined) {
      throw new ConfitureError("usage", "Say how far: --through VERSION, the last migration that goes into base.sql");
    }
    const { squash } = await import("#compare/base/squash.ts");
    const files = await projectFiles(context, args.scratch);
    const { base, squashed, rest } = await squash({
      ...files,
      through,
      onStep: (step) => context.messages.debug(step),
    });
    // An interrupt that came while PostgreSQL had the thread is heard only now.
    await setImmediate();
    if (context.io.signal.aborted) throw new ConfitureError("interrupted", "Interrupted; nothing was changed");
    const { projectDir } = context;
    const kind = existsSync(join(projectDir, base.path)) ? "replace" : "create";
    const gone = squashed.flatMap(({ path, downPath }) => (downPath === undefined ? [path] : [path, downPath]));
    await withFolderLock(projectDir, ".", () =>
      changeFiles(projectDir, [
        { kind, path: base.path, content: base.text },
        ...gone.map((path) => ({ kind: "remove" as const, path })),
      ]),
    );
    return {
      json: {
        file: base.path,
        squashed: squashed.map(({ version }) => version),
        removed: gone,
        left: rest.map(({ version }) => version),
      },
      text: `✅ Squashed ${count(squashed.length, "migration")} into ${base.path}, proven: the same objects and rows${rest.length === 0 ? "" : `, also with the ${count(rest.length, "migration")} after it`}\n`,
    };
  },
});
