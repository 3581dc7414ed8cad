import type { ParsedArgs } from "citty";
import { type BuildOptions, checkSchema, executeSchema } from "#build/builder.ts";
import { collectSchemaFiles } from "#build/collect.ts";
import { explainRoles } from "#build/explain.ts";
import { NONE } from "#compare/contained/contained.ts";
import { orInterrupted } from "#database/open.ts";
import { ConfitureError } from "#errors/error.ts";
import { refuseAmongSources, scriptFile, writeScript } from "../build-script.ts";
import { requireOutputFile } from "../output-file.ts";
import { type CommandContext, defineCommand, type Outcome } from "../command.ts";
import { tellDatabase } from "../database-options.ts";
import { LOCK_ARGS, migrateOptions } from "../migrate-options.ts";
import { tellMisnamed } from "../misnamed.ts";
import { changeToJson } from "../output/changes.ts";
import { showMigrateEvents } from "../output/migrate.ts";
import { forPeople } from "../output/style.ts";
import { agree, count, formatSeconds } from "../output/text.ts";
import { inLine } from "../output/visible.ts";
import { confirmEmptying, PROTECTED_ARGS, requirePermission } from "../protected.ts";
import { REMOVAL_ARGS } from "../removal-args.ts";

const ARGS = {
  output: {
    type: "string",
    alias: "o",
    valueHint: "FILE",
    description: "write the assembled script to this file (- for standard output) instead of running it",
  },
  apply: { type: "boolean", description: "with --output: run it as well" },
  fresh: { type: "boolean", description: "empty the database first, in the same transaction" },
  baseline: { type: "boolean", description: "record all migrations as applied, without a proof" },
  "no-baseline": { type: "boolean", description: "record no migration" },
  "dry-run": { type: "boolean", description: "read and check the files, list them in order, and run nothing" },
  transaction: {
    type: "boolean",
    default: true,
    negativeDescription: "run every statement by itself; a failure then leaves what was done before",
  },
  ...REMOVAL_ARGS,
  ...PROTECTED_ARGS,
  ...LOCK_ARGS,
} as const;

export const command = defineCommand({
  args: ARGS,
  details:
    "Runs every .sql file below include_dirs, sorted by path, in one transaction. Migrations whose changes the files hold\n" +
    "already, as a proof in scratch databases shows, are recorded as applied; the others stay pending. Files that would take\n" +
    "something away from a database in use, or undo a migration there, are rolled back, unless --allow-drop says it is meant.",
  examples: [
    "confiture build",
    "confiture build --env ci --fresh --baseline",
    "confiture build --output schema.sql",
    "confiture build --output - | psql mydb",
  ],
  async run(args, context) {
    const { messages } = context;
    if (args.apply === true && args.output === undefined) {
      throw new ConfitureError("usage", "--apply goes with --output; without it a build is applied anyway");
    }
    if (args.baseline === true && args["no-baseline"] === true) {
      throw new ConfitureError("usage", "--baseline and --no-baseline exclude each other");
    }
    const writesOnly = args["dry-run"] === true || (args.output !== undefined && args.apply !== true);
    // It may begin the process anew, which would say once more what the configuration warns of.
    if (!writesOnly && args.baseline !== true && args["no-baseline"] !== true) await context.io.prepareEngine();
    const config = await context.config(writesOnly ? "files" : "database");
    if (!writesOnly) {
      const what = args.fresh === true ? "empty its database (--fresh)" : "run the schema files";
      await requirePermission(context, args, what);
    }
    if (!writesOnly) tellDatabase(context, config);
    messages.log(`Building schema for environment: ${config.environment ?? "(none)"}`);
    const files = collectSchemaFiles({ ...config, order: config.build.order, projectDir: context.projectDir });
    messages.log(`Found ${count(files.length, "SQL file")}`);
    tellMisnamed(context, config);
    const options: BuildOptions = {
      projectDir: context.projectDir,
      files,
      order: config.build.order,
      resetBetweenFiles: config.build.resetBetweenFiles,
      databaseName: config.target.engine === "server" ? config.target.database : undefined,
      transaction: args.transaction,
    };
    if (args["dry-run"] === true) {
      checkSchema(options);
      return { json: { files, applied: false }, text: files.map((file) => `${inLine(file)}\n`).join("") };
    }
    if (args.output !== undefined) {
      refuseAmongSources(context.projectDir, args.output, config.includeDirs, files);
      requireOutputFile(context.projectDir, args.output, config, scriptFile(config));
      await writeScript(context, options, args.output);
    }
    return writesOnly ? { json: { files, applied: false, output: args.output } } : await apply(args, context, options);
  },
});

async function apply(args: ParsedArgs<typeof ARGS>, context: CommandContext, options: BuildOptions): Promise<Outcome> {
  const { io, messages, json } = context;
  const [
    { discoverMigrations },
    { exclusively },
    { recordBaseline },
    { sequences },
    { findLedger },
    { readHistory },
    { isEmptyDatabase },
    { ALL_NEW, leftAsItWas, tellLeft, waysOn },
    { stoppedIn, upCommand },
    { unlikeLater, watchUnlike },
    { stoppedThere },
    { containment, editedEntries, openEntries, reasonOf, tellRowsNotCompared, tellUnlike, wereEdited },
  ] = await Promise.all([
    import("#migrate/files/discover.ts"),
    import("#migrate/exclusive.ts"),
    import("#migrate/record.ts"),
    import("#database/sequences.ts"),
    import("#migrate/ledger/find.ts"),
    import("#migrate/status.ts"),
    import("#migrate/base.ts"),
    import("../lacking-of-schema.ts"),
    import("#migrate/history.ts"),
    import("../unlike-migrations.ts"),
    import("../stopped-there.ts"),
    import("../contained.ts"),
  ]);
  const migrating = await migrateOptions(context, args, showMigrateEvents(context));
  // What is wrong with them is said before anything is done.
  const { base, migrations } = discoverMigrations(context.projectDir, migrating.dir, migrating.layout);
  // Under the runner's lock: a build and a migration must not work on one database at once.
  let isBuilt = false;
  let wasEmpty = false;
  let wasThere = false;
  let emptied: readonly string[] = [];
  let stopped: readonly string[] = [];
  let byMigrations = base !== undefined || migrations.length > 0;
  const { target } = migrating;
  // What is gone with the command needs no record, and nobody goes on with it.
  const isGone = target.engine === "embedded" && target.path === undefined;
  const asked = args.baseline === true ? "all" : args["no-baseline"] === true || isGone ? "none" : "contained";
  const work = exclusively(migrating, async (database, before) => {
    const isKept = args.fresh !== true && before.exists;
    const known = isKept ? await readHistory(database, before, migrating) : [];
    const edits = editedEntries(known);
    stopped = stoppedIn(known);
    byMigrations ||= known.length > 0;
    if (args.fresh === true && !(await isEmptyDatabase(database, before))) {
      const { filledTables } = await import("#build/filled-tables.ts");
      emptied = (await filledTables(database, before)).map(({ name }) => name);
      await confirmEmptying(context, args, emptied);
    }
    wasEmpty = args.fresh === true || (await isEmptyDatabase(database, before));
    const proof = containment(context, migrating, { isBuilt: wasEmpty, budget: PROOF });
    if (asked === "contained" && !wasEmpty) await proof.refuseBehind(database, before);
    const watch = asked === "contained" && !wasEmpty ? await watchUnlike(database) : undefined;
    const taking = wasEmpty ? undefined : await import("../taken-by-build.ts");
    const places = taking === undefined ? [] : await sequences(database);
    messages.log("Executing schema...");
    const started = performance.now();
    await executeSchema(database, {
      ...options,
      fresh: args.fresh === true,
      signal: io.signal,
      watch: taking?.watchTaken(context, migrating, before, places, args["allow-drop"], !options.transaction),
      onFile: (file, index) => context.step(`${index + 1} of ${options.files.length}: ${file}`),
    }).catch(async (cause: unknown) => {
      const error = await explainRoles(cause, database, options);
      if (args.fresh === true) throw error;
      const { acceptBuilt } = await import("../built-already.ts");
      const rolledBack = options.transaction ? places : [];
      await acceptBuilt(context, {
        error,
        migrating,
        database,
        ledger: before,
        proof,
        byMigrations,
        places: rolledBack,
      });
      wasThere = true;
    });
    const built = performance.now();
    isBuilt = !wasThere;
    const hasChanged = !wasThere && (await watch?.hasChanged()) === true;
    // The build may have removed the ledger (--fresh), or moved it (a search_path of the role or database).
    const ledger = await findLedger(database, migrating.table);
    const all = asked === "all" ? await recordBaseline(database, ledger, migrating, undefined) : [];
    const proven = asked === "contained" ? await proof.record(database, ledger) : undefined;
    const isOpen = proven === undefined ? asked === "none" : proven.pending.length + proven.undecided.length > 0;
    const history = isOpen ? await readHistory(database, ledger, migrating) : [];
    const open = asked === "none" ? openEntries(history) : [];
    return {
      duration: built - started,
      recorded: proven?.contained ?? all,
      found: proven ?? { ...NONE, undecided: open },
      edited: edits,
      // What lacks what was squashed into the base, `up` refuses.
      up: history.some(({ standing }) => standing === "lacking") ? undefined : upCommand(history),
      findUnlike: hasChanged ? await unlikeLater(context, migrating, database, ledger, proof.clock()) : undefined,
      // Whatever was there was skipped where a file says IF NOT EXISTS, and is looked at only now.
      findLeft: wasEmpty || wasThere ? undefined : await leftAsItWas(context, migrating, database, proof.clock()),
    };
  });
  const compared = work.then(async (built) => ({
    ...built,
    left: (await built.findLeft?.()) ?? ALL_NEW,
    unlike: built.found.unlike ?? (await built.findUnlike?.()),
  }));
  const { duration, recorded, found, edited, up, left, unlike } = await compared.catch(async (error: unknown) => {
    const { explainLostBuild } = await import("../lost-build.ts");
    throw await explainLostBuild(orInterrupted(io.signal, error), migrating, isBuilt);
  });
  if (wasThere)
    messages.log(
      "Nothing was done: the database holds every object that the schema files make. Rows were not compared",
    );
  else if (left.lacking.length > 0) messages.log(`The schema files ran in ${formatSeconds(duration)}`);
  else if (!json) io.stdout.write(forPeople(`✅ Schema built successfully in ${formatSeconds(duration)}\n`));
  if (edited.length > 0) {
    messages.warn(
      `${wereEdited(edited)}: what ${agree(edited.length, "its file says", "their files say")} now has not run in this database, and \`confiture migrate up\` refuses it (confiture migrate status -v shows the edit)`,
    );
  }
  if (stopped.length > 0) messages.warn(stoppedThere(stopped));
  const { pending, undecided, why, next } = found;
  if (recorded.length > 0) {
    messages.log(
      asked === "all"
        ? `Recorded ${count(recorded.length, "migration")} as applied`
        : `${count(recorded.length, "migration")} ${agree(recorded.length, "is", "are")} contained in the schema files: recorded as applied`,
    );
  }
  if (pending.length > 0) {
    messages.log(
      `${count(pending.length, "migration")} ${agree(pending.length, "is", "are")} not ${wasEmpty ? "contained in the schema files" : "in this database yet"} and ${agree(pending.length, "stays", "stay")} pending${reasonOf(why)}: ${up}`,
    );
  }
  tellRowsNotCompared(context, found.rowsNotCompared);
  tellUnlike(context, unlike ?? []);
  const error = tellLeft(context, left, { up: pending.length > 0 ? up : undefined, byMigrations });
  if (undecided.length > 0 && !isGone) {
    const text =
      `${count(undecided.length, "migration")} in ${migrating.dir} ${agree(undecided.length, "is", "are")} not recorded in this database${why === undefined ? "" : ` (not proven to be in it: ${why})`}. Next:\n` +
      (next ??
        waysOn([
          ["confiture migrate baseline --proven", "to record those that the database holds, by proof"],
          // What is lacking would be for good.
          [error === undefined ? "confiture migrate baseline" : undefined, "to record them all, without proof"],
          [up, "to run them"],
        ]));
    // --no-baseline asks for it.
    if (asked === "none") messages.log(text);
    else messages.warn(text);
  }
  return {
    json: {
      files: options.files,
      applied: !wasThere,
      durationMs: Math.round(duration),
      recorded: recorded.map(({ version }) => version),
      rowsNotCompared: found.rowsNotCompared.map(({ version }) => version),
      unrecorded: [...pending, ...undecided].map(({ version }) => version),
      undecided: undecided.map(({ version }) => version),
      edited: edited.map(({ version }) => version),
      emptied,
      unlikeMigrations: unlike?.map(changeToJson) ?? null,
      lacking: left.unknown === undefined ? left.lacking.map(({ kind, name }) => `${kind} ${name}`) : null,
    },
    error,
  };
}

/** How many milliseconds of work may go to finding out what the database holds. */
const PROOF = 20_000;
