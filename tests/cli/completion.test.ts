import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { ROOT } from "../support/postgres-binaries.ts";
import { temporaryProject } from "../support/project.ts";

const project = await temporaryProject({ "db/environments/local.yaml": "", "db/environments/staging.yml": "" });

async function script(shell: string): Promise<string> {
  const child = Bun.spawn([process.execPath, join(ROOT, "src/main.ts"), "completion", shell], { stderr: "inherit" });
  return await child.stdout.text();
}

/** What the shell would offer after the last of `words`. */
async function offers(words: readonly string[]): Promise<string[]> {
  const list = words.map((word) => `'${word}'`).join(" ");
  const ask = `COMP_WORDS=(${list}); COMP_CWORD=${words.length - 1}; _confiture; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const child = Bun.spawn(["bash", "-c", `${await script("bash")}\n${ask}`], { cwd: project.dir, stderr: "inherit" });
  return (await child.stdout.text()).split("\n").filter((line) => line !== "");
}

describe.skipIf(Bun.which("bash") === null)("bash completion", () => {
  test("offers the commands, a group's commands, and a command's flags", async () => {
    expect(await offers(["confiture", "mi"])).toEqual(["migrate"]);
    expect(await offers(["confiture", "migrate", "re"])).toEqual(["redo", "resolve", "resume"]);
    expect(await offers(["confiture", "migrate", "up", "--dry"])).toEqual(["--dry-run"]);
  });

  test("a flag's value is not taken for a command", async () => {
    expect(await offers(["confiture", "--env", "staging", "build", "--fr"])).toEqual(["--fresh"]);
  });

  test("offers the environments that exist", async () => {
    expect(await offers(["confiture", "build", "--env", ""])).toEqual(["local", "staging"]);
  });
});

for (const shell of ["zsh", "fish"]) {
  test.skipIf(Bun.which(shell) === null)(`the script for ${shell} is one that ${shell} can read`, async () => {
    const child = Bun.spawn([shell, "-n"], { stdin: new Blob([await script(shell)]), stderr: "pipe" });
    expect(await child.stderr.text()).toBe("");
    expect(await child.exited).toBe(0);
  });
}
