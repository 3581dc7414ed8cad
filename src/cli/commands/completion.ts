import { ConfitureError } from "#errors/error.ts";
import { defineCommand } from "../command.ts";
import { bashCompletion } from "../completion/bash.ts";
import { completions } from "../completion/facts.ts";
import { fishCompletion } from "../completion/fish.ts";
import { powershellCompletion } from "../completion/powershell.ts";
import { zshCompletion } from "../completion/zsh.ts";

const SHELLS = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
  powershell: powershellCompletion,
} as const;

export const command = defineCommand({
  args: {
    shell: {
      type: "positional",
      required: true,
      valueHint: "bash|zsh|fish|powershell",
      description: "bash, zsh, fish or powershell",
    },
  },
  details: "Prints a script that makes the shell complete commands, options and values. The examples load it.",
  examples: [
    "source <(confiture completion bash)",
    "confiture completion zsh > ~/.zfunc/_confiture",
    "confiture completion fish > ~/.config/fish/completions/confiture.fish",
    "confiture completion powershell | Out-String | Invoke-Expression",
  ],
  async run({ shell }, context) {
    if (!isShell(shell))
      throw new ConfitureError("usage", `There is completion for bash, zsh, fish and powershell, not for "${shell}"`);
    const script = SHELLS[shell](await completions(context.commands));
    return { json: { shell, script }, script };
  },
});

function isShell(name: string): name is keyof typeof SHELLS {
  return Object.hasOwn(SHELLS, name);
}
