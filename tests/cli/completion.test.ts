import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { ROOT } from "../support/postgres-binaries.ts";
import { temporaryProject } from "../support/project.ts";

const files = {
  "db/environments/local.yaml": "",
  "db/environments/staging.yml": "",
  "db/migrations/001_a.up.sql": "",
  "db/migrations/001_a.down.sql": "",
  "db/migrations/V2.1__b.sql": "",
  "a file.sql": "",
};
const project = await temporaryProject(files);
const other = await temporaryProject({ "db/environments/live.yaml": "" });

const scripts = new Map<string, Promise<string>>();

function script(shell: string): Promise<string> {
  const printed = scripts.get(shell) ?? print(shell);
  scripts.set(shell, printed);
  return printed;
}

async function print(shell: string): Promise<string> {
  const child = Bun.spawn([process.execPath, join(ROOT, "src/main.ts"), "completion", shell], { stderr: "inherit" });
  return await child.stdout.text();
}

/** Has each shell say what it offers behind a line, and then that this is all. */
const ASK: Readonly<Record<string, (line: string) => string>> = {
  bash: (line) =>
    `COMP_WORDS=(${line.replaceAll(/[:=]/g, " $& ")}${line.endsWith(" ") ? "''" : ""}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _confiture; printf '%s\\n' "\${COMPREPLY[@]}" .`,
  // What zsh's own functions would filter and show is printed.
  zsh: (line) =>
    `words=(${line}${line.endsWith(" ") ? "''" : ""}); CURRENT=$#words; PREFIX=$words[CURRENT]; _confiture; echo .`,
  fish: (line) => `complete -C '${line}' | string replace -r '\\t.*' ''; echo .`,
};

const BEFORE: Readonly<Record<string, string>> = {
  zsh: `
    compdef() { : }
    compset() { PREFIX=\${PREFIX#*=} }
    offered() { local each; for each in "$@"; do [[ $each == "$PREFIX"* ]] && print -r -- "$each"; done; return 0 }
    compadd() { shift; offered "$@" }
    _describe() { offered "\${(@)\${(@P)argv[-1]}%%:*}" }
    _files() { local -a found; if [[ $1 == -/ ]]; then found=(*(N/)); else found=(*(N)); fi; offered $found }
  `,
};

/** What a shell offers behind each of the lines. */
async function offers(shell: string, lines: readonly string[]): Promise<string[][]> {
  const text = [BEFORE[shell] ?? "", await script(shell), ...lines.map((line) => ASK[shell]!(line))].join("\n");
  const plain = { bash: ["--norc", "--noprofile"], zsh: ["-f"], fish: ["--no-config"] }[shell] ?? [];
  const child = Bun.spawn([shell, ...plain], { cwd: project.dir, stdin: new Blob([text]), stderr: "pipe" });
  const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  expect(err).toBe("");
  return out.split(/^\.\n/m).map((part) => part.split("\n").filter((line) => line !== ""));
}

const ENVIRONMENTS = ["local", "staging"];
/** `others`: for shells that take what stands before a colon or an equals sign for a part of the same word. */
const CASES: readonly (readonly [line: string, offered: readonly string[], others?: readonly string[]])[] = [
  ["confiture mi", ["migrate"]],
  ["confiture help mi", ["migrate"]],
  ["confiture migrate re", ["redo", "resolve", "resume"]],
  ["confiture migrate up --dry", ["--dry-run"]],
  // Options with values, and arguments, anywhere.
  ["confiture --env staging build --fr", ["--fresh"]],
  ["confiture -e local migrate res", ["resolve", "resume"]],
  ["confiture migrate -C . up -e local --dry", ["--dry-run"]],
  ["confiture migrate accept 001 --diff", ["--different"]],
  ["confiture migrate up --to=001 --steps 3 --dry", ["--dry-run"]],
  ["confiture lint a b --fail-on error --al", ["--all"]],
  ["confiture sync --from local --ta", ["--tables"]],
  ["confiture db sql -f x --write --fo", ["--format"]],
  // A value is not taken for a command, nor a command for a value.
  ["confiture -e migrate mi", ["migrate"]],
  ["confiture --quiet mi", ["migrate"]],
  // Values.
  ["confiture build --env ", ENVIRONMENTS],
  ["confiture build -e st", ["staging"]],
  ["confiture build --env=st", ["staging"], ["--env=staging"]],
  [`confiture -C ${other.dir} build -e `, ["live"]],
  ["confiture sync --from ", ENVIRONMENTS],
  ["confiture lint --fail-on ", ["error", "never", "note", "warning"]],
  ["confiture db sql --format ", ["csv", "human", "json"]],
  ["confiture build --format j", ["json"]],
  ["confiture completion ", ["bash", "fish", "powershell", "zsh"]],
  ["confiture migrate accept ", ["001", "2.1"]],
  ["confiture migrate up --to 0", ["001"]],
  ["confiture diff env:", ENVIRONMENTS, ENVIRONMENTS.map((name) => `env:${name}`)],
  ["confiture diff schema mig", ["migrations"]],
  ["confiture lint a", ["a file.sql"]],
  ["confiture db sql --file a", ["a file.sql"]],
  ["confiture -C d", ["db"]],
  ["confiture migrate up --steps ", []],
];

for (const shell of ["bash", "zsh", "fish"]) {
  describe.skipIf(Bun.which(shell) === null)(shell, () => {
    test("offers commands, options and values, wherever they stand", async () => {
      const offered = await offers(
        shell,
        CASES.map(([line]) => line),
      );
      for (const [index, [line, expected, others]] of CASES.entries()) {
        const here = (offered[index] ?? []).map((word) => word.replace("\\ ", " ").replace(/\/$/, ""));
        const isWhole = shell === "fish" || (shell === "zsh" && line.includes(":"));
        const wanted = isWhole ? (others ?? expected) : expected;
        expect([line, ...here.toSorted()]).toEqual([line, ...wanted]);
      }
    });
  });
}
