import { describe, expect, test } from "bun:test";
import { discoverMigrations } from "#migrate/files/discover.ts";
import { failureOf } from "../../database/failure.ts";
import { temporaryProject } from "../../support/project.ts";

const [A, B] = ["a".repeat(64), "b".repeat(64)];
const ONE = `-- squashed: 001 ${A} one`;
const TWO = `-- squashed: 002 ${B} two`;

/** What the head of a base says, as every command reads it. */
async function squashedIn(base: string): Promise<string[]> {
  await using project = await temporaryProject({ "db/migrations/base.sql": base });
  const { squashed } = discoverMigrations(project.dir, "db/migrations", undefined);
  return squashed.map(({ version, name }) => `${version} ${name}`);
}

describe("no line about a squashed migration is passed over", () => {
  test.each([
    ["as it was written", `${ONE}\n${TWO}\nSELECT 1;\n`],
    ["below other comments", `-- Ours.\n\n${ONE}\n-- Squashed in March.\n${TWO}\nSELECT 1;\n`],
    ["behind a byte order mark, with other line ends", `\uFEFF${ONE}\r\n${TWO}\r\nSELECT 1;\r\n`],
    ["twice, as a merge that keeps both sides has them", `${ONE}\n${TWO}\n${ONE}\n${TWO}\nSELECT 1;\n`],
  ])("%s", async (_, base) => {
    expect(await squashedIn(base)).toEqual(["001 one", "002 two"]);
  });

  test.each([
    ["a git conflict", `<<<<<<< HEAD\n${ONE}\n=======\n${TWO}\n>>>>>>> other\n`, "file_conflict_marker", 1],
    [
      "a git conflict behind the first",
      `${ONE}\n<<<<<<< HEAD\n${TWO}\n=======\n>>>>>>> x\n`,
      "file_conflict_marker",
      2,
    ],
    ["no checksum", `${ONE}\n-- squashed: 002\nSELECT 1;\n`, "base_head_unclear", 2],
    ["a checksum that is cut", `${ONE.replace("aaaa", "aa")}\n${TWO}\n`, "base_head_unclear", 1],
    ["another spelling", `--squashed: 001 ${A} one\n${TWO}\n`, "base_head_unclear", 1],
    ["a statement above it", `${ONE}\nSET ROLE app;\n${TWO}\nSELECT 1;\n`, "base_head_unclear", 3],
    ["two texts of one version", `${ONE}\n-- squashed: 1 ${B} other\n`, "base_head_unclear", 2],
    ["a former version without its migration", `-- formerly: 1.1 ${A}\n${TWO}\n`, "base_head_unclear", 1],
  ])("%s is refused at its line", async (_, base, code, line) => {
    const error = await failureOf(() => squashedIn(base));
    expect(error).toMatchObject({ code, exitCode: code === "base_head_unclear" ? 7 : 1 });
    expect(error).toMatchObject({ location: { file: "db/migrations/base.sql", line, column: 1 } });
  });
});
