import { quoteLiteral } from "#sql/quote.ts";

/** Parameters of a startup message that are no run-time settings, or that the one backend has fixed. */
const NOT_SETTINGS = new Set(["user", "database", "client_encoding", "options", "replication"]);

/** Settings in `options`: `-c name=value` or `--name=value`, with a backslash before a space that is meant (postmaster.c). */
function* settingsOf(options: string): Generator<[string, string]> {
  const words = (options.match(/(?:\\.|\S)+/g) ?? []).map((word) => word.replaceAll(/\\(.)/g, "$1"));
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    const text = word === "-c" ? words[++at] : /^(?:-c|--)(.+)$/.exec(word)?.[1];
    const [, name, value] = /^([^=]+)=(.*)$/s.exec(text ?? "") ?? [];
    if (name !== undefined) yield [name.replaceAll("-", "_"), value ?? ""];
  }
}

/** The embedded backend reads only the protocol version of a startup message; this sets the rest. */
export function startupSettings(parameters: ReadonlyMap<string, string>): string | undefined {
  const calls: string[] = [];
  for (const [name, value] of [...parameters, ...settingsOf(parameters.get("options") ?? "")]) {
    if (NOT_SETTINGS.has(name) || name.startsWith("_pq_.")) continue;
    calls.push(`pg_catalog.set_config(${quoteLiteral(name)}, ${quoteLiteral(value)}, false)`);
  }
  return calls.length === 0 ? undefined : `SELECT ${calls.join(", ")}`;
}
