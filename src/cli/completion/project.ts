/**
 * How a POSIX shell finds what a project has to offer, below the folder in `$folder`; each prints a name a line. Aliases of the user's do
 * not count.
 */
export const LISTS = {
  environments: `command ls "$folder/db/environments" 2>/dev/null | command sed -n 's/\\.ya\\{0,1\\}ml$//p'`,
  versions: `command ls "$folder/db/migrations" 2>/dev/null | command sed -n 's/^[VU]\\{0,1\\}\\([0-9][0-9.]*\\).*/\\1/p' | command sort -u`,
  revisions: `command git -C "$folder" for-each-ref '--format=git:%(refname:short)' refs/heads refs/tags 2>/dev/null`,
} as const;

/** Sources that every project has. */
export const SOURCE_WORDS = "schema migrations empty git:HEAD";
