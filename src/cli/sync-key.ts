/** The variable with the key that results of a copy are made with. */
export const SYNC_KEY = "CONFITURE_SYNC_KEY";

const WHAT_IT_IS =
  `The key is ${SYNC_KEY}: 64 hexadecimal digits, for example from \`openssl rand -hex 32\`, in the environment of the\n` +
  "process (not in .env). It is never sent to a server. The same key gives the same results.";

/** What it is, for the help of every command that makes results with it. */
export const ABOUT_SYNC_KEY = `${WHAT_IT_IS} Without it, each run makes a key of its\nown and forgets it.`;

/** The same where the results are there already. */
export const ABOUT_KEY_OF_COPY = `${WHAT_IT_IS} It has to be the key of\nthe copy. Without it, less can be compared, which the last line says.`;
