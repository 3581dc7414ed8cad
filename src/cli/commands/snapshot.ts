import { writeFile } from "#files/change.ts";
import { defineCommand } from "../command.ts";
import { displayName, projectFiles, readSource, REPLAY_ARGS } from "../compare-options.ts";
import { tellDatabase } from "../database-options.ts";
import { type OutputFile, requireOutputFile } from "../output-file.ts";
import { count } from "../output/text.ts";

const SNAPSHOT_FILE: OutputFile = {
  option: "--output",
  other: "no snapshot",
  isOwn: (beginning) => /^\{\s*"format":\s*"confiture-snapshot"/.test(beginning),
  example: "snapshot.json",
};

export const command = defineCommand({
  args: {
    source: {
      type: "positional",
      required: false,
      description:
        "env:NAME, a URL, schema, migrations, git:REVISION or empty (default: the database of the environment)",
    },
    output: {
      type: "string",
      alias: "o",
      valueHint: "FILE",
      description: "write it to this file (default: -, which is standard output)",
    },
    ...REPLAY_ARGS,
  },
  details:
    "Writes down what a database holds, without its rows and without passwords. Commands take the file as a\n" +
    "source in place of the database, which then need not be reachable.",
  examples: [
    "confiture snapshot --env production --output production.json",
    "confiture snapshot git:v1.4 --output v1.4.json",
  ],
  async run(args, context) {
    const { sourceCatalogue } = await import("#compare/sources/sources.ts");
    const { toSnapshot } = await import("#compare/catalogue/snapshot.ts");
    const config = await context.config(args.source === undefined ? "database" : "files");
    const file = args.output === undefined || args.output === "-" ? undefined : args.output;
    if (file !== undefined) requireOutputFile(context.projectDir, file, config, SNAPSHOT_FILE);
    if (args.source === undefined) tellDatabase(context, config);
    const name = args.source ?? context.chosen ?? `env:${config.environment ?? "local"}`;
    const source =
      args.source === undefined
        ? ({ kind: "live", target: config.target, name } as const)
        : await readSource(context, args.source);
    const files = await projectFiles(context, args);
    const snapshot = toSnapshot(await sourceCatalogue(files, source));
    const text = `${JSON.stringify(snapshot, null, 2)}\n`;
    if (file !== undefined) await writeFile(context.projectDir, file, text);
    const { postgres } = snapshot;
    return {
      json: {
        source: displayName(name, source),
        file: file ?? null,
        postgres,
        ...(file === undefined ? { snapshot } : {}),
      },
      ...(file === undefined
        ? { script: text }
        : { text: `✅ Wrote ${file} (PostgreSQL ${postgres}, ${count(Buffer.byteLength(text), "byte")})\n` }),
    };
  },
});
