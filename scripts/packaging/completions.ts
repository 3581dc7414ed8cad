import { bashCompletion } from "../../src/cli/completion/bash.ts";
import { completions } from "../../src/cli/completion/facts.ts";
import { fishCompletion } from "../../src/cli/completion/fish.ts";
import { powershellCompletion } from "../../src/cli/completion/powershell.ts";
import { zshCompletion } from "../../src/cli/completion/zsh.ts";
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
