import {
  bashCompletion,
  completions,
  fishCompletion,
  powershellCompletion,
  zshCompletion,
} from "../../src/cli/completion.ts";
import { COMMANDS } from "../../src/cli/registry.ts";

/** The scripts that `confiture completion` prints, under the names that shells look for. */
export async function completionScripts(): Promise<{ name: string; text: string }[]> {
  const all = await completions(COMMANDS);
  return [
    { name: "confiture.bash", text: bashCompletion(all) },
    { name: "_confiture", text: zshCompletion(all) },
    { name: "confiture.fish", text: fishCompletion(all) },
    { name: "confiture.ps1", text: powershellCompletion(all) },
  ];
}
