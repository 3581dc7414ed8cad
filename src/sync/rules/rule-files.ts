import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { ConfitureError } from "#errors/error.ts";
import { readRegularFile } from "#files/read.ts";
import { RULES_DIR } from "./rules.ts";

/** The files of rules there are, relative to the project. */
export function ruleFiles(projectDir: string): string[] {
  const folder = join(projectDir, RULES_DIR);
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? [] : [entry.name],
  );
  const other = names.find((name) => name.endsWith(".yml"));
  if (other !== undefined) {
    const file = `${RULES_DIR}/${other}`;
    throw new ConfitureError("config_invalid", `${file} is not read: rules are in *.yaml`, {
      location: { file },
      hint: "Rename it.",
    });
  }
  return names
    .filter((name) => name.endsWith(".yaml"))
    .toSorted()
    .map((name) => `${RULES_DIR}/${name}`);
}

/** @throws ConfitureError `config_unreadable`, `file_unreadable` */
export function textOf(projectDir: string, file: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true })
      .decode(readRegularFile(join(projectDir, file), file))
      .replaceAll("\r\n", "\n");
  } catch (error) {
    if (error instanceof ConfitureError) throw error;
    throw new ConfitureError("config_unreadable", `${file} is not valid UTF-8`, { location: { file } });
  }
}
