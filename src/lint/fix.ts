import { readdirSync } from "node:fs";
import { join } from "node:path";
import { compareCatalogues } from "#compare/catalogue/changes.ts";
import { type ProjectFiles, sourceCatalogue } from "#compare/sources/sources.ts";
import { ConfitureError } from "#errors/error.ts";
import { changeFiles, type FileChange } from "#files/change.ts";
import { readRegularFile } from "#files/read.ts";
import { withTemporaryFolder } from "#files/temporary.ts";
import { createMigrations, type Draft } from "#migrate/create.ts";
import type { Parser } from "#sql/parser.ts";
import { collect } from "./collect.ts";
import type { LintFile } from "./file.ts";
import type { Finding } from "./finding.ts";
import { lint, type LintOptions } from "./lint.ts";

/** What was done about findings. */
export interface Fixed {
  readonly fixed: readonly Finding[];
  /** Findings whose rule knows a rewrite that is not made here, and why. */
  readonly left: readonly { readonly finding: Finding; readonly why: string }[];
  /** Files that were changed and made, relative to the project. */
  readonly changed: readonly string[];
  readonly created: readonly string[];
}

interface Edit {
  readonly file: LintFile;
  readonly text: string;
}

interface Plan {
  readonly edits: readonly Edit[];
  readonly drafts: readonly Draft[];
  readonly fixed: readonly Finding[];
  readonly left: Fixed["left"];
}

/**
 * Rewrites migrations that are not applied yet where a rule knows a rewrite that is nothing but mechanical. All of it is tried in a
 * copy first: it is read and linted again, and has to come to the same catalogue. Then it is written, all or nothing.
 * @param linted the files that the findings are of
 * @throws ConfitureError `lint_fix_refused` where it does not; what running the migrations throws
 */
export async function fix(
  files: ProjectFiles,
  linted: readonly LintFile[],
  findings: readonly Finding[],
  options: Pick<LintOptions, "severities" | "sizes" | "isStandIn">,
  parser: Parser,
  now: Date,
): Promise<Fixed> {
  const plan = planFixes(files.projectDir, findings);
  if (plan.fixed.length === 0) return { fixed: [], left: plan.left, changed: [], created: [] };
  return await withTemporaryFolder(async ({ dir, write }) => {
    for (const path of filesIn(files.projectDir, files.migrationsDir)) {
      write(path, readRegularFile(join(files.projectDir, path), path));
    }
    for (const { file, text } of plan.edits) write(file.path, text);
    const copy: ProjectFiles = { ...files, projectDir: dir, includeDirs: [], excludeDirs: [] };
    const created = await createMigrations(
      { projectDir: dir, dir: files.migrationsDir, layout: files.migrationsLayout, form: "sql", timestamp: false, now },
      plan.drafts,
    );
    const paths = linted.flatMap(({ path, migration }) => ((migration?.version ?? "") === "" ? [] : [path]));
    const ofText = async (project: ProjectFiles, all: readonly string[]): Promise<readonly Finding[]> => {
      const { entries } = await collect(project, { kind: "paths", paths: all }, [], parser);
      return lint(entries, { together: true, ...options }).findings;
    };
    requireCleaner(
      [...findings, ...(await ofText(files, paths))],
      await ofText(copy, [...paths, ...created.map(({ path }) => path)]),
      plan,
    );
    await requireSameCatalogue(files, copy);
    const made = created.flatMap((migration) => migration.files);
    const changes: FileChange[] = [
      ...plan.edits.map(({ file, text }): FileChange => ({ kind: "replace", path: file.path, content: text })),
      ...made.map((path): FileChange => ({ kind: "create", path, content: readRegularFile(join(dir, path), path) })),
    ];
    for (const { file } of plan.edits) {
      if (readRegularFile(join(files.projectDir, file.path), file.path).toString() === file.text) continue;
      throw new ConfitureError("lint_fix_refused", `${file.path} was changed while --fix was at work`, {
        location: { file: file.path },
        hint: "Nothing was written. Run it again.",
      });
    }
    await changeFiles(files.projectDir, changes);
    return { fixed: plan.fixed, left: plan.left, changed: plan.edits.map(({ file }) => file.path), created: made };
  });
}

function planFixes(projectDir: string, findings: readonly Finding[]): Plan {
  const edits: Edit[] = [];
  const drafts: Draft[] = [];
  const fixed: Finding[] = [];
  const left: { finding: Finding; why: string }[] = [];
  const byFile = Map.groupBy(
    findings.filter(({ rewrite, notRewritten }) => (rewrite ?? notRewritten) !== undefined),
    ({ file }) => file,
  );
  for (const [file, own] of byFile) {
    // A statement that two rules speak of is rewritten once.
    const statements = new Set<object>();
    const mine: Finding[] = [];
    for (const finding of own) {
      const why = finding.notRewritten ?? obstacle(projectDir, file, finding);
      if (why !== undefined) left.push({ finding, why });
      else if (!statements.has(finding.statement!)) {
        statements.add(finding.statement!);
        mine.push(finding);
      }
    }
    let text = file.text;
    for (const { rewrite, statement } of mine.toReversed()) {
      const { start, end } = statement!.span;
      const isAlone = file.statements.length === 1 && rewrite!.alone !== undefined;
      const here = isAlone ? rewrite!.alone : rewrite!.here;
      if (here === undefined) text = without(text, start, end).text;
      else text = text.slice(0, start) + here + text.slice(end);
    }
    for (const { rewrite, statement } of mine) {
      if (file.statements.length === 1 && rewrite!.alone !== undefined) continue;
      const { name, up, down } = rewrite!.later;
      const { start, end } = statement!.span;
      const { comments } = rewrite!.here === undefined ? without(file.text, start, end) : { comments: [] };
      drafts.push({
        name,
        content: `-- migrate:up\n\n${[`${up};`, ...comments].join(" ")}\n\n-- migrate:down\n\n${down};\n`,
      });
    }
    if (mine.length > 0) edits.push({ file, text });
    fixed.push(...mine);
  }
  return { edits, drafts, fixed, left };
}

/** What is between a statement and its semicolon, and the comment behind that which ends the line. */
const REST =
  /^((?:\s|--.*\n|\/\*[^]*?\*\/)*);(?:[ \t]*((?:\/\*[^\r\n]*?\*\/[ \t]*)*(?:--[^\r\n]*)?)(?=\r?\n|$))?[ \t]*/;

/** A text without one of its statements, and the comments that go with that. */
function without(text: string, start: number, end: number): { readonly text: string; readonly comments: string[] } {
  const [rest = "", inside = "", behind = ""] = REST.exec(text.slice(end)) ?? [];
  const before = text.slice(0, start);
  const after = text.slice(end + rest.length);
  const comments = [inside.trim(), behind.trim()].filter((comment) => comment !== "");
  if (!/^(?:\r?\n|$)/.test(after)) return { text: before + after, comments };
  const trimmed = before.replace(/[ \t]+$/, "");
  const isWholeLine = trimmed === "" || trimmed.endsWith("\n");
  return { text: trimmed + (isWholeLine ? after.replace(/^\r?\n/, "") : after), comments };
}

/** Why a rewrite does not fit here. */
function obstacle(projectDir: string, file: LintFile, { rewrite, statement }: Finding): string | undefined {
  const { migration } = file;
  if (migration === undefined || migration.version === "" || migration.layout !== "confiture") {
    return "only migrations in this tool's own form are rewritten";
  }
  if (migration.form === "typescript") return "TypeScript is not rewritten";
  if (file.isOutline) return "the file is very large";
  if (file.problems.some(({ rule }) => rule !== "fails-on-rows" && rule !== "not-traced"))
    return "the file has to run before it is rewritten";
  if (statement?.transaction.kind !== "runner") return "the file has transactions of its own";
  if (rewrite!.uses === undefined || (file.statements.length === 1 && rewrite!.alone !== undefined)) return undefined;
  const uses = new RegExp(String.raw`(?<![\w$])${rewrite!.uses.replaceAll(/\W/g, String.raw`\$&`)}(?![\w$])`);
  const after = file.text.slice(statement.span.end);
  if (uses.test(after)) return `what comes after it in the file speaks of ${rewrite!.uses}`;
  const { downPath } = migration;
  if (downPath !== undefined && uses.test(readRegularFile(join(projectDir, downPath), downPath).toString())) {
    return `its way back speaks of ${rewrite!.uses}`;
  }
  return undefined;
}

function filesIn(projectDir: string, dir: string): string[] {
  return readdirSync(join(projectDir, dir), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(projectDir.length + 1)
        .replaceAll("\\", "/"),
    );
}

/** @throws ConfitureError `lint_fix_refused` where the rewritten files have findings that were not there */
function requireCleaner(before: readonly Finding[], after: readonly Finding[], { edits, fixed }: Plan): void {
  const keyOf = ({ rule, file }: Finding): string => `${rule} ${file.path}`;
  const placeOf = (finding: Finding): string => `${keyOf(finding)} ${finding.statement?.span.start}`;
  const gone = new Set(fixed.map(placeOf));
  const stays = before.filter((finding) => !gone.has(placeOf(finding)));
  const known = new Set(stays.map(keyOf));
  const edited = new Set(edits.map(({ file }) => file.path));
  // A statement that moves into a file of its own takes along what else there is to say of it.
  const moving = new Set(stays.flatMap(({ rule, file }) => (edited.has(file.path) ? [rule] : [])));
  const paths = new Set(before.map(({ file }) => file.path));
  const added = after.find(
    (finding) =>
      finding.severity !== "note" &&
      !known.has(keyOf(finding)) &&
      (paths.has(finding.file.path) || !moving.has(finding.rule)),
  );
  if (added === undefined) return;
  throw refused(`the rewritten ${added.file.path} would have a finding of ${added.rule}: ${added.message}`);
}

/** @throws ConfitureError `lint_fix_refused` */
async function requireSameCatalogue(files: ProjectFiles, copy: ProjectFiles): Promise<void> {
  const changes = compareCatalogues(
    await sourceCatalogue(files, { kind: "migrations" }),
    await sourceCatalogue(copy, { kind: "migrations" }),
  );
  const [first] = changes;
  if (first === undefined) return;
  throw refused(`the rewritten migrations would not make the same: ${first.kind} ${first.name} differs`);
}

function refused(why: string): ConfitureError {
  return new ConfitureError("lint_fix_refused", `Nothing was rewritten: ${why}`, {
    hint: "Rewrite it by hand; each finding says how.",
  });
}
