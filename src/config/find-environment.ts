import { readdirSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { ConfitureError } from "#errors/error.ts";
import { shellWord } from "#errors/shell.ts";
import { nearest } from "#errors/suggest.ts";
import { systemCode } from "#files/reason.ts";

/** The folder of the environment files, relative to the project. */
export const ENVIRONMENTS_DIR = "db/environments";
const EXTENSION = /\.ya?ml$/;

/** Where an environment was looked for. */
interface Searched {
  readonly projectDir: string;
  /** The working directory, which a path in a hint is relative to; the project's folder when undefined. */
  readonly cwd?: string | undefined;
  /** What the command line names it with: "--env" when undefined. */
  readonly environmentFrom?: string | undefined;
}

/**
 * The names of the environments that exist, sorted. None when there is no `db/environments`.
 * @throws ConfitureError `config_unreadable`
 */
export function listEnvironments(projectDir: string): string[] {
  let files: string[];
  try {
    files = readdirSync(join(projectDir, ENVIRONMENTS_DIR));
  } catch (cause) {
    const code = systemCode(cause);
    if (code === "ENOENT" || code === "ENOTDIR") return [];
    throw new ConfitureError("config_unreadable", `Cannot read ${ENVIRONMENTS_DIR}: ${code}`, {
      location: { file: ENVIRONMENTS_DIR },
    });
  }
  const names = files.filter((file) => EXTENSION.test(file)).map((file) => file.replace(EXTENSION, ""));
  return [...new Set(names.filter(isEnvironmentName))].toSorted();
}

/**
 * The file of an environment, relative to the project and with forward slashes, or undefined when there is none.
 * @throws ConfitureError `usage` for a name that is no plain name; `config_invalid` when both extensions exist
 */
export function findEnvironmentFile(projectDir: string, name: string): string | undefined {
  requireEnvironmentName(name);
  const candidates = [`${ENVIRONMENTS_DIR}/${name}.yaml`, `${ENVIRONMENTS_DIR}/${name}.yml`];
  const found: string[] = [];
  for (const file of candidates) if (exists(projectDir, file)) found.push(file);
  if (found.length > 1) {
    throw new ConfitureError(
      "config_invalid",
      `There are two files for the environment "${name}": ${found.join(" and ")}`,
      {
        location: { file: found[1]! },
        hint: "Remove one of them.",
      },
    );
  }
  return found[0];
}

/** How to get to the nearest folder above that has environments: "With -C .. it works on the project in /work/shop". */
export function projectAbove({ projectDir, cwd = projectDir }: Searched): string | undefined {
  let dir = projectDir;
  for (let above = dirname(dir); above !== dir; above = dirname(dir)) {
    dir = above;
    if (!exists(dir, ENVIRONMENTS_DIR)) continue;
    return `With -C ${shellWord(relative(cwd, dir) || ".")} it works on the project in ${dir}`;
  }
  return undefined;
}

/** Whether a folder has the beginnings of a project of its own. */
export function hasOwnFiles(projectDir: string): boolean {
  return exists(projectDir, dirname(ENVIRONMENTS_DIR));
}

/**
 * The error for an environment without a file: what exists instead, and how to make one.
 * With another option than `--env`, no database can be given in its place.
 */
export function environmentNotFound(searched: Searched, name: string): ConfitureError {
  const { projectDir, environmentFrom: option = "--env" } = searched;
  const file = `${ENVIRONMENTS_DIR}/${name}.yaml`;
  const names = listEnvironments(projectDir);
  const suggestion = nearest(name.replace(EXTENSION, ""), names);
  const hints: string[] = [];
  if (suggestion !== undefined) hints.push(`Did you mean "${suggestion}"?`);
  const above = names.length > 0 ? undefined : projectAbove(searched);
  if (above !== undefined) hints.push(`${above}.`);
  if (names.length > 0) hints.push(`Environments that exist: ${names.join(", ")}. Choose one with ${option} NAME.`);
  if (names.length > 0) hints.push(`Or write ${file}.`);
  else if (option === "--env") {
    const here = above === undefined ? "" : "For another project here: ";
    hints.push(`${here}${here === "" ? "Run" : "run"} \`confiture init\` to make one, or give --database-url.`);
  } else hints.push(`To make it for a database: confiture init --from postgres://USER@HOST/DATABASE --env ${name}`);
  return new ConfitureError("config_not_found", `There is no environment file ${file}`, {
    location: { file },
    hint: hints.join("\n"),
    data: { environment: name, environments: names },
  });
}

/** @throws ConfitureError `usage` for a name that is no plain name */
export function requireEnvironmentName(name: string): string {
  if (isEnvironmentName(name)) return name;
  throw new ConfitureError("usage", `"${name}" is not the name of an environment`, {
    hint: `A name is letters, digits, "-", "_" and "."; its file is ${ENVIRONMENTS_DIR}/NAME.yaml.`,
  });
}

function isEnvironmentName(name: string): boolean {
  return /^[\p{L}\p{N}_][\p{L}\p{N}_.-]*$/u.test(name) && !name.includes("..");
}

/** @throws ConfitureError when it cannot be told, which must not read as "there is none" */
function exists(projectDir: string, file: string): boolean {
  try {
    statSync(join(projectDir, file));
    return true;
  } catch (cause) {
    const code = systemCode(cause);
    if (code === "ENOENT" || code === "ENOTDIR") return false;
    throw new ConfitureError("config_unreadable", `Cannot read ${file}: ${code}`, { location: { file } });
  }
}
