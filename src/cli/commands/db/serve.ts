import { randomBytes } from "node:crypto";
import { platform } from "node:process";
import { type Served, serveEmbedded } from "#database/embedded/serve.ts";
import { Secret } from "#database/target.ts";
import { ConfitureError } from "#errors/error.ts";
import { withTemporaryFolder } from "#files/temporary.ts";
import { type CommandContext, defineCommand } from "../../command.ts";
import { openOptions, tellDatabase } from "../../database-options.ts";
import { forPeople } from "../../output/style.ts";
import { visibleJson } from "../../output/visible.ts";
import { PROTECTED_ARGS, requirePermission } from "../../protected.ts";

/** Where a password can be set that stays the same. */
const PASSWORD_VARIABLE = "CONFITURE_SERVE_PASSWORD";

const LARGEST_PORT = 65_535;

export const command = defineCommand({
  args: {
    port: { type: "string", valueHint: "N", description: "port on 127.0.0.1 (default: a free one)" },
    ...PROTECTED_ARGS,
  },
  details:
    "Runs until it is interrupted (Ctrl-C, SIGTERM). Prints a URL for the port, with a password that is new each time unless\n" +
    `${PASSWORD_VARIABLE} is set, and one for a unix socket that only you may use. Several clients may be connected;\n` +
    "their transactions take turns, so one that is left open keeps the others waiting.",
  examples: [
    "confiture db serve",
    "confiture db serve --port 5433",
    "CONFITURE_SERVE_PASSWORD=secret confiture db serve --port 5433 --format json",
  ],
  async run(args, context) {
    const port = readPort(args.port);
    const config = await context.config();
    const { target } = config;
    if (target.engine !== "embedded") {
      throw new ConfitureError("usage", `The environment "${config.environment ?? ""}" is on a server already`, {
        hint: "Connect to that server. This is for an environment that says engine: embedded.",
        location: config.file === null ? undefined : { file: config.file },
      });
    }
    await requirePermission(context, args, "serve its database");
    const { io, messages } = context;
    const given = io.env[PASSWORD_VARIABLE] ?? "";
    const password = new Secret(given === "" ? randomBytes(18).toString("base64url") : given);
    await withTemporaryFolder(async ({ dir }) => {
      const socketFolder = platform === "win32" ? undefined : dir;
      const served = await serveEmbedded(target, {
        ...openOptions(context),
        port,
        password,
        socketFolder,
        onStalled: (waiting, holder) => messages.warn(`${waiting} waits for the transaction of ${holder} to end`),
      });
      tellDatabase(context, config);
      try {
        announce(context, served, given === "" ? password.reveal() : undefined, socketFolder);
        // Where the URL reached nobody, nobody can connect: the failed output is told at the end.
        if (!io.stdout.closed) await Promise.race([interrupted(io.signal), served.failed]);
        messages.log("Stopping");
      } finally {
        await served.stop();
      }
    });
    return { json: {}, written: "all" };
  },
});

/** @throws ConfitureError `usage` */
function readPort(text: string | undefined): number {
  if (text === undefined) return 0;
  const port = Number(text);
  if (/^\d+$/.test(text) && port > 0 && port <= LARGEST_PORT) return port;
  throw new ConfitureError("usage", `--port takes a number from 1 to ${LARGEST_PORT}, not "${text}"`);
}

/** Said at once, and not at the end as by other commands: whoever started this wants to connect. */
function announce(
  { io, json, messages }: CommandContext,
  { host, port, user, database }: Served,
  password: string | undefined,
  socketFolder: string | undefined,
): void {
  const url = `postgres://${user}${password === undefined ? "" : `:${password}`}@${host}:${port}/${database}`;
  const socketUrl =
    socketFolder === undefined ? null : `postgres://${user}@/${database}?host=${socketFolder}&port=${port}`;
  if (json) {
    const document = { command: "db serve", ok: true, exitCode: 0, url, socketUrl, host, port, user, database };
    io.stdout.write(`${visibleJson(document)}\n`);
    return;
  }
  io.stdout.write(forPeople(`${url}\n${socketUrl === null ? "" : `${socketUrl}\n`}`));
  if (password === undefined) messages.log(`The password is that of ${PASSWORD_VARIABLE}`);
  messages.log("Serving; Ctrl-C stops it");
}

function interrupted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
