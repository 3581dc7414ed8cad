import { join } from "node:path";
import type { ServerTarget, Target } from "#database/target.ts";
import { ConfitureError } from "#errors/error.ts";
import type { LimitsConfig } from "./config.ts";
import { findEnvironmentFile, listEnvironments } from "./find-environment.ts";
import { readTextFile } from "./text-file.ts";

/** What an environment file says, as far as it matters here. */
export interface OtherEnvironment {
  readonly protected: boolean;
  readonly target: Target;
  readonly limits: LimitsConfig | undefined;
}

/** What an environment asks of whoever works on its database. */
export interface Guard {
  readonly name: string;
  readonly file: string;
  readonly limits: LimitsConfig | undefined;
}

/**
 * The protected environment whose database a URL or another environment names, if there is one: whoever names a database in
 * another way does not mean to get around what its environment asks for. An environment that cannot be read here, because
 * its variables are not set, cannot be compared.
 * @param except the environment that the target is of
 * @param read reads an environment file
 */
export async function protectedNamesake(
  projectDir: string,
  target: Target,
  except: string,
  read: (name: string, file: string) => Promise<OtherEnvironment>,
): Promise<Guard | undefined> {
  if (target.engine !== "server") return undefined;
  for (const name of await listEnvironments(projectDir)) {
    if (name === except) continue;
    try {
      const file = await findEnvironmentFile(projectDir, name);
      if (file === undefined || !mayProtect(projectDir, file)) continue;
      const other = await read(name, file);
      if (other.protected && other.target.engine === "server" && isSameDatabase(target, other.target)) {
        return { name, file, limits: other.limits };
      }
    } catch (error) {
      if (!(error instanceof ConfitureError)) throw error;
    }
  }
  return undefined;
}

/** Reading text is quicker than reading YAML, and most environments say nothing of it. */
function mayProtect(projectDir: string, file: string): boolean {
  return readTextFile(join(projectDir, file), file, 64 * 1024)?.includes("protected") === true;
}

function isSameDatabase(one: ServerTarget, other: ServerTarget): boolean {
  const places = new Set(placesOf(one));
  return one.database === other.database && placesOf(other).some((place) => places.has(place));
}

function placesOf(target: ServerTarget): string[] {
  return [target, ...(target.alternatives ?? [])].flatMap(({ host, hostAddress, port }) =>
    [host, hostAddress].flatMap((name) => (name === undefined ? [] : [`${LOOPBACK.get(name) ?? name}:${port}`])),
  );
}

const LOOPBACK: ReadonlyMap<string, string> = new Map([
  ["127.0.0.1", "localhost"],
  ["::1", "localhost"],
]);
