import type { LintFile, LintStatement } from "./file.ts";
import type { Finding } from "./finding.ts";
import { isRule, rulesNamed, suggestRule } from "./names.ts";
import type { Severity } from "./severity.ts";

/** A comment that says that a finding is no matter. */
interface Ignore {
  /** UTF-16 offset of the comment. */
  readonly start: number;
  /** The statement that it is about; undefined for the whole file. */
  readonly statement: LintStatement | undefined;
  readonly names: readonly string[];
  readonly reason: string;
}

const COMMENT = /^(?:--|\/\*)\s*confiture:ignore(-file)?\b[ \t]*(.*?)\s*(?:\*\/)?$/s;

/** Whether a line of a SQL file says, with a reason, that what a rule finds in the file is no matter. */
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

/** Comments of a file that ignore findings; one for a statement is about the one that it stands in, behind on its line, or before. */
function ignoresOf({ text, comments, statements }: LintFile): Ignore[] {
  return comments.flatMap(({ start, end }): Ignore[] => {
    const match = COMMENT.exec(text.slice(start, end));
    if (match === null) return [];
    const [, whole, rest = ""] = match;
    const { names, reason } = readRest(rest);
    const statement = whole === undefined ? aboutWhich(text, start, statements) : undefined;
    if (whole === undefined && statement === undefined && names.length > 0) {
      return [{ start, statement: NOWHERE, names, reason }];
    }
    return [{ start, statement, names, reason }];
  });
}

/** The statement that a comment stands in, ends the line of, or stands before. */
function aboutWhich(text: string, start: number, statements: readonly LintStatement[]): LintStatement | undefined {
  const next = statements.find(({ span }) => span.end > start);
  if (next !== undefined && next.span.start < start) return next;
  const last = statements.findLast(({ span }) => span.end <= start);
  const isBehind = last !== undefined && /^[ \t]*;?[ \t]*$/.test(text.slice(last.span.end, start));
  return isBehind ? last : next;
}

/** Of a comment behind the last statement. */
const NOWHERE: LintStatement = {
  span: { start: -1, end: -1 },
  text: "",
  words: [],
  node: undefined,
  transaction: { kind: "none", statements: [] },
};

/** What only shows beside a commit: a comment about it stays right where none is named, and after the merge. */
const OF_A_COMMIT: ReadonlySet<string> = new Set(["edited-migration", "out-of-order"]);

export interface Ignored {
  /** Those that are left, and what is wrong with the comments. */
  readonly findings: readonly Omit<Finding, "fingerprint">[];
  readonly ignored: number;
}

/**
 * Leaves out what comments say is no matter. A comment that names no rule, gives no reason, or ignores nothing is a finding
 * itself.
 * @param severityOf what a rule is set to; undefined for one that is off
 */
export function applyIgnores(
  files: readonly LintFile[],
  findings: readonly Omit<Finding, "fingerprint">[],
  severityOf: (rule: string) => Severity | undefined,
): Ignored {
  const added: Omit<Finding, "fingerprint">[] = [];
  const gone = new Set<object>();
  for (const file of files) {
    const own = findings.filter((finding) => finding.file === file);
    for (const ignore of ignoresOf(file)) {
      const say = (rule: string, message: string, fix?: string): void => {
        const severity = severityOf(rule);
        if (severity === undefined) return;
        const { statement, start } = ignore;
        const of = statement === NOWHERE ? undefined : statement;
        added.push({
          rule,
          severity,
          message,
          fix,
          rewrite: undefined,
          how: "text",
          location: file.locate(start),
          statement: of,
          file,
        });
      };
      if (ignore.names.length === 0 || ignore.reason === "") {
        say(
          "ignore-without-reason",
          ignore.names.length === 0 ? "This comment names no rule" : "This comment gives no reason, and has no effect",
          `-- confiture:ignore ${ignore.names.join(", ") || "RULE"} REASON`,
        );
        continue;
      }
      for (const name of ignore.names) {
        const rules = rulesNamed(name);
        if (rules.length === 0) {
          const near = suggestRule(name);
          say("ignore-unknown", `There is no rule ${name}`, near === undefined ? undefined : `Did you mean ${near}?`);
          continue;
        }
        const hit = own.filter(
          (finding) =>
            rules.includes(finding.rule) && (ignore.statement === undefined || finding.statement === ignore.statement),
        );
        for (const finding of hit) gone.add(finding);
        // A rule that is off finds nothing anywhere.
        const isActive = rules.some((rule) => isRule(rule) && severityOf(rule) !== undefined);
        if (hit.length === 0 && isActive && !rules.every((rule) => OF_A_COMMIT.has(rule))) {
          const where = ignore.statement === undefined ? "in this file" : "in the statement that it is about";
          say("ignore-unused", `${name} finds nothing ${where}`, "Delete the comment");
        }
      }
    }
  }
  return { findings: [...findings.filter((finding) => !gone.has(finding)), ...added], ignored: gone.size };
}
