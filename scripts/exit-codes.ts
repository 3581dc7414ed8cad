/** What each exit code means. */
export const EXIT_CODES: readonly (readonly [code: number, meaning: string])[] = [
  [0, "Done, or nothing to do"],
  [
    1,
    "The work failed, or was refused, as for want of `--allow-drop` (or it was done, and only its output could not be written: the message says so)",
  ],
  [2, "The command line is wrong, or asks for what has to be confirmed by `--yes NAME`; nothing was done"],
  [
    3,
    "Findings: differences, lint, `migrate up` that a protected environment stops for what is pending, before any of it has run, `schema update` that leaves something in two ways, `migrate baseline --proven` with migrations that are not proven, or `migrate status --exit-code` with ones that are not applied",
  ],
  [4, "The configuration is wrong; nothing was done"],
  [5, "The database cannot be reached; nothing was done"],
  [6, "Another process is at work on the same database; nothing was done"],
  [
    7,
    "Migration files and ledger contradict each other, or schema files and what `build` finds in the database; nothing was done, unless the message says that the schema files ran",
  ],
  [130, "Interrupted by SIGINT (129: by SIGHUP, 143: by SIGTERM)"],
  [141, "Nobody reads the results of `db sql` any more, so it stopped, as a program that SIGPIPE ends"],
];
