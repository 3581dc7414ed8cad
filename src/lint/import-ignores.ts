import type { FileChange } from "#files/change.ts";
import type { Comment, LintFile } from "./file.ts";
import { rulesNamed } from "./names.ts";
import { commentsOfOthers } from "./typescript-comments.ts";

/** A comment of another tool, in our form. */
export interface ImportedIgnore {
  readonly file: string;
  readonly line: number;
  readonly before: string;
  /** Undefined for one that names no rule of ours. */
  readonly after: string | undefined;
  /** Why it, or a part of it, has no like here. */
  readonly why: string | undefined;
}

export interface ImportedIgnores {
  readonly comments: readonly ImportedIgnore[];
  readonly changes: readonly FileChange[];
}

/** squawk's, eugene's and Atlas's comments; each with the names that follow it. */
const FORMS: readonly { readonly tool: string; readonly form: RegExp; readonly isFile: boolean }[] = [
  { tool: "squawk", form: /^(?:--|\/\/)\s*squawk-ignore-file\b[:\s]*(.*)$/, isFile: true },
  { tool: "squawk", form: /^(?:--|\/\/)\s*squawk-ignore\b[:\s]*(.*)$/, isFile: false },
  { tool: "eugene", form: /^(?:--|\/\/)\s*eugene:\s*ignore\b[:\s]*(.*)$/, isFile: false },
  { tool: "Atlas", form: /^(?:--|\/\/)\s*atlas:nolint\b[:\s]*(.*)$/, isFile: false },
];

/**
 * What the files are to become so that comments of other tools ignore the same findings here. A comment that names no rule,
 * or none that has its like here, stays as it is.
 * @param sourceOf the text of a TypeScript migration
 */
export function importIgnores(files: readonly LintFile[], sourceOf: (file: LintFile) => string): ImportedIgnores {
  const comments: ImportedIgnore[] = [];
  const changes: FileChange[] = [];
  for (const file of files) {
    const { path, isOutline } = file;
    const isTypeScript = file.migration?.form === "typescript";
    const text = isTypeScript ? sourceOf(file) : file.text;
    const written: readonly Written[] = isTypeScript ? commentsOfOthers(path, text) : file.comments;
    let rest = text;
    // From the end, so that offsets hold.
    for (const { start, end, text: before, location } of written.toReversed()) {
      const imported = inOurForm(before);
      if (imported === undefined) continue;
      // The text of a large file is not what is in it.
      const { after, why } = isOutline ? { after: undefined, why: "the file is too large to be rewritten" } : imported;
      comments.push({ file: path, line: location.line ?? 1, before, after, why });
      if (after !== undefined) rest = rest.slice(0, start) + after + rest.slice(end);
    }
    if (rest !== text) changes.push({ kind: "replace", path, content: rest });
  }
  return { comments: comments.toSorted((a, b) => (a.file === b.file ? a.line - b.line : 0)), changes };
}

type Written = Pick<Comment, "start" | "end" | "text" | "location">;

/** Undefined for a comment of no other tool. */
function inOurForm(comment: string): Pick<ImportedIgnore, "after" | "why"> | undefined {
  for (const { tool, form, isFile } of FORMS) {
    const written = form.exec(comment)?.[1];
    if (written === undefined) continue;
    const names = written.split(/[\s,]+/).filter((name) => name !== "");
    const rules = [...new Set(names.flatMap((name) => rulesNamed(name)))];
    const unknown = names.filter((name) => rulesNamed(name).length === 0);
    const why =
      names.length === 0
        ? "it names no rule, and a comment of this lint has to"
        : unknown.length > 0
          ? `no rule of this lint is like ${unknown.join(", ")}`
          : undefined;
    if (rules.length === 0) return { after: undefined, why };
    return {
      after: `${comment.slice(0, 2)} confiture:ignore${isFile ? "-file" : ""} ${rules.join(", ")} as ${tool} was told`,
      why,
    };
  }
  return undefined;
}
