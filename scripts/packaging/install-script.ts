import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { publicKeyOf } from "./minisign.ts";
import type { ReleaseFile } from "./product.ts";

export interface InstallScriptOptions {
  readonly root: string;
  readonly baseUrl?: string | undefined;
  readonly signingKey?: string | undefined;
}

/** scripts/install.sh as a release has it: it knows where the release is, and whose signature it has to have. */
export async function installScript({ root, baseUrl, signingKey }: InstallScriptOptions): Promise<ReleaseFile> {
  let text = await readFile(join(root, "scripts", "install.sh"), "utf8");
  const fill = (variable: string, value: string): void => {
    if (!/^[\w:/.+=%~-]+$/.test(value)) throw new Error(`install.sh cannot hold ${JSON.stringify(value)}`);
    const [empty, filled] = [`\${${variable}:-}`, `\${${variable}:-${value}}`];
    if (!text.includes(empty)) throw new Error(`install.sh has no place for ${variable}`);
    text = text.replace(empty, filled);
  };
  if (baseUrl !== undefined) fill("CONFITURE_FROM", baseUrl);
  if (signingKey !== undefined) fill("CONFITURE_KEY", publicKeyOf(signingKey));
  return { name: "install.sh", data: Buffer.from(text) };
}
