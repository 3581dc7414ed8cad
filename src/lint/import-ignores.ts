import type { FileChange } from "#files/change.ts";
import type { LintFile } from "./file.ts";
import { rulesNamed } from "./names.ts";

/** A comment of another tool, in our form. */
export interface ImportedIgnore {
  readonly file: string;
  readonly line: number;
  readonly before: string;
  /** Undefined for one that names no rule of ours. */
  readonly after: string | undefined;
}

export interface ImportedIgnores {
  readonly comments: readonly ImportedIgnore[];
  readonly changes: readonly FileChange[];
}

/** squawk's, eugene's and Atlas's comments; each with the names that follow it. */
const FORMS: readonly { readonly tool: string; readonly form: RegExp; readonly isFile: boolean }[] = [
  { tool: "squawk", form: /^--\s*squawk-ignore-file\b[:\s]*(.*)$/, isFile: true },
  { tool: "squawk", form: /^--\s*squawk-ignore\b[:\s]*(.*)$/, isFile: false },
  { tool: "eugene", form: /^--\s*eugene:\s*ignore\b[:\s]*(.*)$/, isFile: false },
  { tool: "Atlas", form: /^--\s*atlas:nolint\b[:\s]*(.*)$/, isFile: false },
];

/**
 * What the files are to become so that comments of other tools ignore the same findings here. A comment that names no rule,
 * or none that has its like here, stays as it is. Pure.
 */
export function importIgnores(files: readonly LintFile[]): ImportedIgnores {
  const comments: ImportedIgnore[] = [];
  const changes: FileChange[] = [];
  for (const { path, text, isOutline, comments: written, migration } of files) {
    // Its text is not what is in the file.
    if (isOutline || migration?.form === "typescript") continue;
    let rest = text;
    // From the end, so that offsets hold.
    for (const { start, end, text: before, location } of written.toReversed()) {
      const after = inOurForm(before);
      if (after === undefined) continue;
      comments.push({ file: path, line: location.line ?? 1, before, after: after === "" ? undefined : after });
      if (after !== "") rest = rest.slice(0, start) + after + rest.slice(end);
    }
    if (rest !== text) changes.push({ kind: "replace", path, content: rest });
  }
  return { comments: comments.toSorted((a, b) => (a.file === b.file ? a.line - b.line : 0)), changes };
}

/** Undefined for a comment of no other tool; empty for one that has no like here. */
function inOurForm(comment: string): string | undefined {
  for (const { tool, form, isFile } of FORMS) {
    const names = form.exec(comment)?.[1];
    if (names === undefined) continue;
    const rules = names
      .split(/[\s,]+/)
      .flatMap((name) => rulesNamed(name))
      .filter((rule, at, all) => all.indexOf(rule) === at);
    return rules.length === 0
      ? ""
      : `-- confiture:ignore${isFile ? "-file" : ""} ${rules.join(", ")} as ${tool} was told`;
  }
  return undefined;
}
