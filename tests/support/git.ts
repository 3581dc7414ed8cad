import type { TemporaryProject } from "./project.ts";

/** Commits all files of a project, which becomes a repository with the first commit. */
export function commitAll({ dir }: Pick<TemporaryProject, "dir">, message: string): void {
  const author = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "core.autocrlf=false"];
  for (const args of [
    ["init", "-q"],
    ["add", "."],
    [...author, "commit", "-q", "--allow-empty", "-m", message],
  ]) {
    const { exitCode, stderr } = Bun.spawnSync(["git", ...args], { cwd: dir });
    if (exitCode !== 0) throw new Error(`git ${args.join(" ")}: ${stderr.toString()}`);
  }
}
