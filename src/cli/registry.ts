import type { Entry } from "./command.ts";
import { ABOUT_SYNC_KEY } from "./sync-key.ts";

/** Every command of the tool, in the order help shows them. */
export const COMMANDS: Readonly<Record<string, Entry>> = {
  init: { summary: "Start a new project that builds at once", load: () => import("./commands/init.ts") },
  build: { summary: "Build a database from the schema files", load: () => import("./commands/build.ts") },
  migrate: {
    summary: "Evolve an existing database",
    commands: {
      status: { summary: "Show which migrations are applied", load: () => import("./commands/migrate/status.ts") },
      up: { summary: "Apply pending migrations", load: () => import("./commands/migrate/up.ts") },
      plan: {
        summary: "Show what pending migrations lock, rewrite, read and lose, before they run",
        load: () => import("./commands/migrate/plan.ts"),
      },
      down: { summary: "Roll back migrations", load: () => import("./commands/migrate/down.ts") },
      new: { summary: "Create a migration file", load: () => import("./commands/migrate/new.ts") },
      generate: {
        summary: "Write the migration for what changed in the schema files",
        load: () => import("./commands/migrate/generate.ts"),
      },
      show: {
        summary: "Print the text of a migration as it was applied",
        load: () => import("./commands/migrate/show.ts"),
      },
      test: {
        summary: "Test migrations: up, down and up again, without a server",
        load: () => import("./commands/migrate/test.ts"),
      },
      stats: {
        summary: "Print how large tables are, for plans without a connection",
        load: () => import("./commands/migrate/stats.ts"),
      },
      redo: {
        summary: "Roll back the last migration and apply it again",
        load: () => import("./commands/migrate/redo.ts"),
      },
      baseline: {
        summary: "Record migrations as applied without running them",
        load: () => import("./commands/migrate/baseline.ts"),
      },
      base: {
        summary: "Write base.sql: what a database holds before the first migration",
        load: () => import("./commands/migrate/base.ts"),
      },
      squash: {
        summary: "Move base.sql forward over old migrations",
        load: () => import("./commands/migrate/squash.ts"),
      },
      import: {
        summary: "Rewrite another tool's folder of migrations in this tool's form",
        load: () => import("./commands/migrate/import.ts"),
      },
      resolve: {
        summary: "Record how a half-done or unknown migration ended",
        load: () => import("./commands/migrate/resolve.ts"),
      },
      pause: {
        summary: "Make a running backfill wait",
        load: () => import("./commands/migrate/pause.ts"),
      },
      resume: {
        summary: "Let a paused backfill go on",
        load: () => import("./commands/migrate/resume.ts"),
      },
      throttle: {
        summary: "Change the batch size or the pause of a running backfill",
        load: () => import("./commands/migrate/throttle.ts"),
      },
      accept: {
        summary: "Accept an edited migration (update its checksum)",
        load: () => import("./commands/migrate/accept.ts"),
      },
    },
  },
  sync: {
    summary: "Copy a database, with values replaced as the rules in db/sync say",
    details: ABOUT_SYNC_KEY,
    unnamed: "run",
    unnamedUsage: "--from NAME --to NAME",
    commands: {
      run: {
        summary: "Copy the rows and schema of one environment into another (`confiture sync --from A --to B`)",
        load: () => import("./commands/sync/run.ts"),
      },
      init: {
        summary: "Write first rules for every column of a database",
        load: () => import("./commands/sync/init.ts"),
      },
      check: {
        summary: "Find columns that no rule speaks of and faults in the rules, without a server",
        load: () => import("./commands/sync/check.ts"),
      },
      show: {
        summary: "Print some rows of a table as a copy has them",
        load: () => import("./commands/sync/show.ts"),
      },
      verify: {
        summary: "Look for originals of replaced values in a copy, and compare it with its source",
        load: () => import("./commands/sync/verify.ts"),
      },
    },
  },
  schema: {
    summary: "Work on the schema files",
    commands: {
      update: {
        summary: "Bring what migrations did into the schema files",
        load: () => import("./commands/schema/update.ts"),
      },
    },
  },
  dev: {
    summary: "Watch the files while you work: build, compare and lint whenever one is saved",
    load: () => import("./commands/dev.ts"),
  },
  apply: {
    summary: "Bring a database without migrations to the schema files",
    load: () => import("./commands/apply.ts"),
  },
  verify: {
    summary: "Check that schema files and migrations work and agree, without a server",
    load: () => import("./commands/verify.ts"),
  },
  lint: {
    summary: "Check migrations and schema files before they run: locks, lost data, unsafe changes",
    load: () => import("./commands/lint.ts"),
  },
  diff: {
    summary: "Show what differs between schema files, migrations, commits and databases",
    load: () => import("./commands/diff.ts"),
  },
  drift: {
    summary: "Show what was changed by hand in a database in use",
    load: () => import("./commands/drift.ts"),
  },
  snapshot: {
    summary: "Save the schema of a database as a file, to compare with it later",
    load: () => import("./commands/snapshot.ts"),
  },
  export: {
    summary: "Write the schema of an existing database as schema files",
    load: () => import("./commands/export.ts"),
  },
  db: {
    summary: "Create, query, serve or drop the database itself",
    commands: {
      create: { summary: "Create the database if it does not exist", load: () => import("./commands/db/create.ts") },
      drop: { summary: "Drop the database if it exists", load: () => import("./commands/db/drop.ts") },
      wait: { summary: "Wait until the database answers", load: () => import("./commands/db/wait.ts") },
      serve: {
        summary: "Serve the embedded PostgreSQL to psql, applications and other tools",
        load: () => import("./commands/db/serve.ts"),
      },
      shell: { summary: "Type SQL at a prompt", load: () => import("./commands/db/shell.ts") },
      sql: { summary: "Run SQL and print what comes back", load: () => import("./commands/db/sql.ts") },
    },
  },
  completion: {
    summary: "Print a completion script for bash, zsh, fish or PowerShell",
    load: () => import("./commands/completion.ts"),
  },
  config: {
    summary: "Look at the configuration",
    commands: {
      show: { summary: "Show every setting and where it comes from", load: () => import("./commands/config/show.ts") },
    },
  },
};
