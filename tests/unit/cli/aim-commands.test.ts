import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { aimCommands } from "#cli/aim-commands.ts";
import { isGroup } from "#cli/command.ts";
import { COMMANDS } from "#cli/registry.ts";
import { withoutPassword } from "#config/without-password.ts";

const AIM = { projectDir: "the project", environment: "production", databaseUrl: "postgres://app@db/shop" };
const OPTIONS = "-C 'the project' -e production --database-url postgres://app@db/shop";

describe("commands in a text", () => {
  test.each([
    ["confiture migrate resolve 002 --applied", `confiture migrate resolve ${OPTIONS} 002 --applied`],
    ["Run `confiture build`.", `Run \`confiture build ${OPTIONS}\`.`],
    ["confiture db create (or createdb)", `confiture db create ${OPTIONS} (or createdb)`],
    ["confiture migrate up, confiture verify", `confiture migrate up ${OPTIONS}, confiture verify ${OPTIONS}`],
    ["confiture build now", `confiture build ${OPTIONS} now`],
    ["confiture diff -e staging", "confiture diff -C 'the project' -e staging"],
    ["See: confiture migrate up --help", "See: confiture migrate up --help"],
    ["while no confiture is running", "while no confiture is running"],
    ["confiture migrate", "confiture migrate"],
  ])("%s", (text, aimed) => {
    expect(aimCommands(text, AIM)).toBe(aimed);
    expect(aimCommands(text, {})).toBe(text);
    expect(aimCommands(aimed, AIM)).toBe(aimed);
  });

  test.each([
    ["confiture migrate resolve 002 --applied", "confiture migrate resolve -e live --yes live 002 --applied"],
    [
      "confiture migrate resolve 002 --continue | --applied | --rolled-back",
      "confiture migrate resolve -e live --yes live 002 --continue | --applied | --rolled-back",
    ],
    [
      "`confiture build`, `confiture migrate up`",
      "`confiture build -e live --yes live`, `confiture migrate up -e live`",
    ],
    ["confiture migrate resolve 002 --continue", "confiture migrate resolve -e live 002 --continue"],
    ["confiture migrate baseline --proven", "confiture migrate baseline -e live --proven"],
    ["confiture migrate down --yes live", "confiture migrate down -e live --yes live"],
    ["confiture build -e staging", "confiture build -e staging"],
  ])("where the environment is protected: %s", (text, aimed) => {
    const aim = { environment: "live", confirm: "live" };
    expect(aimCommands(text, aim)).toBe(aimed);
    expect(aimCommands(aimed, aim)).toBe(aimed);
  });

  test("stay below each other where they stood below each other", () => {
    const aimed = aimCommands("  confiture migrate baseline   one\n  confiture migrate up         other", {
      environment: "x",
    });
    expect(aimed).toBe("  confiture migrate baseline -e x   one\n  confiture migrate up -e x         other");
  });

  test("have values as a shell reads them", () => {
    for (const value of ["plain-1.0", "with space", "it's", '$HOME `id` "x"', "a;b", "*", "é"]) {
      const aimed = aimCommands("confiture build", { environment: value });
      const { stdout } = Bun.spawnSync(["sh", "-c", aimed.replace("confiture", "printf '%s\\n'")]);
      expect(stdout.toString()).toBe(`build\n-e\n${value}\n`);
    }
  });
});

describe("a connection text without its password", () => {
  test.each([
    ["postgres://app:s3cret@db:5433/shop", "postgres://app@db:5433/shop"],
    ["postgresql://app:s3:cr%40et@[::1]/shop?sslmode=require", "postgresql://app@[::1]/shop?sslmode=require"],
    ["postgres://db/shop?user=app&password=s3cret", "postgres://db/shop?user=app"],
    ["postgres://db/shop?%70assword=s3cret", "postgres://db/shop"],
    ["postgres:///shop?host=/run/pg&sslpassword=s3cret", "postgres:///shop?host=/run/pg"],
    ["host=db user=app password=s3cret dbname=shop", "host=db user=app dbname=shop"],
    ["host=db password='s3 cret' dbname='my shop'", "host=db dbname='my shop'"],
  ])("%s", (given, shown) => {
    expect(withoutPassword(given)).toBe(shown);
  });
});

/** A text in the source: its place, and what stands in it; `${...}` becomes X. */
interface SourceString {
  readonly place: string;
  readonly text: string;
}

const SOURCE = join(import.meta.dir, "../../../src");

/** Every string of a TypeScript file, comments left out. */
function stringsOf(file: string): SourceString[] {
  const source = readFileSync(join(SOURCE, file), "utf8");
  const token =
    /\/\/[^\n]*|\/\*[^]*?\*\/|\/(?![/*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*(?=[.,;)\s])|"(?:\\.|[^"\\\n])*"|`(?:\\[^]|\$\{(?:[^{}`]|`[^`]*`|\{[^}]*\})*\}|[^`\\])*`/g;
  return [...source.matchAll(token)]
    .filter(([found]) => /^["`]/.test(found))
    .map(({ 0: found, index }) => ({
      place: `${file}:${source.slice(0, index).split("\n").length}`,
      text: found
        .slice(1, -1)
        .replaceAll(/\$\{(?:[^{}`]|`[^`]*`|\{[^}]*\})*\}/g, "X")
        .replaceAll(String.raw`\n`, "\n")
        .replaceAll("\\`", "`"),
    }));
}

/** Pages of help and completion scripts stand for no command in particular; a file that is written stays as it is. */
const NO_HINTS = /^cli\/(help|completion|registry)\.ts$/;
const WRITTEN_DOWN: readonly string[] = [
  "-- `confiture migrate baseline` records it there as applied.\n",
  "-- The schema of this project, assembled from X files by confiture build.\n-- Change the files, not this script.\n\n",
];
/** Where the program's name is followed by no command. */
const PROSE: readonly string[] = ["confiture is running"];

/** What `--help` shows of the commands: no next step of a run. */
async function helpTexts(): Promise<string> {
  const entries = Object.values(COMMANDS).flatMap((entry) => (isGroup(entry) ? Object.values(entry.commands) : entry));
  const commands = await Promise.all(entries.map(async ({ load }) => (await load()).command));
  return commands
    .flatMap(({ args, details = "", examples }) => [
      details,
      ...examples,
      ...Object.values(args).map(({ description }) => description ?? ""),
    ])
    .join("\n");
}

const help = await helpTexts();

describe("the texts of the source", () => {
  const texts = readdirSync(SOURCE, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !NO_HINTS.test(file))
    .flatMap(stringsOf)
    .filter(({ text }) => !help.includes(text) && !WRITTEN_DOWN.includes(text));

  test("are found", () => {
    expect(texts.some(({ text }) => text.includes("confiture migrate resolve X --continue"))).toBe(true);
    expect(texts.length).toBeGreaterThan(1000);
  });

  test("name no command that is left without its options", () => {
    const escaped = texts.flatMap(({ place, text }) => {
      const aimed = aimCommands(text, { environment: "production" });
      const rest = PROSE.reduce((left, prose) => left.replaceAll(prose, ""), aimed);
      const left = rest.replaceAll(/\bconfiture [a-z]+(?: [a-z]+)? (?:-e |--help)/g, "");
      return [...left.matchAll(/\bconfiture [a-z].*/g)].map(([command]) => `${place}: ${command}`);
    });
    expect(escaped).toEqual([]);
  });

  test("name commands with the program in front: only such are given their options", () => {
    const groups = Object.entries(COMMANDS).flatMap(([name, entry]) =>
      isGroup(entry) ? Object.keys(entry.commands).map((child) => `${name} ${child}`) : [],
    );
    const bare = new RegExp(`(?<!confiture |atlas )\\b(?:${groups.join("|")})\\b(?! \\()`);
    const alone = new RegExp(`\`(?:${Object.keys(COMMANDS).join("|")})[ \`]`);
    const found = texts.filter(({ text }) => bare.test(text) || alone.test(text));
    expect(found.map(({ place, text }) => `${place}: ${text}`)).toEqual([]);
  });
});
