/** See scripts/lint-comparison. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

const ROOT = join(import.meta.dir, "..");

/** Other tools are asked for by version, so that the page says what it says tomorrow as well. */
const SQUAWK = process.env["SQUAWK"] ?? "squawk-cli@2.66.0";
const PGFENCE = process.env["PGFENCE"] ?? "@flvmnt/pgfence@0.1.5";

/** The hazards of the bench that a rule of ours names. */
const HAZARDS: Readonly<Record<string, readonly string[]>> = {
  "index-blocks-writes": ["non-concurrent-index"],
  "no-lock-timeout": ["missing-lock-timeout"],
  "not-null-scans": ["set-not-null-scan"],
  "check-validates-under-lock": ["check-constraint-scan"],
  "default-rewrites": ["volatile-default-rewrite"],
  "serial-rewrites": ["volatile-default-rewrite"],
  "generated-rewrites": ["stored-generated-rewrite"],
  "type-change-rewrites": ["column-type-rewrite"],
  "fk-validates-under-lock": ["fk-without-not-valid"],
  "unique-builds-under-lock": ["unique-constraint-scan"],
  "enum-value-used-at-once": ["enum-add-value-in-transaction"],
  "concurrently-in-transaction": ["concurrently-in-transaction"],
  "invalid-index-hidden": ["invalid-index-retry"],
  "drop-column": ["drop-column"],
  "drop-table": ["drop-table-cascade"],
  "drop-cascades": ["drop-table-cascade", "truncate-cascade"],
  truncate: ["truncate-cascade"],
  "rename-column": ["rename-column-breakage"],
  "rename-table": ["rename-table-breakage"],
  "backfill-with-ddl": ["ddl-plus-backfill-same-txn"],
  "replica-identity-lost": ["replication-identity-break"],
  "trigger-locks": ["disable-trigger-all"],
  "foreign-keys-off": ["disable-trigger-all"],
  "update-all": ["unbatched-backfill"],
  "detach-blocks": ["partition-detach"],
  "attach-scans": ["partition-attach"],
  "many-tables-locked": ["multi-table-ddl-transaction"],
  "vacuum-full": ["access-exclusive-maintenance"],
};

/** What the bench calls hygiene and advice, and does not count as an alarm; notes are not counted anyway. */
const NO_ALARM = /^(?:timeout-kills-concurrently|not-traced)$/;

interface Case {
  readonly id: string;
  readonly file: string;
  readonly name: string;
  readonly verdict: "dangerous" | "safe" | "context-dependent";
  readonly hazards: readonly string[];
  readonly postgres: number;
  readonly text: string;
}

/** What a tool says of a file: hazards that it names, and whether anything that it says is an alarm. */
interface Verdict {
  readonly names: ReadonlySet<string>;
  readonly alarms: readonly string[];
  /** Warnings that are not counted as alarms. */
  readonly advice?: readonly string[];
  readonly unreadable: boolean;
}

interface Tool {
  readonly name: string;
  readonly version: string;
  readonly of: (id: string) => Verdict;
}

interface RuleMap {
  readonly tools: Readonly<
    Record<
      string,
      { readonly rules: Readonly<Record<string, { readonly bucket: string; readonly hazards?: string[] }>> }
    >
  >;
}

interface Raw {
  readonly status: string;
  readonly findings: readonly { readonly rule: string }[];
}

const HEADER = /^\s*\/\*\s*---\r?\n([\s\S]*?)\r?\n---\s*\*\/\r?\n?/;

function readCases(bench: string): Case[] {
  const files = [...new Bun.Glob("corpus/**/*.sql").scanSync({ cwd: bench })].toSorted();
  return files.map((file) => {
    const whole = readFileSync(join(bench, file), "utf8");
    const header = HEADER.exec(whole)?.[1] ?? "";
    const value = (key: string): string =>
      new RegExp(`^${key}:\\s*(.*)$`, "m")
        .exec(header)?.[1]
        ?.trim()
        .replaceAll(/^["']|["']$/g, "") ?? "";
    return {
      id: value("id"),
      file,
      name: basename(file, ".sql"),
      verdict: value("verdict") as Case["verdict"],
      hazards: value("hazards")
        .replaceAll(/[[\]]/g, "")
        .split(",")
        .map((hazard) => hazard.trim())
        .filter(Boolean),
      postgres: Number(value("pg_version") || "17"),
      text: whole.replace(HEADER, ""),
    };
  });
}

/** @param mayFail whether it may print nothing, which is then returned */
function run(command: string, args: readonly string[], cwd: string, mayFail = false): string {
  const { stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: "utf8", maxBuffer: 2 ** 26 });
  if (error !== undefined) throw error;
  if (stdout.trim() === "" && mayFail) return "";
  if (stdout.trim() === "") throw new Error(`${command} ${args.join(" ")} printed nothing: ${stderr}`);
  return stdout.slice(Math.max(0, stdout.search(/[[{]/)));
}

function byVersion(cases: readonly Case[]): Map<number, Case[]> {
  return Map.groupBy(cases, ({ postgres }) => postgres);
}

function confiture(cases: readonly Case[], dir: string): Tool {
  const found = new Map<string, string[]>();
  for (const { id, postgres, text } of cases) {
    const stats = { format: "confiture-stats", version: 1, taken: "2026-01-01T00:00:00.000Z", postgres, relations: [] };
    writeFileSync(join(dir, "stats.json"), JSON.stringify(stats));
    // By themselves: tables of the same name are not the same in all of them.
    writeFileSync(join(dir, "one.sql"), text);
    const args = [join(ROOT, "src/main.ts"), "lint", "--stats", "stats.json", "--format", "json", "one.sql"];
    const { findings } = JSON.parse(run(process.execPath, args, dir)) as {
      findings: { rule: string; severity: string }[];
    };
    found.set(
      id,
      findings.filter(({ severity }) => severity !== "note").map(({ rule }) => rule),
    );
  }
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { version: string };
  return {
    name: "confiture",
    version,
    of(id) {
      const rules = found.get(id) ?? [];
      return {
        names: new Set(rules.flatMap((rule) => HAZARDS[rule] ?? [])),
        alarms: rules.filter((rule) => !NO_ALARM.test(rule)),
        advice: rules.filter((rule) => NO_ALARM.test(rule)),
        unreadable: rules.includes("syntax-error"),
      };
    },
  };
}

/** By the bench's own table of what rules of other tools name. */
function other(name: string, version: string, key: string, map: RuleMap, raw: ReadonlyMap<string, Raw>): Tool {
  return {
    name,
    version,
    of(id) {
      const { status = "", findings = [] } = raw.get(id) ?? {};
      const rules = findings.map(({ rule }) => ({ rule, ...(map.tools[key]?.rules[rule] ?? { bucket: "hazard" }) }));
      return {
        names: new Set(rules.flatMap(({ hazards = [] }) => hazards)),
        alarms: rules.filter(({ bucket }) => bucket === "hazard").map(({ rule }) => rule),
        unreadable: status === "unanalyzable",
      };
    },
  };
}

function squawk(cases: readonly Case[], dir: string): ReadonlyMap<string, Raw> {
  const raw = new Map<string, Raw>();
  for (const [postgres, own] of byVersion(cases)) {
    const paths = own.map(({ name }) => `${name}.sql`);
    const args = ["--yes", SQUAWK, "--reporter", "json", "--pg-version", `${postgres}.0`, ...paths];
    const found = JSON.parse(run("npx", args, dir)) as { file: string; rule_name: string }[];
    for (const { id, name } of own) {
      const findings = found
        .filter(({ file }) => basename(file, ".sql") === name)
        .map((one) => ({ rule: one.rule_name }));
      const isUnread = findings.some(({ rule }) => rule === "syntax-error");
      raw.set(id, { status: isUnread ? "unanalyzable" : "ok", findings });
    }
  }
  return raw;
}

interface PgfenceResult {
  readonly filePath: string;
  readonly checks?: readonly { readonly ruleId?: string; readonly risk: string }[];
  readonly policyViolations?: readonly { readonly ruleId: string }[];
  readonly extractionWarnings?: readonly { readonly unanalyzable?: boolean }[];
}

function pgfence(cases: readonly Case[], dir: string): ReadonlyMap<string, Raw> {
  const raw = new Map<string, Raw>();
  for (const [postgres, own] of byVersion(cases)) {
    const args = ["--yes", PGFENCE, "analyze", "--output", "json", "--format", "sql"];
    const results = own.flatMap(({ name }) => {
      // One file at a time: one that it cannot read keeps it from all others.
      const text = run("npx", [...args, "--min-pg-version", String(postgres), `${name}.sql`], dir, true);
      return text === "" ? [] : (JSON.parse(text) as { results: readonly PgfenceResult[] }).results;
    });
    for (const { id, name } of own) {
      const result = results.find(({ filePath }) => basename(filePath, ".sql") === name);
      raw.set(id, {
        status:
          result === undefined || (result.extractionWarnings ?? []).some(({ unanalyzable }) => unanalyzable === true)
            ? "unanalyzable"
            : "ok",
        findings: [
          ...(result?.checks ?? []).map(({ ruleId, risk }) => ({ rule: ruleId ?? `risk:${risk}` })),
          ...(result?.policyViolations ?? []).map(({ ruleId }) => ({ rule: ruleId })),
        ],
      });
    }
  }
  return raw;
}

/** migrationpilot cannot be had from a registry; its authors publish what it says. */
function published(
  bench: string,
  cases: readonly Case[],
): { readonly version: string; readonly raw: ReadonlyMap<string, Raw> } {
  const results = JSON.parse(readFileSync(join(bench, "results.json"), "utf8")) as {
    versions: { migrationpilot: string };
    tools: { mp: { rawFindings: Readonly<Record<string, Raw>> } };
  };
  const raw = new Map(
    cases.flatMap(({ id, file }): [string, Raw][] => {
      const one = results.tools.mp.rawFindings[`bench/${file}`];
      return one === undefined ? [] : [[id, one]];
    }),
  );
  return { version: results.versions.migrationpilot, raw };
}

function cell({ verdict, hazards }: Case, { names, alarms, unreadable }: Verdict): string {
  if (unreadable) return "cannot read it";
  if (verdict !== "dangerous") return alarms.length === 0 ? "quiet" : `**alarm**: ${[...new Set(alarms)].join(", ")}`;
  if (names.has(hazards[0] ?? "")) return "found";
  return alarms.length === 0 ? "**missed**" : "**missed**, alarms for something else";
}

function render(cases: readonly Case[], tools: readonly Tool[], commit: string): string {
  const of = (verdict: Case["verdict"]): Case[] => cases.filter((one) => one.verdict === verdict);
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const count = (verdict: Case["verdict"], what: (text: string) => boolean): string[] =>
    tools.map((tool) => String(of(verdict).filter((one) => what(cell(one, tool.of(one.id)))).length));
  const table = (verdict: Case["verdict"]): string[] => [
    line(["file", ...(verdict === "dangerous" ? ["what is wrong"] : []), ...tools.map(({ name }) => name)]),
    line(["---", ...(verdict === "dangerous" ? ["---"] : []), ...tools.map(() => "---")]),
    ...of(verdict).map((one) =>
      line([
        one.name,
        ...(verdict === "dangerous" ? [one.hazards[0] ?? ""] : []),
        ...tools.map((tool) => cell(one, tool.of(one.id))),
      ]),
    ),
    "",
  ];
  return [
    "# Comparison with other linters",
    "",
    "<!-- Written by scripts/lint-comparison. -->",
    "",
    "The files are those of [migrationpilot's public bench](https://github.com/mickelsamuel/migrationpilot/tree/main/bench)",
    `(commit ${commit.slice(0, 12)}): ${of("dangerous").length} that do harm, ${of("safe").length} that do none, and ${of("context-dependent").length} where it depends on the tables. Which file is which, its authors`,
    "decided. `scripts/lint-comparison` runs the tools on a clone of it and writes this page.",
    "",
    line(["", ...tools.map(({ name, version }) => `${name} ${version}`)]),
    line(["---", ...tools.map(() => "---")]),
    line([`harm found, of ${of("dangerous").length}`, ...count("dangerous", (text) => text === "found")]),
    line(["harm missed", ...count("dangerous", (text) => text.startsWith("**missed"))]),
    line([`false alarms, of ${of("safe").length}`, ...count("safe", (text) => text.startsWith("**alarm"))]),
    line([
      "files that could not be read",
      ...tools.map((tool) => String(cases.filter(({ id }) => tool.of(id).unreadable).length)),
    ]),
    "",
    "- A file counts as found when a tool names what its authors say is wrong with it in the first place, and as missed otherwise. Errors and",
    "  warnings count, notes do not. Which rules of the other tools name what, and which are alarms, is the bench's own table.",
    ...hygiene(of("safe"), tools),
    "- migrationpilot is in no package registry; its column is what its authors publish in the bench. eugene, too, is in none that the",
    "  script can use, and is not in the bench.",
    "- confiture sees each file by itself here, without a project and its other migrations, so it goes by the text alone, and judges",
    "  the file as `psql -f` runs it: every statement commits by itself, or with what `BEGIN` and `COMMIT` enclose. In a project",
    "  `confiture migrate up` runs a file in one transaction and with a `lock_timeout`, so lint says other things of some of them there.",
    "",
    "## Files that do harm",
    "",
    ...table("dangerous"),
    "## Files that do none",
    "",
    ...table("safe"),
    "## Files where it depends",
    "",
    "What is right here depends on how large a table is, and on whether anybody uses it. Nothing is counted.",
    "",
    ...table("context-dependent"),
  ].join("\n");
}

/** Warnings about harmless files that count as hygiene, named all the same. */
function hygiene(safe: readonly Case[], tools: readonly Tool[]): string[] {
  return tools.flatMap((tool) => {
    const found = safe.filter(({ id }) => (tool.of(id).advice ?? []).length > 0);
    const rules = [...new Set(found.flatMap(({ id }) => tool.of(id).advice ?? []))];
    return found.length === 0
      ? []
      : [
          `- What the bench calls hygiene counts neither way. For ${tool.name} that is ${rules.join(", ")}, a warning in ${new Intl.ListFormat("en").format(found.map(({ id }) => id))}: a`,
          "  `lock_timeout` that ends `CONCURRENTLY` half way leaves an invalid index.",
        ];
  });
}

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error("scripts/lint-comparison FOLDER, a clone of mickelsamuel/migrationpilot");
const bench = join(folder, "bench");
const cases = readCases(bench);
const dir = mkdtempSync(join(tmpdir(), "lint-comparison-"));
try {
  mkdirSync(join(dir, "db/migrations"), { recursive: true });
  for (const { name, text } of cases) writeFileSync(join(dir, `${name}.sql`), text);
  const map = JSON.parse(readFileSync(join(bench, "rule-map.json"), "utf8")) as RuleMap;
  const { version, raw } = published(bench, cases);
  const tools = [
    confiture(cases, dir),
    other("squawk", SQUAWK.split("@").at(-1)!, "squawk", map, squawk(cases, dir)),
    other("pgfence", PGFENCE.split("@").at(-1)!, "pgfence", map, pgfence(cases, dir)),
    other("migrationpilot", version, "mp", map, raw),
  ];
  const commit =
    process.env["COMMIT"] ?? spawnSync("git", ["-C", folder, "rev-parse", "HEAD"], { encoding: "utf8" }).stdout.trim();
  writeFileSync(join(ROOT, "docs/lint/comparison.md"), render(cases, tools, commit));
} finally {
  rmSync(dir, { recursive: true, force: true });
}
