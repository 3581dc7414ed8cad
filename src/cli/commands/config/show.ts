import { describeConfig } from "#config/describe.ts";
import type { ServerEngine } from "#database/engine.ts";
import type { Target } from "#database/target.ts";
import { type CommandContext, defineCommand } from "../../command.ts";
import { engineName, padTo } from "../../output/text.ts";

export const command = defineCommand({
  args: {
    connect: {
      type: "boolean",
      description: "also connect, and show the product and version of the server",
    },
  },
  details: "Passwords are never shown.",
  examples: [
    "confiture config show",
    "confiture config show --env production",
    "confiture config show --env production --connect",
  ],
  async run(args, context) {
    const config = await context.config();
    const engine = args.connect === true ? await engineOf(config.target, context) : undefined;
    const answer = { key: "server", origin: "what answers" };
    const rows = [
      ...describeConfig(config),
      ...(engine === undefined ? [] : [{ ...answer, value: engineName(engine) }]),
    ];
    const width = Math.max(...rows.map(({ key }) => Bun.stringWidth(key)));
    const valueWidth = Math.max(...rows.map(({ value }) => Bun.stringWidth(value)));
    return {
      json: { environment: config.environment, file: config.file, settings: rows, engine: engine ?? null },
      text: rows
        .map(({ key, value, origin }) => `${padTo(key, width)}  ${padTo(value, valueWidth)}  ${origin}\n`)
        .join(""),
    };
  },
});

async function engineOf(target: Target, { io, wait }: CommandContext): Promise<ServerEngine> {
  const [{ withDatabase }, { describeEngine }] = await Promise.all([
    import("#database/open.ts"),
    import("#database/engine.ts"),
  ]);
  return await withDatabase(target, { wait, signal: io.signal }, describeEngine);
}
