import { describe, expect, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { LIST, readArguments } from "#cli/arguments.ts";
import { findCommand } from "#cli/find-command.ts";
import { type CommandEntry, isGroup } from "#cli/command.ts";
import { COMMANDS } from "#cli/registry.ts";
import packageJson from "../../package.json" with { type: "json" };
import { runBinary } from "../support/cli.ts";
import { temporaryProject } from "../support/project.ts";
import { readDocument } from "./document.ts";

/** Every command, by what is typed for it: "migrate up". */
const commands: readonly (readonly [name: string, entry: CommandEntry])[] = Object.entries(COMMANDS).flatMap(
  ([name, entry]): [string, CommandEntry][] =>
    isGroup(entry)
      ? Object.entries(entry.commands).map(([child, command]) => [`${name} ${child}`, command])
      : [[name, entry]],
);
const groups = Object.entries(COMMANDS).flatMap(([name, entry]) => (isGroup(entry) ? [name] : []));

/** Runs a command line that has to be refused as such: exit code 2, nothing on standard output, nothing written. */
async function refused(line: string): Promise<string> {
  await using project = await temporaryProject();
  const args = line.split(" ").filter((arg) => arg !== "");
  const { exitCode, stdout, stderr } = await runBinary(args, { cwd: project.dir });
  expect({ exitCode, stdout, stderr }).toMatchObject({
    exitCode: 2,
    stdout: "",
    stderr: expect.stringContaining("\n  next: "),
  });
  const document = readDocument(await runBinary(["--format", "json", ...args], { cwd: project.dir }));
  expect(document).toMatchObject({ ok: false, exitCode: 2, error: { code: "usage" } });
  expect(await readdir(project.dir)).toEqual([]);
  return stderr;
}

test("names of other tools, and slips near help and version, lead to the command that is meant", () => {
  for (const [line, meant] of [
    ["rollback", "migrate down"],
    ["migrate rollback", "migrate down"],
    ["migrate create add_bio", "migrate new"],
    ["migrate verify", "verify"],
    ["verison", "version"],
    ["constructor", undefined],
  ] as const) {
    const thrown = expect(() => findCommand(line.split(" ")));
    thrown.toThrow(
      expect.objectContaining({
        hint: meant === undefined ? expect.stringMatching(/^Commands: /) : `Did you mean \`confiture ${meant}\`?`,
      }),
    );
  }
});

describe("a slip on the command line is refused, with a suggestion", () => {
  test.each([
    ["buidl", "confiture build"],
    ["migrate upp", "confiture migrate up"],
    ["migrat up", "confiture migrate up"],
    ["up", "confiture migrate up"],
    ["down", "confiture migrate down"],
    ["statsu", "confiture migrate status"],
    ["help buidl", "confiture build"],
    ["migrate status --json", "--format json"],
    ["migrate up -n", "--dry-run"],
    ["--lock-wait 5s migrate up", "confiture migrate up --lock-wait 5s"],
    ["frobnicate", "init, build, migrate"],
    ["migrate up --dryrun", "--dry-run"],
    ["migrate up --alow-missing", "--allow-missing"],
    ["build --frehs", "--fresh"],
    ["--verison", "--version"],
    ["migrate up --frobnicate", "confiture migrate up --help"],
    ["migrate up -x", "confiture migrate up --help"],
    ["migrate up 003", "--to 003?"],
    ["migrate new add_bio again", "confiture migrate new --help"],
    ["migrate new", "confiture migrate new --help"],
    ["migrate up -- 003", "--to 003?"],
    ["migrate up --to", "confiture migrate up --help"],
    ["migrate up --steps -1", "--steps=VALUE"],
    ["--env", "confiture --help"],
    ["migrate up --no-dry-run", "--dry-run"],
    ["migrate up --dry-run=false", "confiture migrate up --help"],
    ["--frmat json migrate up", "--frmat"],
    ["--colour migrate up", "--colour"],
    ["--color migrate up", "auto, always or never"],
    ["migrate up --color=pink", "auto, always or never"],
    ["build --enviroment ci", "--env?"],
    ["db sql -c SELECT", 'confiture db sql "SELECT 1"'],
    ["build --database-url nonsense", "postgres://user:password@host"],
    ["-C /etc/passwd build", "-C (--project-dir)"],
  ])("confiture %s", async (line, suggestion) => {
    const stderr = await refused(line);
    expect(stderr).toStartWith("error: ");
    expect(stderr).toContain("  next: ");
    expect(stderr).toContain(suggestion);
  });

  test.each([
    ["help", "--help"],
    ["help build", "build --help"],
    ["help migrate", "migrate --help"],
    ["migrate help", "migrate --help"],
    ["help migrate up", "migrate up --help"],
    ["migrate help up", "migrate up --help"],
    ["version", "--version"],
    ["version --format json", "--version --format json"],
  ])("confiture %s says what confiture %s says", async (line, same) => {
    const said = await runBinary(line.split(" "));
    expect(said.exitCode).toBe(0);
    expect(said).toEqual(await runBinary(same.split(" ")));
  });

  test.each([
    ["migrate up --steps 0", "--steps"],
    ["migrate up --steps three", "--steps"],
    ["migrate up --to=", "--to"],
    ["migrate up --format=yaml", "--format"],
    ["db wait --wait soon", "--wait"],
    ["db serve --port 80000", "--port"],
  ])("a value that cannot be is named: confiture %s", async (line, flag) => {
    await using project = await temporaryProject();
    const { exitCode, stdout, stderr } = await runBinary(line.split(" "), { cwd: project.dir });
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toStartWith(`error: ${flag} takes `);
    expect(stderr).toContain("\n  next: ");
  });

  test.each(commands)("%s takes no flag and no argument it does not know", async (name, entry) => {
    const { command } = await entry.load();
    const positionals = Object.values(command.args).filter(({ type }) => type === "positional");
    const own = positionals.map(() => "1").join(" ");
    expect(await refused(`${name} ${own} --frobnicate`)).toContain("--frobnicate");
    if (positionals.at(-1)?.valueHint === LIST) return;
    expect(await refused(`${name} ${own} surplus`)).toContain('"surplus"');
  });
});

describe("flags and values", () => {
  test.each([
    "--env nowhere migrate status",
    "--env=nowhere migrate status",
    "-e nowhere migrate status",
    "-enowhere migrate status",
    "migrate --env nowhere status",
    "migrate status --env nowhere",
    "migrate status --env=nowhere",
    "-q --env nowhere migrate -v status",
  ])("before the command, between its words and behind it: confiture %s", async (line) => {
    await using project = await temporaryProject();
    const { exitCode, stderr } = await runBinary(line.split(" "), { cwd: project.dir });
    expect(exitCode).toBe(4);
    expect(stderr).toContain("db/environments/nowhere.yaml");
  });

  test("a value may begin with a dash behind an equals sign", async () => {
    const { exitCode, stderr } = await runBinary(["migrate", "status", "--project-dir=-nowhere"]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("-nowhere");
  });
});

describe("help", () => {
  test.each(commands)("%s --help tells usage, options and examples", async (name, entry) => {
    const { exitCode, stdout, stderr } = await runBinary([...name.split(" "), "--help"]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    // Lines end where the terminal does.
    expect(stdout.replaceAll(/\s+/g, " ")).toStartWith(`${entry.summary}. `);
    expect(stdout).toContain(`USAGE\n  confiture ${name} `);
    // Those that every command takes are explained once.
    expect(stdout).toContain("Every command also takes -e, ");
    expect(stdout).toContain("see `confiture --help`");
    const examples = /\nEXAMPLES\n((?: {2}.*\n)+)$/.exec(stdout)?.[1] ?? "";
    // `sync` with its options is `sync run`.
    expect(examples).toContain(`confiture ${name === "sync run" ? "sync" : name}`);
    expect(await runBinary([...name.split(" "), "-h"])).toEqual({ exitCode, stdout, stderr });
  });

  test.each(["sync", "sync run", "sync show", "sync verify"])(
    "%s --help tells how the key is made and given",
    async (name) => {
      const { stdout } = await runBinary([...name.split(" "), "--help"]);
      expect(stdout.replaceAll(/\s+/g, " ")).toMatch(
        /CONFITURE_SYNC_KEY: 64 .*`openssl rand -hex 32`.* never sent to a server\./,
      );
    },
  );

  test.each(commands)("every example of %s can be run as it is written", async (name, entry) => {
    const { command } = await entry.load();
    expect(command.examples.length).toBeGreaterThan(0);
    for (const example of command.examples) {
      // Alone, or as a part of a shell's line: "confiture build --output - | psql mydb"
      const argv = /\bconfiture ([^|<>()]*)/.exec(example)?.[1]?.match(/"[^"]*"|\S+/g) ?? [];
      const { path, rest } = findCommand(argv);
      expect(path.join(" ")).toBe(name);
      expect(() => readArguments(path, command.args, rest)).not.toThrow();
    }
  });

  test.each(groups)("%s alone lists its commands, as a slip; with --help, as the answer", async (group) => {
    const alone = await runBinary([group]);
    expect({ ...alone, stderr: "" }).toEqual({ exitCode: 2, stdout: "", stderr: "" });
    const asked = await runBinary([group, "--help"]);
    expect(asked).toEqual({ exitCode: 0, stdout: alone.stderr, stderr: "" });
    for (const [name] of commands.filter(([command]) => command.startsWith(`${group} `))) {
      expect(asked.stdout).toContain(`  ${name.slice(group.length + 1)} `);
    }
  });

  test("confiture alone lists every command, as a slip; with --help, as the answer", async () => {
    const alone = await runBinary([]);
    expect({ ...alone, stderr: "" }).toEqual({ exitCode: 2, stdout: "", stderr: "" });
    const asked = await runBinary(["--help"]);
    expect(asked).toEqual({ exitCode: 0, stdout: alone.stderr, stderr: "" });
    const text = asked.stdout.replaceAll(/\s+/g, " ");
    for (const [name, { summary }] of commands) expect(text).toContain(` ${name} ${summary} `);
  });

  test("bare lines answer with a document where JSON is asked for", async () => {
    for (const line of [[], ...groups.map((group) => [group])]) {
      const document = readDocument(await runBinary([...line, "--format=json"]));
      expect(document).toMatchObject({ ok: false, exitCode: 2, error: { code: "usage" } });
    }
  });
});

describe("the version", () => {
  test.each([["--version"], ["-V"]])("confiture %s", async (flag) => {
    expect(await runBinary([flag])).toEqual({
      exitCode: 0,
      stdout: `Confiture version ${packageJson.version}\n`,
      stderr: "",
    });
  });

  test("as JSON", async () => {
    const document = readDocument(await runBinary(["--version", "--format", "json"]));
    expect(document).toMatchObject({ ok: true, version: packageJson.version });
  });
});
