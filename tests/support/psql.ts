/** PostgreSQL's own client, to compare with; null where it is not installed. */
export const PSQL = Bun.which("psql");

if (PSQL === null) console.warn("psql is not installed: comparisons with it are left out (Debian: postgresql-client)");

/** Runs psql on a script, without anybody's settings. */
export async function psql(
  url: string,
  script: string,
  args: readonly string[] = [],
): Promise<{ exitCode: number; stdout: string }> {
  const child = Bun.spawn([PSQL ?? "psql", "-X", "-v", "ON_ERROR_STOP=1", ...args, "-d", url, "-f", "-"], {
    env: { PATH: process.env["PATH"] ?? "", PGCLIENTENCODING: "UTF8", LC_ALL: "C.UTF-8", PGTZ: "UTC" },
    stdin: new TextEncoder().encode(script),
    stdout: "pipe",
    stderr: "inherit",
  });
  const [stdout, exitCode] = await Promise.all([child.stdout.text(), child.exited]);
  return { exitCode, stdout };
}
