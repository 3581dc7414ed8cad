import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import { access, constants, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import packageJson from "../../package.json" with { type: "json" };
import { tarGz } from "../../scripts/release-archive.ts";
import { RELEASE_TARGETS } from "../../scripts/release-targets.ts";
import { isGroup } from "../../src/cli/command.ts";
import { COMMANDS } from "../../src/cli/registry.ts";
import { ERROR_CODES } from "../../src/errors/codes.ts";
import { BINARY, builtBinary } from "../support/cli.ts";
import { commandFolder, Reader, readBlocks, readSteps } from "../support/document.ts";
import { runHere } from "../support/in-process.ts";
import { long } from "../support/long.ts";
import { ROOT } from "../support/postgres-binaries.ts";

const read = (name: string): Promise<string> => readFile(join(ROOT, name), "utf8");
const readme = await read("README.md");
const blocks = readBlocks(readme);

// Compiling, servers and many processes in a row.
setDefaultTimeout(300_000);

let folder = "";
let commands = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "confiture-readme-"));
  commands = await commandFolder();
});

afterAll(async () => {
  await rm(folder, { recursive: true });
  await rm(commands, { recursive: true });
});

/** Someone with an empty folder and the executable on the PATH. */
async function readerOf(name: string, env: Readonly<Record<string, string>> = {}): Promise<Reader> {
  const cwd = await mkdtemp(join(folder, "empty-"));
  return new Reader(name, cwd, { HOME: cwd, TZ: "UTC", ...env, PATH: `${commands}:${process.env["PATH"]}` });
}

const command = (text: string): { language: string; text: string; line: number; file: undefined } => ({
  language: "bash",
  text,
  line: 0,
  file: undefined,
});

/** The rows of the table below a heading. */
function tableBelow(heading: string): string[][] {
  const section = readme.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  const lines = section.split("\n").filter((line) => line.startsWith("| "));
  return lines.slice(1).map((line) => line.slice(2, -2).split(" | "));
}

describe("the README", () => {
  test("is right from its first command to its last, in an empty folder", async () => {
    const reader = await readerOf("README.md", {});
    for (const block of blocks) {
      if (block.language === "bash") await reader.run(block);
      else if (block.file !== undefined) await reader.write(block.file, block.text);
    }
    // The files shown after the tour.
    await reader.run(
      command(
        "confiture migrate up\n# Should show: 003_add_user_handle applied\n" +
          "confiture migrate down --to 0\nDATABASE_URL=postgres://app@localhost/shop confiture config show --env production\n# Should show: verify-full\n",
      ),
    );
  });

  test("names scripts that are there", async () => {
    const steps = blocks.filter((block) => block.text.startsWith("scripts/")).flatMap(readSteps);
    expect(steps.length).toBe(5);
    for (const step of steps) await access(join(ROOT, step.command.split(" ")[0]!), constants.X_OK);
  });

  long("installs from an archive", async () => {
    await builtBinary();
    const block = blocks.find(({ text }) => text.startsWith("tar "))!;
    const name = `confiture-${packageJson.version}-linux-x64`;
    const reader = await readerOf("README.md");
    const home = await mkdtemp(join(folder, "home-"));
    const executable = new Uint8Array(await readFile(BINARY));
    await Bun.write(
      join(home, `${name}.tar.gz`),
      tarGz([{ name: `${name}/confiture`, data: executable, executable: true }]),
    );
    await reader.run(command(`HOME='${home}'\ncd "$HOME"\n${block.text}~/.local/bin/confiture --version\n`));
  });

  test("names every archive of a release", () => {
    const named = tableBelow("Install").flatMap(([, archives = ""]) => archives.replaceAll("`", "").split(", "));
    const released = RELEASE_TARGETS.map(
      ({ name, system }) => `confiture-${packageJson.version}-${name}.${system === "windows" ? "zip" : "tar.gz"}`,
    );
    expect(named.toSorted()).toEqual(released.toSorted());
  });

  test("does not list as missing what is there", () => {
    const section = readme.split("\n## What is not there yet\n")[1]!.split("\n## ")[0]!;
    const missing = Array.from(section.matchAll(/`([\w ]+)`/g), ([, name = ""]) => name);
    for (const name of missing) {
      const [first = "", second] = name.split(" ");
      const entry = Object.hasOwn(COMMANDS, first) ? COMMANDS[first] : undefined;
      const known = entry !== undefined && (second === undefined || (isGroup(entry) && second in entry.commands));
      expect({ name, known }).toEqual({ name, known: false });
    }
  });
});

test("every migration that docs/formats.md shows runs, up and down", async () => {
  const document = await read("docs/formats.md");
  const section = /^## Migrations\n([^]*?)(?=^## )/m.exec(document)![1]!;
  const migrations = readBlocks(section).filter((block) => block.file !== undefined);
  expect(migrations.length).toBe(8);
  const cwd = await mkdtemp(join(folder, "formats-"));
  const succeed = async (...args: string[]): Promise<string> => {
    const result = await runHere(args, { cwd });
    expect({ args, ...result }).toMatchObject({ args, exitCode: 0 });
    return result.stdout;
  };
  await succeed("init", "--embedded");
  // These migrations make their tables themselves.
  await rm(join(cwd, "db/migrations/base.sql"));
  for (const { file, text } of migrations) await Bun.write(join(cwd, file!), text);
  await succeed("migrate", "up", "--to", "1");
  await succeed("db", "sql", "INSERT INTO users (email) VALUES ('ann@example.com')");
  await succeed("migrate", "up");
  expect(await succeed("db", "sql", "--format", "csv", "SELECT handle FROM users")).toBe("handle\nann\n");
  await succeed("migrate", "down", "--to", "1");
  await succeed("migrate", "up");
  await succeed("migrate", "status", "--exit-code");
  await succeed("migrate", "down", "--to", "1");
});

long(
  "docs/generating.md is right from its first command to its last, and shows the files that are written",
  async () => {
    const reader = await readerOf("docs/generating.md");
    const shown = [];
    for (const block of readBlocks(await read("docs/generating.md"))) {
      if (block.language === "bash") await reader.run(block);
      else if (block.file?.startsWith("db/schema/") === true) await reader.write(block.file, block.text);
      else if (block.file !== undefined) {
        expect(reader.read(block.file)).toBe(block.text);
        shown.push(block.file);
      }
    }
    expect(shown).toHaveLength(2);
  },
);

test("the changelog ends with this version", async () => {
  const [newest] = /^## \[[^\]]+\]/m.exec(await read("CHANGELOG.md"))!;
  expect(newest).toBe(`## [${packageJson.version}]`);
});

test("docs/architecture.md and CONTRIBUTING.md name files that exist", async () => {
  for (const name of ["docs/architecture.md", "CONTRIBUTING.md"]) {
    const text = (await read(name)).replaceAll(/^```[^]*?^```$/gm, "");
    for (const [, path = ""] of text.matchAll(/`((?:src|tests|docs|scripts)\/[\w./-]+)`/g)) {
      // What is said to be coming is not there.
      if (path !== "src/lint") expect({ path, exists: existsSync(join(ROOT, path)) }).toEqual({ path, exists: true });
    }
  }
});

long("the commands of docs/troubleshooting.md are commands", async () => {
  for (const step of readBlocks(await read("docs/troubleshooting.md")).flatMap(readSteps)) {
    const project = await mkdtemp(join(folder, "project-"));
    expect((await runHere(["init", "--embedded"], { cwd: project })).exitCode).toBe(0);
    const { stderr, exitCode } = await runHere(step.command.split(" ").slice(1), { cwd: project });
    // In a project without migrations: "there is no migration 003" is right, an unknown flag is not.
    expect(stderr).not.toMatch(/unknown option|no command/i);
    expect([0, ERROR_CODES.migration_unknown.exit]).toContain(exitCode);
  }
});

test("scripts/quickstart shows the migrated table and what to do next, from any folder and without a terminal", async () => {
  await builtBinary();
  const child = Bun.spawn([join(ROOT, "scripts", "quickstart")], {
    cwd: folder,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, exitCode] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  const [, table = ""] = stdout.split('"\\d users"\n');
  expect(table).toMatch(/^ bio +\| text /m);
  expect(table).toMatch(/^ charlie@example\.com \| Charlie +\| +$/m);
  expect(stdout).toContain(`  ${BINARY} init --embedded\n`);
});
