import type { Config } from "#config/config.ts";
import { ConfitureError } from "#errors/error.ts";
import type { Database } from "#database/database.ts";
import type { SyncPlan } from "#sync/plan.ts";
import type { SyncOptions } from "#sync/run/run.ts";
import { ask } from "./ask.ts";
import { canAsk } from "./can-ask.ts";
import type { CommandContext } from "./command.ts";
import { siteBeside } from "./compare-options.ts";
import { databasePlace } from "./database-options.ts";
import { showSyncEvents } from "./output/sync.ts";

/** What every command says that works on two environments. */
export const SYNC_ARGS = {
  from: { type: "string", valueHint: "NAME", description: "the environment that is copied; it is only read" },
  to: { type: "string", valueHint: "NAME", description: "the environment whose database the copy replaces" },
  plain: {
    type: "boolean",
    description: "copy every value as it is, without rules; refused where an environment is protected",
  },
  tables: {
    type: "string",
    valueHint: "NAMES",
    description: "copy the rows of these tables only, comma-separated; the others are made without rows",
  },
} as const;

export interface SyncArgs {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly plain?: boolean | undefined;
  readonly tables?: string | undefined;
}

/** Two environments, and what a run between them needs. */
export interface SyncSides {
  readonly from: Config;
  readonly to: Config;
  readonly options: SyncOptions;
}

/**
 * Reads both environments.
 * @throws ConfitureError `usage`, `config_*`, `sync_not_allowed` for a plain copy of a protected environment
 */
export async function readSides(
  context: CommandContext,
  args: SyncArgs,
  more: { readonly jobs: number; readonly skipLargeObjects: boolean },
): Promise<SyncSides> {
  const { from: source, to: target } = args;
  if (source === undefined || target === undefined) {
    throw new ConfitureError("usage", `${source === undefined ? "--from" : "--to"} is missing`, {
      hint: "Name both environments: --from production --to staging",
    });
  }
  const from = await context.configOf({ environment: source });
  const to = await context.configOf({ environment: target });
  if (source === target) {
    throw new ConfitureError("sync_not_allowed", "The source and the target are the same environment");
  }
  if (args.plain === true && from.protected) {
    throw new ConfitureError(
      "sync_not_allowed",
      `The environment "${source}" is protected: its values are not copied as they are`,
      { hint: "Leave --plain out: the rules in db/sync say what becomes of each column." },
    );
  }
  const options: SyncOptions = {
    source: { target: from.target, name: source },
    target: { target: to.target, name: target },
    jobs: more.jobs,
    table: from.migrations.table,
    lockTimeout: from.migrations.lockTimeout,
    skipLargeObjects: more.skipLargeObjects,
    scratch: await siteBeside(context, undefined, undefined),
    plan: async (database) => onlyTables(await makePlan(context, args, from, database), args.tables),
    connect: { wait: context.wait, onRetry: (error) => context.messages.log(`${error.message}; trying again`) },
    signal: context.io.signal,
    onEvent: showSyncEvents(context),
  };
  return { from, to, options };
}

async function makePlan(
  _context: CommandContext,
  args: SyncArgs,
  { migrations }: Config,
  database: Database,
): Promise<SyncPlan> {
  const [{ allLedgers }, { readSource }, { keepEverything }] = await Promise.all([
    import("#migrate/ledger.ts"),
    import("#sync/source/read.ts"),
    import("#sync/plain.ts"),
  ]);
  const catalogue = await readSource(database, await allLedgers(database, migrations.table));
  if (args.plain === true) return keepEverything(catalogue);
  throw new ConfitureError("usage", "--plain is missing");
}

/** @throws ConfitureError `usage` for a name that no table has */
function onlyTables(plan: SyncPlan, list: string | undefined): SyncPlan {
  if (list === undefined) return plan;
  const wanted = new Set(list.split(",").map((name) => name.trim()));
  const isWanted = ({ schema, name }: SyncPlan["tables"][number]): boolean => {
    const found = [`${schema}.${name}`, ...(schema === "public" ? [name] : [])].filter((each) => wanted.has(each));
    return found.length > 0;
  };
  const unknown = [...wanted].filter(
    (name) =>
      !plan.tables.some(
        (table) => name === `${table.schema}.${table.name}` || (table.schema === "public" && name === table.name),
      ),
  );
  if (unknown.length > 0) {
    throw new ConfitureError("usage", `The source has no table ${unknown.map((name) => `"${name}"`).join(", ")}`, {
      hint: "Write schema.table; tables of the schema public need no schema.",
    });
  }
  return {
    ...plan,
    tables: plan.tables.map((table) => (isWanted(table) ? table : { ...table, mode: "skip" as const, query: "" })),
  };
}

/**
 * Stops where the target may not be replaced. On a terminal its name is asked for, elsewhere `--yes NAME` has to say it.
 * @throws ConfitureError `sync_not_allowed`, `interrupted`
 */
export async function requireReplaceable(
  context: CommandContext,
  { from, to }: SyncSides,
  yes: string | undefined,
): Promise<void> {
  const name = to.environment ?? "";
  const location = to.file === null ? undefined : { file: to.file };
  if (to.protected) {
    throw new ConfitureError(
      "sync_not_allowed",
      `The environment "${name}" is protected: no copy ever takes its place`,
      { location },
    );
  }
  if (!to.syncReplace) {
    throw new ConfitureError(
      "sync_not_allowed",
      `The environment "${name}" does not say that a copy may take its database's place`,
      {
        hint: `Everything in that database is replaced. If that is right, write into ${to.file ?? "its file"}:\nsync:\n  replace: true`,
        location,
      },
    );
  }
  if (yes === name) return;
  const place = databasePlace(to.target);
  if (yes !== undefined || !canAsk(context)) {
    throw new ConfitureError(
      "sync_not_allowed",
      `Everything in ${place} ("${name}") would be replaced; nothing was done`,
      {
        hint: `${yes === undefined ? "" : `--yes ${yes} does not name this environment. `}To replace it: --yes ${name}`,
      },
    );
  }
  context.messages.log(`Everything in ${place} is replaced by a copy of ${databasePlace(from.target)}.`);
  const answer = await ask(context.io, `Type the target's name, ${name}, to go on: `, "nothing was done");
  if (answer !== name) throw new ConfitureError("sync_not_allowed", "Not confirmed; nothing was done");
}
