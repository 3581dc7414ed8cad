import { ConfitureError } from "#errors/error.ts";

/** The operating system's name of an error ("ENOENT"). */
export function systemCode(cause: unknown): string {
  return cause instanceof Error && "code" in cause ? String(cause.code) : "unknown error";
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "the operation is not permitted",
  EROFS: "the file system is read-only",
  ENOSPC: "no space is left on the disk",
  EDQUOT: "the disk quota is used up",
  EFBIG: "it would be larger than a file may be",
  EISDIR: "it is a folder",
  ENOENT: "there is no such file or folder",
  ENOTDIR: "a part of its path is no folder",
  ELOOP: "it is a link that leads back to itself",
  EEXIST: "it exists already",
  EBUSY: "it is in use, for example as a mount point",
  EMFILE: "too many files are open (ulimit -n)",
  ENFILE: "too many files are open on this machine",
  ENAMETOOLONG: "its name is too long",
  EIO: "the disk reports an error",
};

/** Why something did not work, in words; the error's own where there are no better ones. */
export function reasonOf(cause: unknown): string {
  const code = systemCode(cause);
  const words = REASONS[code];
  if (words !== undefined) return words;
  return cause instanceof Error ? cause.message : String(cause);
}

const HINTS: Readonly<Record<string, string>> = {
  EMFILE: "This process may open no more files: raise the limit (ulimit -n 256), then run it again.",
  ENFILE: "This machine may open no more files: end what holds so many, then run it again.",
};

/** What to do about a reason that has nothing to do with the file; undefined for others. */
export function hintFor(cause: unknown): string | undefined {
  return HINTS[systemCode(cause)];
}

/** A file is written under another name first. */
const IN_FOLDER =
  "Its folder has to be writable, not only the file itself: a new file is made there and then takes the place of the old one, if there is one.";

const WRITE_HINTS: Readonly<Record<string, string>> = {
  EACCES: IN_FOLDER,
  EPERM: IN_FOLDER,
  EROFS: "Name a place that can be written.",
  ENOENT: "Name a place where files can be made.",
  ENOSPC: "Free some space, then run it again. Nothing was written.",
  EDQUOT: "Free some space, then run it again. Nothing was written.",
  EFBIG: "Raise the limit (ulimit -f), then run it again. Nothing was written.",
};

/** @param path how the user would name the file */
export function cannotWrite(path: string, cause: unknown): ConfitureError {
  if (cause instanceof ConfitureError) return cause;
  return new ConfitureError("file_unreadable", `Cannot write ${path}: ${reasonOf(cause)}`, {
    hint: WRITE_HINTS[systemCode(cause)] ?? hintFor(cause),
    location: { file: path },
    cause,
  });
}

/** @param path how the user would name the file */
export function cannotRead(path: string, cause: unknown): ConfitureError {
  if (cause instanceof ConfitureError) return cause;
  return new ConfitureError("file_unreadable", `Cannot read ${path}: ${reasonOf(cause)}`, {
    hint: hintFor(cause),
    location: { file: path },
    cause,
  });
}
