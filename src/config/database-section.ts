import { isAbsolute, join } from "node:path";
import type { EmbeddedTarget } from "#database/target.ts";
import { PARAMETERS, type Parameters } from "./connection-parameters.ts";
import { parseConnectionText } from "./connection-text.ts";
import { present, type TreeReader } from "./read-tree.ts";
import { not, type TextSetting } from "./setting.ts";
import type { MapNode } from "#files/yaml-tree.ts";

/** What the `database` key asks for. */
export type DatabaseChoice =
  | {
      readonly engine: "server";
      readonly parameters: Parameters;
      readonly warnings: readonly string[];
      readonly origin: string;
    }
  | {
      readonly engine: "embedded";
      readonly target: EmbeddedTarget;
      readonly origin: string;
      readonly pathOrigin: string;
    };

/**
 * Reads the `database` key: a map, or a URL by itself.
 * @param projectDir what a relative `path` is relative to
 * @throws ConfitureError as `readSettings`
 */
export function readDatabase(
  reader: TreeReader,
  root: MapNode,
  projectDir: string,
  environment: string,
): DatabaseChoice {
  const entry = present(root, "database");
  if (entry === undefined) return { engine: "server", parameters: new Map(), warnings: [], origin: "default" };
  if (entry.value.kind === "scalar") {
    const url = reader.scalarText(entry.value, "database");
    if (url === undefined) return { engine: "server", parameters: new Map(), warnings: [], origin: "default" };
    if (!/[:=]/.test(url.value)) {
      throw url.fail(
        "must be a map of keys and values, or a URL",
        "For instance:\n  database:\n    database: my_database",
      );
    }
    return { engine: "server", ...parseConnectionText(url), origin: "default" };
  }
  const section = reader.map(root, "database")!;
  const engine = reader.text(section, "engine");
  if (engine !== undefined && engine.value !== "embedded" && engine.value !== "server") {
    throw engine.fail(`must be embedded or server${not(engine)}`);
  }
  if (engine?.value === "embedded") return readEmbedded(reader, section, projectDir, environment, engine);
  const path = present(section, "path");
  if (path !== undefined) {
    throw reader.fail(
      path.offset,
      '"path" is only for the embedded engine',
      "Add `engine: embedded`, or remove `path`.",
    );
  }
  return { engine: "server", ...readServer(reader, section), origin: engine?.origin ?? "default" };
}

function readServer(reader: TreeReader, section: MapNode): { parameters: Parameters; warnings: readonly string[] } {
  refuseHiddenPassword(reader, section);
  const url = reader.text(section, "url");
  const parsed = url === undefined ? undefined : parseConnectionText(url);
  const parameters: Parameters = new Map(parsed?.parameters);
  for (const name of PARAMETERS) {
    const field = reader.text(section, name);
    if (field === undefined) continue;
    if (parameters.has(name)) {
      const { offset } = section.entries.get(name)!;
      const urlLine = reader.source.lineAt(section.entries.get("url")!.offset);
      throw reader.fail(
        offset,
        `"${name}" (line ${reader.source.lineAt(offset)}) is also set by "url" (line ${urlLine})`,
        "Give it in one place only.",
      );
    }
    parameters.set(name, field);
  }
  return { parameters, warnings: parsed?.warnings ?? [] };
}

function readEmbedded(
  reader: TreeReader,
  section: MapNode,
  projectDir: string,
  environment: string,
  engine: TextSetting,
): DatabaseChoice {
  for (const { key, offset } of section.entries.values()) {
    if (key === "engine" || key === "path" || present(section, key) === undefined) continue;
    throw reader.fail(offset, `"${key}" has no meaning for the embedded engine`, "It knows `engine` and `path` only.");
  }
  const given = reader.text(section, "path");
  const path = given?.value ?? `.confiture/${environment}`;
  const target: EmbeddedTarget =
    path === ":memory:"
      ? { engine: "embedded" }
      : { engine: "embedded", path: isAbsolute(path) ? path : join(projectDir, path) };
  return { engine: "embedded", target, origin: engine.origin, pathOrigin: given?.origin ?? "default" };
}

/** `password: #secret` is a comment to YAML: the password would vanish without a word. */
function refuseHiddenPassword(reader: TreeReader, section: MapNode): void {
  const entry = section.entries.get("password");
  if (entry === undefined || present(section, "password") !== undefined) return;
  if (!/^["']?password["']?\s*:[ \t]+#[^\s#]/.test(reader.source.text.slice(entry.offset))) return;
  throw reader.fail(
    entry.offset,
    '"password" is empty: # begins a comment',
    "Put a password that begins with # in quotes.",
  );
}
