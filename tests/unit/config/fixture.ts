import { mkdir } from "node:fs/promises";
import type { ServerTarget } from "#database/target.ts";
import type { Config } from "#config/config.ts";
import { loadConfig, type LoadOptions } from "#config/load.ts";
import { ConfitureError } from "#errors/error.ts";
import { temporaryProject } from "../../support/project.ts";

export type Files = Readonly<Record<string, string | Uint8Array>>;
export type Options = Partial<Omit<LoadOptions, "projectDir">>;

export const LOCAL = "db/environments/local.yaml";

/** Loads a project made of `files`. The home folder is "home" inside it; the user is "alice". */
export async function load(files: Files, options: Options = {}): Promise<Config> {
  await using project = await temporaryProject(files);
  await mkdir(project.path("home"), { recursive: true });
  return await loadConfig({
    projectDir: project.dir,
    env: {},
    homeDirectory: project.path("home"),
    userName: "alice",
    ...options,
  });
}

/** Loads a project whose `local` environment is `yaml`. */
export function loadYaml(yaml: string | Uint8Array, options: Options = {}): Promise<Config> {
  return load({ [LOCAL]: yaml }, options);
}

/** The error of a load that has to fail. */
export async function failure(loading: Promise<unknown>): Promise<ConfitureError> {
  try {
    await loading;
  } catch (error) {
    if (error instanceof ConfitureError) return error;
    throw error;
  }
  throw new Error("Expected an error, but the configuration loaded");
}

export function server(config: Config): ServerTarget {
  if (config.target.engine !== "server") throw new Error("Expected a server");
  return config.target;
}

/** Everything of an error that a reporter could print. */
export function printed(error: ConfitureError): string {
  const { message, hint, location, data, cause, stack } = error;
  return [message, hint, JSON.stringify(location), JSON.stringify(data), String(cause), stack].join("\n");
}
