import { statSync } from "node:fs";
import { resolve } from "node:path";
import type { Config, ConfigWarning } from "#config/config.ts";
import { ConfitureError } from "#errors/error.ts";
import type { Finished } from "#files/leftovers.ts";
import { aimCommands, confirmationOf } from "./aim-commands.ts";
import { type CommandContext, isGroup, type Outcome } from "./command.ts";
import { explainDuplicate } from "./explain-duplicate.ts";
import { findCommand, type Invocation } from "./find-command.ts";
import { mayHoldPassword } from "./hide-passwords.ts";
import type { Io } from "./io.ts";
import { toConfitureError } from "./output/diagnostic.ts";
import { createMessages } from "./output/messages.ts";
import { withLiveLine } from "./output/live-line.ts";
import { forPeople, paintFor } from "./output/style.ts";
import { fit } from "./output/wrap.ts";
import { inLine } from "./output/visible.ts";
import { COMMANDS } from "./registry.ts";
import { VERSION } from "./version.ts";
import { type Form, abandonedDocument, aimError, report } from "./report-outcome.ts";
import { explainNoSchemaFiles } from "./without-schema-files.ts";

/**
 * Runs one command line.
 * @param argv without the executable's name
 * @returns the exit code (see errors/codes.ts)
 */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  // Before the arguments are understood: an error in them has to come in the form asked for.
  const form: Form = {
    json: askedFor(argv, "--format") === "json",
    paint: paintFor(io.stderr, askedFor(argv, "--color") ?? "auto", io.env),
    aim: {
      projectDir: askedFor(argv, "--project-dir") ?? askedFor(argv, "-C"),
      environment: environmentName(askedFor(argv, "--env") ?? askedFor(argv, "-e")),
      databaseUrl: askedFor(argv, "--database-url") === undefined ? undefined : "URL",
    },
    aims: new WeakMap(),
    harmless: new Set(),
    argv,
  };
  let invocation: Invocation | undefined;
  try {
    refuseRuntimeOptions(io.env);
    const found = findCommand(argv);
    invocation = found;
    if (form.json) io.endAbandonedWith((exitCode) => abandonedDocument(found, exitCode));
    const version = await versionFor(invocation);
    if (version !== undefined) return report(version, invocation, io, form);
    const help = await helpFor(invocation, argv, io);
    if (help !== undefined) {
      if (form.json && !help.asked) throw noCommand(invocation);
      const output = help.asked ? io.stdout : io.stderr;
      output.write(fit(output, help.text));
      return help.asked ? 0 : 2;
    }
    return report(await runCommand(invocation, io, form), invocation, io, form);
  } catch (thrown) {
    return report({ json: {}, error: toConfitureError(thrown) }, invocation, io, form);
  }
}

/** The runtime inside the executable obeys these before anything of ours runs, and nothing can keep it from that. */
function refuseRuntimeOptions(env: Io["env"]): void {
  const name = Object.keys(env).find((key) => key.startsWith("BUN_JSC_"));
  if (name === undefined) return;
  throw new ConfitureError("config_invalid", `${name} is set, which changes how the runtime inside Confiture works`, {
    hint: `Nothing was done. Run it without: env -u ${name} confiture ...`,
  });
}

/** Files of the project would be written below it, or looked for. */
function refuseFile(projectDir: string): void {
  if (statSync(projectDir, { throwIfNoEntry: false })?.isDirectory() !== false) return;
  throw new ConfitureError("usage", `The project folder is a file: ${projectDir}`, {
    hint: "Check the path after -C (--project-dir); without it, the project is the working directory.",
  });
}

/** The value of a flag, as `--flag VALUE` or `--flag=VALUE`; the last one counts. */
function askedFor(argv: readonly string[], flag: string): string | undefined {
  const at = argv.findLastIndex((arg) => arg === flag || arg.startsWith(`${flag}=`));
  return argv[at] === flag ? argv[at + 1] : argv[at]?.slice(flag.length + 1);
}

function noCommand({ path }: Invocation): ConfitureError {
  const line = ["confiture", ...path].join(" ");
  return new ConfitureError("usage", `\`${line}\` needs a subcommand`, { hint: `See: ${line} --help` });
}

/** `confiture --version`, which goes with no command. */
async function versionFor({ entry, rest }: Invocation): Promise<Outcome | undefined> {
  const others = rest.filter((arg) => arg !== "--version" && arg !== "-V");
  if (entry !== undefined || others.length === rest.length) return undefined;
  if (others.length > 0) (await loadArguments()).readArguments([], {}, others);
  return { json: { version: VERSION }, text: `Confiture version ${VERSION}\n` };
}

/** What reads arguments is loaded only where there are some. */
const loadArguments = () => import("./arguments.ts");

async function helpFor(
  { path, entry, rest }: Invocation,
  argv: readonly string[],
  { stdout, stderr }: Pick<Io, "stdout" | "stderr">,
): Promise<{ text: string; asked: boolean } | undefined> {
  const asked = rest.includes("--help") || rest.includes("-h");
  if (entry !== undefined && !isGroup(entry) && !asked) return undefined;
  const [{ commandHelp, groupHelp, rootHelp, widthOfHelp }, { readArguments }] = await Promise.all([
    import("./help.ts"),
    loadArguments(),
  ]);
  // Flags without a command are read, so that a slip among them is not answered with a page of help.
  if (!asked && entry === undefined && argv.length > 0) readArguments(path, {}, rest);
  const width = widthOfHelp((asked ? stdout : stderr).columns);
  if (entry === undefined) return { text: rootHelp(width), asked: asked };
  if (isGroup(entry)) return { text: groupHelp(path, entry, width), asked };
  const { command } = await entry.load();
  return { text: commandHelp(path, entry.summary, command, width), asked };
}

async function runCommand({ path, entry, rest }: Invocation, surroundings: Io, form: Form): Promise<Outcome> {
  if (entry === undefined || isGroup(entry)) throw new Error("no command");
  const [{ command }, { readArguments, readDuration }] = await Promise.all([entry.load(), loadArguments()]);
  const args = readArguments(path, command.args, rest);
  form.aim = {
    projectDir: args["project-dir"],
    environment: environmentName(args.env),
    // Until it has been read, a password may be anywhere in it.
    databaseUrl: args["database-url"] === undefined ? undefined : "URL",
  };
  if ("scratch" in command.args && (args["scratch"] ?? "embedded") === "embedded") await surroundings.prepareEngine();
  const level = args.quiet === true ? "quiet" : args.verbose === true ? "verbose" : "normal";
  const { io, live } = withLiveLine(surroundings, level === "normal");
  const messages = createMessages(io.stderr, paintFor(io.stderr, args.color, io.env), level, (text) =>
    aimCommands(text, form.aim),
  );
  form.say = (text) => messages.log(text);
  const projectDir = resolve(io.cwd, args["project-dir"] ?? ".");
  refuseFile(projectDir);
  let config: Promise<Config> | undefined;
  let defaults: Promise<Config> | undefined;
  let hearing: Promise<void> | undefined;
  // By their text: another configuration of the same command may say the same.
  const warned = new Set<string>();
  const context: CommandContext = {
    io,
    messages,
    step: (text) => {
      messages.debug(text);
      live.show(text);
    },
    live,
    tell: (text) => {
      live.end();
      io.stdout.write(fit(io.stdout, forPeople(aimCommands(text, form.aim))));
    },
    paint: paintFor(io.stdout, args.color, io.env),
    json: args.format === "json",
    projectDir,
    environment: args.env,
    chosen: args["database-url"] ?? (args.env === undefined ? undefined : `env:${args.env}`),
    wait: readDuration("--wait", args.wait) ?? 0,
    config: async (use = "database") => {
      config ??= loadOwnConfiguration();
      const loaded = await (use === "files" ? config.catch(defaultsWithout) : config);
      if (use === "database" && loaded.target.engine === "embedded") {
        await io.prepareEngine();
        await (hearing ??= io.hearSignals());
      }
      warn(loaded.warnings.filter(({ connection }) => use === "database" || connection !== true));
      return loaded;
    },
    forgetConfig: () => {
      config = undefined;
      defaults = undefined;
    },
    configOf: loadOtherConfiguration,
    aim: (error) => aimError(error, form),
    commands: COMMANDS,
  };
  const [{ finishChanges }, { sweepTemporaryFolders }] = await Promise.all([
    import("#files/leftovers.ts"),
    import("#files/temporary.ts"),
  ]);
  const finished = await finishChanges(projectDir);
  tellFinished(finished);
  try {
    return await command.run(args as never, context);
  } catch (error) {
    throw await explainDuplicate(await explainNoSchemaFiles(error, context), context);
  } finally {
    live.end();
    sweepTemporaryFolders();
  }

  /** What an earlier command had decided on, this one has done. */
  function tellFinished({ changed, kept }: Finished): void {
    if (changed.length > 0) {
      const done = kept.length > 0 ? "continued" : "completed";
      context.messages.warn(`A command that was broken off has been ${done}: ${changed.map(inLine).join(", ")}`);
    }
    if (kept.length > 0) {
      context.messages.warn(
        `Edited or put back since a command was broken off, and left as they are: ${kept.map(inLine).join(", ")}`,
      );
    }
  }

  /** What is there where a project has no environment yet, and none is needed. */
  async function defaultsWithout(error: unknown): Promise<Config> {
    if (args.env !== undefined || toConfitureError(error).code !== "config_not_found") throw error;
    return await (defaults ??= loadOwnConfiguration(true));
  }

  async function loadOwnConfiguration(filesOnly = false): Promise<Config> {
    const loaded = await loadConfiguration({}, filesOnly);
    const { yes } = args as { readonly yes?: unknown };
    if (typeof yes === "string" && !filesOnly) (await import("./protected.ts")).requireNamed(loaded, yes);
    form.aim = {
      ...form.aim,
      databaseUrl: await shownUrl(args["database-url"], form),
      confirm: confirmationOf(loaded),
    };
    return loaded;
  }

  async function loadOtherConfiguration(other: Parameters<CommandContext["configOf"]>[0]): Promise<Config> {
    const loaded = await loadConfiguration(other);
    warn(loaded.warnings);
    form.aims.set(loaded.target, {
      projectDir: args["project-dir"],
      // One that is only about to be made cannot be named in a command.
      environment: loaded.environment ?? undefined,
      databaseUrl: await shownUrl(other.databaseUrl, form),
      confirm: confirmationOf(loaded),
    });
    return loaded;
  }

  async function loadConfiguration(
    other: Parameters<CommandContext["configOf"]>[0],
    filesOnly = false,
  ): Promise<Config> {
    const [{ loadConfig }, { LAYOUT_NAMES }] = await Promise.all([
      import("#config/load.ts"),
      import("#migrate/layouts/names.ts"),
    ]);
    return await loadConfig({
      projectDir,
      cwd: io.cwd,
      environment: args.env,
      databaseUrl: other.environment === undefined ? args["database-url"] : undefined,
      env: io.env,
      homeDirectory: io.homeDirectory,
      // Not every configuration needs it, and it may have to be asked for.
      get userName() {
        return io.userName;
      },
      layouts: LAYOUT_NAMES,
      filesOnly,
      ...other,
    });
  }

  function warn(warnings: readonly ConfigWarning[]): void {
    for (const { message, location, about } of warnings) {
      const { file, line } = location ?? {};
      const isNamed = file !== undefined && line === undefined && message.includes(file);
      const place = isNamed ? "" : [file, line].filter((part) => part !== undefined).join(":");
      const text = place === "" ? message : `${message} (${place})`;
      if (warned.has(about ?? text)) continue;
      warned.add(about ?? text);
      messages.warn(text);
    }
  }
}

/** One that a command in a hint may name: not a URL that stands in its place. */
function environmentName(name: string | undefined): string | undefined {
  return name !== undefined && mayHoldPassword(name) ? "NAME" : name;
}

/** A URL that has been read, without its password. */
async function shownUrl(url: string | undefined, { harmless }: Form): Promise<string | undefined> {
  if (url === undefined) return undefined;
  const { withoutPassword } = await import("#config/without-password.ts");
  const shown = withoutPassword(url);
  if (shown === url) harmless.add(url);
  return shown;
}
