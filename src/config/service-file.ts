import { isAbsolute, join } from "node:path";
import { ConfitureError } from "#errors/error.ts";
import { parameterNamed, type Parameters } from "./connection-parameters.ts";
import type { TextSetting } from "./setting.ts";
import type { Surroundings } from "./surroundings.ts";
import { readTextFile } from "./text-file.ts";
import { judgeUnsupported } from "./unsupported-parameters.ts";

const MAX_FILE_BYTES = 1024 * 1024;

/** Where packages keep the system's file when PGSYSCONFDIR does not say it; libpq has one of these compiled in. */
const SYSTEM_FOLDERS = ["/etc/postgresql-common", "/etc/sysconfig/pgsql", "/usr/local/etc/postgresql", "/etc"];

interface ServiceFile {
  readonly path: string;
  /** How the user would write it. */
  readonly shown: string;
  /** It was named, so that it has to exist. */
  readonly required: boolean;
}

/**
 * The parameters of a service (https://www.postgresql.org/docs/current/libpq-pgservice.html): from PGSERVICEFILE or
 * `~/.pg_service.conf`, and then from the system's file.
 * @param service which one, and where that is written
 * @throws ConfitureError `config_invalid`, `config_unreadable`
 */
export function readService(service: TextSetting, surroundings: Surroundings): Parameters {
  const tried: string[] = [];
  for (const file of serviceFiles(surroundings)) {
    const text = readTextFile(file.path, file.shown, MAX_FILE_BYTES);
    if (text === undefined) {
      if (file.required) throw service.fail(`needs the service file ${file.shown}, which does not exist`, WHERE);
      continue;
    }
    tried.push(file.shown);
    const parameters = parseServiceFile(text, file.shown, service.value);
    if (parameters !== undefined) return parameters;
  }
  const where = tried.length === 0 ? "there is no service file" : `${tried.join(" and ")} has no section of that name`;
  throw service.fail(`names a service that is not defined: ${where}`, WHERE);
}

const WHERE = "Services are sections [NAME] of ~/.pg_service.conf, or of the file that PGSERVICEFILE names.";

function serviceFiles({ projectDir, homeDirectory, platform, variables }: Surroundings): ServiceFile[] {
  const named = variables.getNonEmpty("PGSERVICEFILE");
  const files: ServiceFile[] = [];
  if (named !== undefined) {
    const path = isAbsolute(named.value) ? named.value : join(projectDir, named.value);
    files.push({ path, shown: named.value, required: true });
  } else if (platform === "win32") {
    const appData = variables.getNonEmpty("APPDATA");
    const shown = "%APPDATA%\\postgresql\\.pg_service.conf";
    if (appData !== undefined) {
      files.push({ path: join(appData.value, "postgresql", ".pg_service.conf"), shown, required: false });
    }
  } else if (homeDirectory !== "") {
    files.push({ path: join(homeDirectory, ".pg_service.conf"), shown: "~/.pg_service.conf", required: false });
  }
  const system = variables.getNonEmpty("PGSYSCONFDIR");
  for (const folder of system === undefined ? SYSTEM_FOLDERS : [system.value]) {
    const path = join(folder, "pg_service.conf");
    files.push({ path, shown: path, required: false });
  }
  return files;
}

/**
 * One section of a service file: `[name]`, then `key=value` lines; `#` begins a comment line.
 * @returns undefined when it has no such section
 * @throws ConfitureError `config_invalid`
 */
function parseServiceFile(text: string, file: string, service: string): Parameters | undefined {
  let parameters: Parameters | undefined;
  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    if (line.startsWith("[")) {
      // The first section of the name is the one.
      if (parameters !== undefined) return parameters;
      if (line === `[${service}]`) parameters = new Map();
      continue;
    }
    if (parameters === undefined) continue;
    const fail = (problem: string, hint?: string): ConfitureError =>
      new ConfitureError("config_invalid", `Service "${service}" ${problem}`, {
        location: { file, line: index + 1 },
        hint,
      });
    const equals = line.indexOf("=");
    if (equals === -1) throw fail("has a line that is not key=value");
    const name = line.slice(0, equals).trimEnd();
    const value = line.slice(equals + 1).trimStart();
    if (name === "service") throw fail("names another service, which PostgreSQL does not allow");
    const known = parameterNamed(name);
    if (known === undefined) {
      const verdict = judgeUnsupported(name, value);
      if (verdict?.kind === "refused") throw fail(`has "${name}", which Confiture does not support`, verdict.hint);
      if (verdict === undefined) throw fail("has a key that is no connection parameter");
      continue;
    }
    // As in libpq, the first of a name counts.
    if (value === "" || parameters.has(known)) continue;
    parameters.set(known, {
      value,
      origin: `${file}:${index + 1}`,
      quoted: "",
      fail: (problem, hint) => fail(`is not usable: its ${name} ${problem}`, hint),
    });
  }
  return parameters;
}
