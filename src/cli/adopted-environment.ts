import type { Config } from "#config/config.ts";
import { describeConfig } from "#config/describe.ts";
import template from "./scaffold/environment-adopted.yaml.txt" with { type: "text" };

/** What an environment has to say of its database even where a variable of libpq's said it. */
const ALWAYS: ReadonlySet<string> = new Set(["host", "port", "database", "user"]);
const NEVER: ReadonlySet<string> = new Set(["engine", "password"]);

/**
 * An environment file for the database of a connection URL, without its password. Pure.
 * @param environment its name
 * @param dir the folder of the schema files
 */
export function adoptedEnvironment(config: Config, environment: string, dir: string): string {
  const lines = describeConfig(config).flatMap(({ key, value, origin }) => {
    const [section, name = ""] = key.split(".");
    const wanted = ALWAYS.has(name) || origin === config.urlOrigin;
    return section === "database" && wanted && !NEVER.has(name)
      ? [`  ${name}: ${name === "port" ? value : yamlText(value)}\n`]
      : [];
  });
  // Functions, because `$` means something in a replacement text.
  return template
    .replace("name: @NAME@", () => `name: ${yamlText(environment)}`)
    .replaceAll("@NAME@", () => environment)
    .replace("@DATABASE@\n", () => lines.join(""))
    .replace("@DIR@", () => yamlText(dir));
}

/** A text that YAML and the environment file take for just that. */
export function yamlText(value: string): string {
  if (/^[a-z_/][\w./-]*$/i.test(value) && !/^(true|false|null|yes|no|on|off)$/i.test(value)) return value;
  return JSON.stringify(value.replaceAll("${", () => "$${"));
}
