/**
 * Every error the tool can report, by code. The exit code is a property of the code, so a caller can
 * never exit 0 on a failure or disagree with the documentation. docs/errors.md is generated from this.
 *
 * Exit codes: 1 the work failed, 2 usage, 3 findings, 4 configuration, 5 cannot connect,
 * 6 another runner holds the lock, 7 history conflict.
 */
export const ERROR_CODES = {
  usage: { exit: 2, title: "The command line is wrong" },

  protected: { exit: 2, title: "The environment is protected" },

  stats_invalid: { exit: 4, title: "A file of statistics cannot be read" },
  config_not_found: { exit: 4, title: "The environment file does not exist" },
  config_unreadable: { exit: 4, title: "A configuration file cannot be read" },
  config_syntax: { exit: 4, title: "A configuration file is not valid YAML" },
  config_unknown_key: { exit: 4, title: "A configuration file has a key the tool does not know" },
  config_invalid: { exit: 4, title: "A configuration value has the wrong type or an impossible value" },
  config_unset_variable: { exit: 4, title: "A variable used in a configuration file is not set" },

  connect_failed: { exit: 5, title: "The server cannot be reached" },
  connect_auth: { exit: 5, title: "The server refused the user or password" },
  connect_tls: { exit: 5, title: "The encrypted connection could not be made as sslmode demands" },
  connect_no_database: { exit: 5, title: "The database does not exist" },
  transaction_pooling: { exit: 5, title: "A connection pooler stands between, in transaction mode" },
  pooler_busy: { exit: 5, title: "A connection pooler has no second connection to give" },
  connection_lost: { exit: 1, title: "The connection was lost during the work" },
  embedded_in_use: { exit: 6, title: "Another process has the embedded database open" },
  serve_failed: { exit: 5, title: "The embedded PostgreSQL cannot be served there" },
  embedded_failed: { exit: 1, title: "The embedded PostgreSQL could not start" },

  sql_failed: { exit: 1, title: "PostgreSQL refused a statement" },
  parameter_invalid: { exit: 1, title: "A parameter of a statement cannot be sent" },
  sql_psql_command: { exit: 1, title: "A SQL file uses a psql command" },
  sql_transaction_control: { exit: 1, title: "A SQL file controls its own transaction" },
  sql_unterminated: { exit: 1, title: "A SQL file ends inside a string, comment or COPY block" },
  file_unreadable: { exit: 1, title: "A file or folder cannot be read or written" },
  file_changed: { exit: 1, title: "A file was changed while the command worked on it" },
  file_not_regular: { exit: 4, title: "A file is a folder, a FIFO, a device or a socket" },
  file_not_utf8: { exit: 1, title: "A SQL file is not valid UTF-8" },
  file_conflict_marker: { exit: 1, title: "A SQL file holds a git conflict marker" },

  build_behind: { exit: 7, title: "The database lacks migrations that the schema files hold" },
  build_over: { exit: 7, title: "The database holds some of what the schema files make, and not all" },
  schema_no_files: { exit: 1, title: "There are no schema files" },
  schema_outside_project: { exit: 1, title: "A schema file lies outside the project" },
  schema_circle: { exit: 1, title: "Schema files need each other in a circle" },
  schema_link_loop: { exit: 1, title: "Schema folders link to each other in a circle" },

  migrations_missing: { exit: 1, title: "The folder of migrations does not exist" },
  migrations_unrecognised: { exit: 1, title: "Nothing in the folder of migrations has the name of one" },
  layout_foreign: { exit: 1, title: "The folder of migrations is laid out for another tool" },
  layout_unclear: { exit: 4, title: "A folder holds the migrations of several tools" },
  migrations_outside_project: { exit: 1, title: "Migrations lie outside the project" },
  migration_duplicate: { exit: 7, title: "Two migrations have the same version" },
  migration_empty: { exit: 1, title: "A migration has no statement" },
  migration_invalid: { exit: 1, title: "A migration file cannot be run as it is written" },
  migration_foreign: { exit: 1, title: "A migration is a program of another tool" },
  migration_marks: { exit: 1, title: "A migration holds a section mark of another tool" },
  migration_template: { exit: 1, title: "A migration is a template, not SQL" },
  migration_mixed: {
    exit: 1,
    title: "A migration mixes a statement that cannot run in a transaction with others",
  },
  migration_not_transactional: { exit: 1, title: "A migration cannot share a transaction with others" },
  migration_failed: { exit: 1, title: "A TypeScript migration threw an error" },
  migration_irreversible: { exit: 1, title: "A migration has no way back" },
  migration_unknown: { exit: 2, title: "There is no such migration" },
  history_edited: { exit: 7, title: "A migration was edited after it was applied" },
  history_missing: { exit: 7, title: "A migration was applied but its file is gone" },
  history_out_of_order: { exit: 7, title: "A migration is older than one already applied" },
  history_stopped: { exit: 7, title: "A migration stopped half way" },
  history_squashed: { exit: 7, title: "A migration was squashed into the base" },
  squash_refused: { exit: 1, title: "Migrations cannot be squashed" },
  text_not_kept: { exit: 1, title: "The ledger does not have the text of a migration" },
  text_altered: { exit: 7, title: "The ledger's text of a migration is not the one that was applied" },
  accept_refused: { exit: 7, title: "An edited migration does something else than what was applied" },
  adoption_refused: { exit: 7, title: "Another tool's history cannot be taken over" },
  ledger_unusable: { exit: 1, title: "The ledger table cannot be used" },
  lock_unseen: { exit: 5, title: "The server says that it took the lock, but does not show it" },
  lock_held: { exit: 6, title: "Another runner holds the lock" },

  base_refused: { exit: 1, title: "The base of the migrations cannot be written" },
  schema_update_refused: { exit: 1, title: "The schema files cannot be updated" },
  generate_refused: { exit: 1, title: "The migration cannot be generated" },
  rebuild_failed: { exit: 1, title: "A database cannot be rebuilt in a scratch database" },
  scratch_unusable: { exit: 1, title: "No scratch database can be made there" },
  extension_missing: { exit: 1, title: "An extension is missing where scratch databases are made" },
  snapshot_invalid: { exit: 1, title: "A snapshot file cannot be read" },
  drift_unknown: { exit: 1, title: "Cannot determine what the database should contain" },
  export_unproven: { exit: 1, title: "The database cannot be exported as files that rebuild it" },
  folder_not_empty: { exit: 1, title: "A folder to write to is not empty" },
  git_failed: { exit: 1, title: "git could not show what was asked for" },

  interrupted: { exit: 130, title: "The command was interrupted" },
  internal: { exit: 1, title: "A defect in the tool" },
} as const satisfies Record<string, { exit: number; title: string }>;

export type ErrorCode = keyof typeof ERROR_CODES;
