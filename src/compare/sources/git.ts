import { createHash } from "node:crypto";
import { join } from "node:path";
import { ConfitureError } from "#errors/error.ts";
import { readRegularFile } from "#files/read.ts";
import { staysInside, withTemporaryFolder } from "#files/temporary.ts";

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
  const commit = commitOf(projectDir, revision);
  const files = listFiles(projectDir, commit, folders);
  for (const { path } of files) requireInside(path, revision);
  const contents = readBlobs(projectDir, files, revision);
  return await withTemporaryFolder(async ({ dir, write }) => {
    for (const [index, { path }] of files.entries()) write(path, contents[index]!);
    try {
      return await work(dir);
    } catch (error) {
      // What helps in the working tree is of no use for a commit.
      if (!(error instanceof ConfitureError) || error.code !== "schema_no_files") throw error;
      throw error.with({
        message: `git:${revision} has no schema files: ${error.message}`,
        hint: `Name a commit that has some, or see that include_dirs names the folders of then. \`git log -- ${folders.join(" ")}\` lists commits that changed files there.`,
        data: { ...error.data, revision },
      });
    }
  });
}

/** What a commit holds, to compare files of today with. */
export interface RevisionFiles {
  /** Whether the content is the one of the commit; line ends do not count, which git may change. */
  holds(path: string, content: Uint8Array): boolean;
}

/**
 * Which files a commit holds, without their contents.
 * @param folders relative to the project
 * @throws ConfitureError `git_failed`
 */
export function filesAt(projectDir: string, revision: string, folders: readonly string[]): RevisionFiles {
  const files = listFiles(projectDir, commitOf(projectDir, revision), folders);
  const blobs = new Map(files.map(({ path, blob }) => [path, blob]));
  return {
    holds(path, content) {
      const blob = blobs.get(path);
      if (blob === undefined) return false;
      return blobOf(content, blob) === blob || blobOf(withLineFeeds(content), blob) === blob;
    },
  };
}

/**
 * Tells whether the last commit has a file of a folder as it is; of none where there is no commit, no repository or no git.
 * @param folder relative to the project
 */
export function headOf(projectDir: string, folder: string): (path: string) => boolean {
  try {
    const head = filesAt(projectDir, "HEAD", [folder]);
    return (path) => head.holds(path, readRegularFile(join(projectDir, path), path));
  } catch (error) {
    if (error instanceof ConfitureError && error.code === "git_failed") return () => false;
    throw error;
  }
}

/** git's name of a content, of the kind that another one is of. */
function blobOf(content: Uint8Array, other: string): string {
  return createHash(other.length === 64 ? "sha256" : "sha1")
    .update(`blob ${content.byteLength}\0`)
    .update(content)
    .digest("hex");
}

function withLineFeeds(content: Uint8Array): Uint8Array {
  return Buffer.from(Buffer.from(content).toString("latin1").replaceAll("\r\n", "\n"), "latin1");
}

/** git itself makes no such trees, and checks none out; but they can be made, and pushed. */
function requireInside(path: string, revision: string): void {
  if (staysInside(path) && !path.split("/").some((part) => /^\.git$/i.test(part))) return;
  throw new ConfitureError("git_failed", `${revision} holds a file that leads out of its folder: ${path}`, {
    hint: "No ordinary commit does. Nothing was written; do not check it out before you know where it comes from.",
    location: { file: path },
  });
}

function commitOf(projectDir: string, revision: string): string {
  // A name that begins with a dash would be read as an option.
  const args = ["rev-parse", "--verify", "--quiet", "--end-of-options", `${revision}^{commit}`];
  try {
    return text(git(projectDir, args, revision)).trim();
  } catch (error) {
    const [remote = ""] = remotesOf(projectDir, revision);
    if (!(error instanceof ConfitureError) || remote === "") throw error;
    throw error.with({ hint: `This clone has it as ${remote}: write that in its place, such as git:${remote}` });
  }
}

/** A clone has one branch of its own, as a check of a pull request does, and the others by the name of where they come from. */
function remotesOf(projectDir: string, branch: string): string[] {
  const args = ["git", "for-each-ref", "--format=%(refname:short)", `refs/remotes/*/${branch}`];
  if (Bun.which("git") === null) return [];
  return Bun.spawnSync(args, { cwd: projectDir }).stdout.toString().split("\n").filter(Boolean);
}

/** Where the checked-out branch began to differ from a commit; undefined where it did not, or a shallow clone does not tell. */
export function mergeBase(projectDir: string, revision: string): string | undefined {
  const commit = commitOf(projectDir, revision);
  const { exitCode, stdout } = Bun.spawnSync(["git", "merge-base", commit, "HEAD"], { cwd: projectDir });
  const base = stdout.toString().trim();
  return exitCode !== 0 || base === "" || base === commit ? undefined : base;
}

interface GitFile {
  /** Relative to the project, which may be a folder of the repository. */
  readonly path: string;
  /** git's name of its content. */
  readonly blob: string;
}

/** Links and submodules are left out. */
function listFiles(projectDir: string, commit: string, folders: readonly string[]): GitFile[] {
  const listing = text(git(projectDir, ["ls-tree", "-r", "-z", commit, "--", ...folders], commit));
  return listing.split("\0").flatMap((line) => {
    const match = /^100\d{3} blob (\S+)\t(.+)$/s.exec(line);
    return match === null ? [] : [{ blob: match[1]!, path: match[2]! }];
  });
}

/** The contents of all files, from one process: hundreds would take seconds. */
function readBlobs(projectDir: string, files: readonly GitFile[], revision: string): Uint8Array[] {
  if (files.length === 0) return [];
  const names = new TextEncoder().encode(files.map(({ blob }) => `${blob}\n`).join(""));
  const output = git(projectDir, ["cat-file", "--batch"], revision, names);
  let at = 0;
  return files.map(({ path }) => {
    // "NAME blob SIZE", a line feed, the content, a line feed.
    const start = output.indexOf(LINE_FEED, at) + 1;
    const size = / blob (\d+)\n$/.exec(text(output.subarray(at, start)))?.[1];
    if (size === undefined)
      throw new ConfitureError("git_failed", `git does not have the content of ${path} at ${revision}`);
    at = start + Number(size) + 1;
    return output.subarray(start, at - 1);
  });
}

const LINE_FEED = 10;

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function git(projectDir: string, args: readonly string[], revision: string, input?: Uint8Array): Uint8Array {
  if (Bun.which("git") === null) {
    throw new ConfitureError("git_failed", "A git: source needs the git command, which is not on this machine", {
      hint: "Run it where the repository is checked out.",
    });
  }
  const { exitCode, stdout, stderr } = Bun.spawnSync(["git", ...args], { cwd: projectDir, stdin: input });
  if (exitCode === 0) return stdout;
  const said = stderr.toString().trim();
  throw new ConfitureError("git_failed", `git does not know ${revision}${said === "" ? "" : `: ${said}`}`, {
    hint: "Name a branch, tag or commit of the repository that the project is in, for example git:main. A shallow clone may lack it: git fetch --unshallow.",
  });
}
