import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { ConfitureError } from "#errors/error.ts";

/**
 * Puts the folders of a project as of a commit into a temporary folder for the time of `work`.
 * @param folders relative to the project
 * @throws ConfitureError `git_failed`
 */
export async function withRevision<T>(
  projectDir: string,
  revision: string,
  folders: readonly string[],
  work: (projectDir: string) => Promise<T>,
): Promise<T> {
  // A name that begins with a dash would be read as an option.
  const commit = text(
    git(projectDir, ["rev-parse", "--verify", "--quiet", "--end-of-options", `${revision}^{commit}`], revision),
  ).trim();
  const dir = realpathSync(mkdtempSync(join(tmpdir(), "confiture-git-")));
  try {
    for (const path of listFiles(projectDir, commit, folders)) {
      const target = join(dir, path);
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, git(projectDir, ["cat-file", "blob", `${commit}:./${path}`], revision));
    }
    return await work(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Paths relative to the project, which may be a folder of the repository. Links and submodules are left out. */
function listFiles(projectDir: string, commit: string, folders: readonly string[]): string[] {
  const listing = text(git(projectDir, ["ls-tree", "-r", "-z", commit, "--", ...folders], commit));
  return listing.split("\0").flatMap((line) => {
    const match = /^100\d{3} blob \S+\t(.+)$/s.exec(line);
    return match === null ? [] : [match[1]!];
  });
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function git(projectDir: string, args: readonly string[], revision: string): Uint8Array {
  if (Bun.which("git") === null) {
    throw new ConfitureError("git_failed", "A git: source needs the git command, which is not on this machine", {
      hint: "Run it where the repository is checked out.",
    });
  }
  const { exitCode, stdout, stderr } = Bun.spawnSync(["git", ...args], { cwd: projectDir });
  if (exitCode === 0) return stdout;
  const said = stderr.toString().trim();
  throw new ConfitureError("git_failed", `git does not know ${revision}${said === "" ? "" : `: ${said}`}`, {
    hint: "Name a branch, tag or commit of the repository that the project is in, for example git:main. A shallow clone may lack it: git fetch --unshallow.",
  });
}
