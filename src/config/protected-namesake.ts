import { existsSync, realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
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
  for (const name of listEnvironments(projectDir)) {
    if (name === except) continue;
    try {
      const file = findEnvironmentFile(projectDir, name);
      if (file === undefined || !mayProtect(projectDir, file)) continue;
      const other = await read(name, file);
      if (other.protected && isSame(target, other.target)) return { name, file, limits: other.limits };
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

function isSame(one: Target, other: Target): boolean {
  if (one.engine === "server") return other.engine === "server" && isSameDatabase(one, other);
  if (other.engine === "server" || one.path === undefined || other.path === undefined) return false;
  return trueName(one.path) === trueName(other.path);
}

/** The folder that links lead to, also of one that is not there yet. */
function trueName(path: string): string {
  const whole = resolve(path);
  if (existsSync(whole)) return realpathSync(whole);
  const parent = dirname(whole);
  return parent === whole ? whole : join(trueName(parent), basename(whole));
}

function isSameDatabase(one: ServerTarget, other: ServerTarget): boolean {
  const places = new Set(placesOf(one));
  return one.database === other.database && placesOf(other).some((place) => places.has(place));
}

function placesOf(target: ServerTarget): string[] {
  return [target, ...(target.alternatives ?? [])].flatMap(({ host, hostAddress, port }) =>
    [host, hostAddress].flatMap((name) => (name === undefined ? [] : [`${machineOf(name)}:${port}`])),
  );
}

/** A host by one name: this machine has many, and a unix socket is one of them. Nothing is looked up. */
function machineOf(host: string): string {
  const name = host.toLowerCase().replace(/\.$/, "");
  return /^[/@]/.test(name) || THIS_MACHINE.test(name) ? "localhost" : name;
}

/** Short forms of IPv4 (`127.1`, `0`) are read as libc reads them. */
const THIS_MACHINE =
  /^(?:(?:.*\.)?localhost(?:\.localdomain)?|ip6-(?:localhost|loopback)|(?:::ffff:)?127(?:\.\d+){0,3}|(?:::ffff:)?0(?:\.0){0,3}|::1?|(?:0+:){7}0*[01])$/;
