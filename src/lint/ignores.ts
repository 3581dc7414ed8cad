import type { Comment, LintFile, LintStatement } from "./file.ts";
import type { Finding } from "./finding.ts";
import { isRule, rulesNamed, suggestRule } from "./names.ts";
import type { Severity } from "./severity.ts";

/** A comment that says that a finding is no matter. */
interface Ignore {
  readonly comment: Comment;
  /** The statements that it is about; undefined for the whole file. */
  readonly statements: ReadonlySet<LintStatement> | undefined;
  readonly names: readonly string[];
  readonly reason: string;
}

const COMMENT = /^(?:--|\/\*|\/\/)\s*confiture:ignore(-file)?\b[ \t]*(.*?)\s*(?:\*\/)?$/s;

/** Whether a line of a file says, with a reason, that what a rule finds in the file is no matter. */
export function ignoresInFile(text: string, rule: string): boolean {
  return text.split(/\r?\n/).some((line) => {
    const [, whole, rest = ""] = COMMENT.exec(line.trimStart()) ?? [];
    const { names, reason } = readRest(rest);
    return whole !== undefined && reason !== "" && names.some((name) => rulesNamed(name).includes(rule));
  });
}

function readRest(rest: string): Pick<Ignore, "names" | "reason"> {
  const [, names = "", reason = ""] = /^([\w-]+(?:\s*,\s*[\w-]+)*)?\s*(.*)$/s.exec(rest) ?? [];
  return { names: names === "" ? [] : names.split(/\s*,\s*/), reason };
}

/** Comments of a file that ignore findings. A loop in TypeScript may send the same one many times. */
function ignoresOf(file: LintFile): Ignore[] {
  const ignores = new Map<string, Ignore>();
  for (const comment of file.comments) {
    const match = COMMENT.exec(comment.text);
    if (match === null) continue;
    const [, whole, rest = ""] = match;
    const { names, reason } = readRest(rest);
    const { text, location } = comment;
    const key = JSON.stringify([text, location.file, location.line, location.column]);
    const before = ignores.get(key)?.statements ?? [];
    const statements = whole === undefined ? new Set([...before, ...comment.about(file)]) : undefined;
    ignores.set(key, { comment, statements, names, reason });
  }
  return [...ignores.values()];
}

/** What only shows beside a commit: a comment about it stays right where none is named, and after the merge. */
const OF_A_COMMIT: ReadonlySet<string> = new Set(["edited-migration", "out-of-order"]);

export interface Ignored {
  /** Those that are left, and what is wrong with the comments. */
  readonly findings: readonly Omit<Finding, "fingerprint">[];
  readonly ignored: readonly Omit<Finding, "fingerprint">[];
}

export interface IgnoreOptions {
  /** What a rule is set to; undefined for one that is off. */
  readonly severityOf: (rule: string) => Severity | undefined;
  /** Whether all was there that a rule asks for: it may find something in the statement otherwise. */
  readonly couldJudge: (rule: string, statement: LintStatement) => boolean;
}

/**
 * Leaves out what comments say is no matter. A comment that names no rule, gives no reason, or ignores nothing is a finding
 * itself.
 */
export function applyIgnores(
  files: readonly LintFile[],
  findings: readonly Omit<Finding, "fingerprint">[],
  { severityOf, couldJudge }: IgnoreOptions,
): Ignored {
  const added: Omit<Finding, "fingerprint">[] = [];
  const gone = new Set<Omit<Finding, "fingerprint">>();
  for (const file of files) {
    const own = findings.filter((finding) => finding.file === file);
    for (const ignore of ignoresOf(file)) {
      const { comment, statements } = ignore;
      const say = (rule: string, message: string, fix?: string): void => {
        const severity = severityOf(rule);
        if (severity === undefined) return;
        const { location } = comment;
        const [statement] = statements ?? [];
        added.push({ rule, severity, message, fix, rewrite: undefined, how: "text", location, statement, file });
      };
      if (ignore.names.length === 0 || ignore.reason === "") {
        say(
          "ignore-without-reason",
          ignore.names.length === 0 ? "This comment names no rule" : "This comment gives no reason, and has no effect",
          `${comment.text.startsWith("//") ? "//" : "--"} confiture:ignore ${ignore.names.join(", ") || "RULE"} REASON`,
        );
        continue;
      }
      // What did not run may be what the comment is about.
      const isSeen = !file.hasMore || (statements !== undefined && (statements.size > 0 || comment.isAstray));
      const judged = [...(statements ?? file.statements)];
      for (const name of ignore.names) {
        const rules = rulesNamed(name);
        if (rules.length === 0) {
          const near = suggestRule(name);
          say("ignore-unknown", `There is no rule ${name}`, near === undefined ? undefined : `Did you mean ${near}?`);
          continue;
        }
        const hit = own.filter(
          ({ rule, statement }) =>
            rules.includes(rule) &&
            (statements === undefined || (statement !== undefined && statements.has(statement))),
        );
        for (const finding of hit) gone.add(finding);
        // A rule that is off finds nothing anywhere.
        const active = rules.filter((rule) => isRule(rule) && severityOf(rule) !== undefined);
        const isJudged = isSeen && active.every((rule) => judged.every((statement) => couldJudge(rule, statement)));
        if (hit.length === 0 && isJudged && active.length > 0 && !rules.every((rule) => OF_A_COMMIT.has(rule))) {
          const where = statements === undefined ? "in this file" : "in the statement that it is about";
          say(
            "ignore-unused",
            `${name} finds nothing ${where}`,
            comment.isAstray
              ? `Write it above the call that the statement's text stands in, or into that text; or delete it`
              : "Delete the comment",
          );
        }
      }
    }
  }
  return { findings: [...findings.filter((finding) => !gone.has(finding)), ...added], ignored: [...gone] };
}
