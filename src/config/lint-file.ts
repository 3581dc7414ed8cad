import { existsSync } from "node:fs";
import { join } from "node:path";
import { ConfitureError, type Location } from "#errors/error.ts";
import { TreeReader, present } from "./read-tree.ts";
import { readDotenv } from "./dotenv.ts";
import { oneOf, type Setting } from "./setting.ts";
import { SourceText } from "./source-text.ts";
import { readTextFile } from "./text-file.ts";
import { Variables } from "./variables.ts";
import { type MapNode, parseYaml } from "#files/yaml-tree.ts";

/** Where settings of lint are, relative to the project. */
export const LINT_FILE = "db/lint.yaml";

const KEYS = ["rules", "fail_on", "exclude", "environments"] as const;
const ENVIRONMENT_KEYS = ["rules", "fail_on"] as const;
const LEVELS = ["error", "warning", "note", "off"] as const;
const LIMITS = ["error", "warning", "note", "never"] as const;

const MAX_FILE_BYTES = 64 * 1024;

/** What the project says about lint. */
export interface LintSettings {
  /** By name of rule, as written: an id, or what another tool calls it. */
  readonly rules: ReadonlyMap<string, (typeof LEVELS)[number]>;
  readonly failOn: (typeof LIMITS)[number] | undefined;
  /** Where `failOn` is said for this environment alone, and what holds for the others. */
  readonly ownLimit: { readonly origin: string; readonly others: (typeof LIMITS)[number] | undefined } | undefined;
  /** Globs of files that are not linted. */
  readonly exclude: readonly string[];
}

export interface LintFileOptions {
  readonly projectDir: string;
  /** Whose section counts besides what is said for all. */
  readonly environment: string;
  /** The process environment, for variables in values. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Every name that a rule may be given by. */
  readonly ruleNames: readonly string[];
  /** Every name that an environment may be given by. */
  readonly environments: readonly string[];
}

/**
 * Reads db/lint.yaml; a project without one says nothing.
 * @throws ConfitureError `config_unknown_key`, `config_invalid`, `config_syntax` or `config_unset_variable`, with the line
 */
export async function readLintFile(options: LintFileOptions): Promise<LintSettings> {
  const { projectDir, ruleNames, environment } = options;
  await refuseOtherEnding(projectDir);
  const text = readTextFile(join(projectDir, LINT_FILE), LINT_FILE, MAX_FILE_BYTES);
  if (text === undefined) return { rules: new Map(), failOn: undefined, ownLimit: undefined, exclude: [] };
  const source = new SourceText(LINT_FILE, text, false);
  const reader = new TreeReader(source, new Variables(options.env, readDotenv(projectDir)));
  const root = await parseYaml(source, ["rules:", "  trigger-locks: off"]);
  reader.checkNames(root, KEYS, "key");
  const sections = reader.map(root, "environments");
  if (sections !== undefined) reader.checkNames(sections, options.environments, "environment");
  // Those of other environments are checked as well: a slip is to be seen before that one is used.
  const all = new Map(
    [...(sections?.entries.keys() ?? [])].map((name) => {
      const section = reader.map(sections!, name);
      if (section !== undefined) reader.checkNames(section, ENVIRONMENT_KEYS, "key");
      return [name, readSection(reader, section, ruleNames)] as const;
    }),
  );
  const common = readSection(reader, root, ruleNames);
  const own = all.get(environment);
  return {
    rules: new Map([...common.rules, ...(own?.rules ?? [])]),
    failOn: (own?.failOn ?? common.failOn)?.value,
    ownLimit: own?.failOn && { origin: own.failOn.origin, others: common.failOn?.value },
    exclude: readGlobs(reader, root, projectDir),
  };
}

function readSection(
  reader: TreeReader,
  section: MapNode | undefined,
  ruleNames: readonly string[],
): Pick<LintSettings, "rules"> & { readonly failOn: Setting<(typeof LIMITS)[number]> | undefined } {
  if (section === undefined) return { rules: new Map(), failOn: undefined };
  const rules = new Map<string, (typeof LEVELS)[number]>();
  const map = reader.map(section, "rules");
  if (map !== undefined) reader.checkNames(map, ruleNames, "rule");
  for (const name of map?.entries.keys() ?? []) {
    const setting = reader.text(map!, name);
    if (setting !== undefined) rules.set(name, oneOf(setting, LEVELS));
  }
  const limit = present(section, "fail_on") === undefined ? undefined : reader.text(section, "fail_on");
  return { rules, failOn: limit && { value: oneOf(limit, LIMITS), origin: limit.origin } };
}

/** Globs of paths in the project. One that can match no file is a slip: its files would be linted without a word. */
function readGlobs(reader: TreeReader, root: MapNode, projectDir: string): string[] {
  const items = reader.list(root, "exclude")?.items ?? [];
  return items.map((item) => {
    const glob = reader.requiredText(item, "exclude");
    const problem = whyNoGlob(glob) ?? whyNothing(glob, projectDir);
    if (problem === undefined) return glob;
    const hint = "Paths are written as from the project's folder: db/migrations/0001_*, db/**/*.sql.";
    throw reader.fail(item.offset, `An item of "exclude" ${problem}`, hint);
  });
}

/** By the folder that stands before anything that may vary. A file may be gone: that is said of it as well (edited-migration). */
function whyNothing(glob: string, projectDir: string): string | undefined {
  const fixed = /^[^*?[{\\!]*/.exec(glob)?.[0] ?? "";
  const path = fixed.slice(0, fixed.lastIndexOf("/") + 1);
  return path === "" || existsSync(join(projectDir, path)) ? undefined : `names ${path}, which is not there`;
}

function whyNoGlob(glob: string): string | undefined {
  if (/^(?:\/|\.\.?\/|[A-Za-z]:)/.test(glob)) return "is no path inside the project";
  const plain = glob.replaceAll(/\\./g, "");
  const withoutSets = plain.replaceAll(/\[[!^]?\]?[^\]]*\]/g, "");
  if (withoutSets.includes("[")) return "has a [ without its ]";
  let depth = 0;
  for (const character of withoutSets) {
    if (character === "{") depth++;
    else if (character === "}") depth--;
    if (depth < 0) return "has a } without its {";
  }
  return depth > 0 ? "has a { without its }" : undefined;
}

/** One that nobody would read is worse than none. */
async function refuseOtherEnding(projectDir: string): Promise<void> {
  const other = LINT_FILE.replace(/yaml$/, "yml");
  if (!(await Bun.file(join(projectDir, other)).exists())) return;
  const location: Location = { file: other };
  throw new ConfitureError("config_invalid", `${other} is not read: the file is ${LINT_FILE}`, {
    location,
    hint: "Rename it.",
  });
}
