import { relative, resolve } from "node:path";
import type { TraceOptions } from "#compare/trace/facts.ts";
import type { Sizes } from "#compare/trace/sizes.ts";
import type { Which } from "#lint/collect.ts";
import { ConfitureError } from "#errors/error.ts";
import { isBase } from "#migrate/files/version.ts";
import type { CommandContext } from "./command.ts";
import { migrateOptions } from "./migrate-options.ts";

/** The files that a command lints, and what is there before them. */
interface Chosen {
  readonly which: Which;
  /** Paths of migrations that are applied in another form. */
  readonly edited: readonly string[];
  /** From where the migrations are run in a scratch database. */
  readonly start: Pick<TraceOptions, "applied" | "otherwise">;
  /** What the database in which they are to run says of itself, where one was asked. */
  readonly sizes?: Sizes | undefined;
  /** See `LintOptions.isStandIn`. */
  readonly isStandIn?: boolean | undefined;
}

/** The same files, with migrations that were made since. */
export function withCreated(which: Which, created: readonly string[]): Which {
  switch (which.kind) {
    case "pending":
      return { ...which, migrations: [...which.migrations, ...created.map((path) => ({ path }))] };
    case "paths":
      return { ...which, paths: [...which.paths, ...created] };
    case "all":
    case "since":
      return which;
  }
}

interface WhichArgs {
  readonly _: readonly string[];
  readonly all?: boolean | undefined;
  readonly since?: string | undefined;
  readonly fix?: boolean | undefined;
}

/**
 * Which files the arguments choose: the pending migrations where they name none.
 * @throws ConfitureError `usage`; for pending migrations what connecting to the database throws
 */
export async function readWhich(context: CommandContext, args: WhichArgs, given: Sizes | undefined): Promise<Chosen> {
  const paths = args._;
  const choices = [paths.length > 0, args.all === true, args.since !== undefined].filter(Boolean).length;
  if (args.fix === true && args.all === true) {
    throw new ConfitureError(
      "usage",
      "--fix rewrites migrations that are not applied yet, so it does not go with --all",
    );
  }
  if (choices > 1)
    throw new ConfitureError("usage", "PATHS, --all and --since each choose files: give one of them alone");
  if (args.all === true) return { which: { kind: "all" }, start: {}, edited: [] };
  if (args.since !== undefined) {
    const { readRevision } = await import("#compare/sources/sources.ts");
    const revision = readRevision("--since", args.since);
    return { which: { kind: "since", revision }, start: { otherwise: { kind: "git", revision } }, edited: [] };
  }
  if (paths.length > 0) {
    const { io, projectDir } = context;
    const shown = paths.map((path) => projectPath(projectDir, resolve(io.cwd, path), path));
    return { which: { kind: "paths", paths: shown }, start: {}, edited: [] };
  }
  return await pending(context, given);
}

/** Below the project, with forward slashes. */
function projectPath(projectDir: string, absolute: string, given: string): string {
  const path = relative(projectDir, absolute).replaceAll("\\", "/");
  if (path === "") return ".";
  if (path.startsWith("../")) throw new ConfitureError("usage", `${given} lies outside the project`);
  return path;
}

async function pending(context: CommandContext, given: Sizes | undefined): Promise<Chosen> {
  try {
    const [{ status }, { sizesOf }] = await Promise.all([import("#migrate/status.ts"), import("./pending.ts")]);
    const options = await migrateOptions(context);
    const { history } = await status(options);
    const sizes = given ?? (await sizesOf(context, options.target));
    const withStanding = (standings: ReadonlySet<string>) =>
      history.flatMap(({ standing, file }) =>
        // The base is what there is before, wherever migrations are replayed.
        file !== undefined && standings.has(standing) && !isBase(file.version) ? [file] : [],
      );
    return {
      which: { kind: "pending", migrations: withStanding(STILL_TO_RUN) },
      start: {
        applied: withStanding(APPLIED),
        otherwise: { kind: "live", target: options.target, name: "the database" },
      },
      edited: withStanding(EDITED).map(({ path }) => path),
      sizes,
      isStandIn: given === undefined && options.target.engine === "embedded",
    };
  } catch (error) {
    if (!(error instanceof ConfitureError) || (error.exitCode !== 5 && error.code !== "config_not_found")) throw error;
    const hint = "Without a database: confiture lint --since git:main, or confiture lint --all";
    throw error.with({ hint: error.hint === undefined ? hint : `${error.hint}\n${hint}` });
  }
}

const EDITED: ReadonlySet<string> = new Set(["edited"]);
/** An edited one is run as it reads now. */
const APPLIED: ReadonlySet<string> = new Set(["applied", "edited"]);
const STILL_TO_RUN: ReadonlySet<string> = new Set(["pending", "changed", "out-of-order", "stopped"]);
