/** The variable with the key that results of a copy are made with. */
export const SYNC_KEY = "CONFITURE_SYNC_KEY";

/** What it is, for the help of every command that takes it. */
export const ABOUT_SYNC_KEY =
  `The key is ${SYNC_KEY}: 64 hexadecimal digits, for example from \`openssl rand -hex 32\`, in the environment of the\n` +
  "process (not in .env). It is never sent to a server. The same key gives the same results. Without it, each run makes a key of its\n" +
  "own and forgets it.";
