import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { RECORDING, stepsOf } from "../../scripts/recording.ts";
import { OUTLINE, UNLISTED } from "../../scripts/website/outline.ts";
import { BASE, relativePage } from "../../scripts/website/relative-base.ts";
import { documentsIn, stage } from "../../scripts/website/stage.ts";
import { readBlocks } from "../support/document.ts";
import { ROOT } from "../support/postgres-binaries.ts";

// What VitePress makes of it is built and opened in a browser by `scripts/docs-site --try`.

const read = (name: string): string => readFileSync(join(ROOT, name), "utf8");

test("every document has a place in the outline of the site, and the outline has no other", () => {
  const listed = OUTLINE.flatMap(({ entries }) =>
    entries.map((entry) => (typeof entry === "string" ? entry : entry.file)),
  );
  const wanted = documentsIn(ROOT).filter((name) => !UNLISTED.test(name));
  expect(listed.toSorted()).toEqual(wanted.toSorted());
});

test("every link of a page of the site leads to a page of the site", () => {
  const { pages, broken } = stage(ROOT);
  expect(broken).toEqual([]);
  expect(pages.size).toBeGreaterThan(200);
  const dead: string[] = [];
  for (const [address, text] of pages) {
    const prose = text.replaceAll(/^(````?)[^]*?^\1$/gm, "");
    for (const [, link = ""] of prose.matchAll(/\]\(([^)\s#]+)[^)]*\)/g)) {
      if (/^[a-z]+:/.test(link)) continue;
      const target = posix.join(posix.dirname(address), link);
      if (!pages.has(target) && link !== "/recording.svg") dead.push(`${address}: ${link}`);
    }
  }
  expect(dead).toEqual([]);
});

test("a page finds what it needs from where it is", () => {
  const html = `<head></head><body><a href="${BASE}faq.html"></a><script>window.__VP_SITE_DATA__=JSON.parse("{\\"base\\":\\"${BASE}\\"}");</script></body>`;
  expect(relativePage(html, "index.html")).toContain('href="./faq.html"');
  const deep = relativePage(html, "guides/one/two.html");
  expect(deep).toContain('href="../../faq.html"');
  expect(deep).toContain('new URL("../../",location.href)');
  expect(deep).not.toContain(BASE);
});

test("the home page installs as docs/installing.md does, whose commands are run", () => {
  const installing = read("docs/installing.md");
  const home = [...read("scripts/website/home.md").matchAll(/^```sh \[.*\]\n([^]*?)^```$/gm)];
  expect(home.length).toBe(5);
  for (const [, text = ""] of home) expect(installing).toContain(text);
});

describe("the recorded terminal", () => {
  const picture = read(RECORDING);

  test("runs the commands of the README, in its order", () => {
    const shown = Array.from(picture.matchAll(/data-command="([^"]*)"/g), ([, command]) => command);
    const commands = stepsOf(read("README.md")).flatMap((step) => ("command" in step ? [step.command] : []));
    expect(shown).toEqual(commands);
    expect(shown.length).toBeGreaterThan(8);
  });

  test("shows what the README says that they print", () => {
    const said = readBlocks(read("README.md").split("\n## ")[1]!)
      .flatMap(({ text }) => [...text.matchAll(/^# (✅ .*)$/gm)])
      .map(([, line = ""]) => line.slice(2).replaceAll(/\([^)]*\d(ms|:\d\d)\)| in \d.*/g, ""));
    expect(said.length).toBeGreaterThan(8);
    // Names are bold, and what follows them is aligned.
    const text = picture.replaceAll(/<[^>]*>/g, "").replaceAll(/ +/g, " ");
    for (const line of said) expect(text).toContain(line.trim());
  });

  test("holds nothing of the machine that it was made on", () => {
    expect(picture).not.toMatch(/\/(tmp|home|root|work|Users)\b/);
  });
});

test("the comparison says nothing of another tool without a source", () => {
  const rows = read("docs/comparison.md")
    .split("\n")
    .filter((line) => /^\| (?!tool\b|-|Confiture)/.test(line));
  expect(rows.length).toBeGreaterThan(20);
  const unfounded = rows.flatMap((row) => {
    const [tool = "", ...cells] = row.split("|").slice(1, -1);
    return cells
      .filter((cell) => cell.trim() !== "" && !/\]\((https:|formats\.md)/.test(cell))
      .map((cell) => `${tool}: ${cell}`);
  });
  expect(unfounded).toEqual([]);
});

/** What the makers of each tool publish. */
const OWN_PAGES: Readonly<Record<string, readonly string[]>> = {
  dbmate: ["raw.githubusercontent.com/amacneil/dbmate/", "www.npmjs.com/package/dbmate"],
  "golang-migrate": [
    "github.com/golang-migrate/",
    "raw.githubusercontent.com/golang-migrate/",
    "pkg.go.dev/github.com/golang-migrate/",
  ],
  sqlx: ["github.com/launchbadge/sqlx/", "github.com/transact-rs/sqlx/", "docs.rs/sqlx-cli/"],
  Flyway: [
    "github.com/flyway/",
    "documentation.red-gate.com/flyway/",
    "www.red-gate.com/hub/product-learning/flyway/",
    "plugins.gradle.org/u/flyway",
  ],
  Liquibase: ["github.com/liquibase/", "docs.liquibase.com/"],
  Atlas: ["atlasgo.io/", "www.atlasgo.io/", "github.com/ariga/"],
  pgschema: ["github.com/pgplex/pgschema/"],
  pgroll: ["raw.githubusercontent.com/xataio/pgroll/", "github.com/xataio/pgroll/"],
  "Prisma Migrate": [
    "www.prisma.io/docs/",
    "prisma.io/docs/",
    "raw.githubusercontent.com/prisma/prisma-engines/",
    "www.npmjs.com/package/prisma",
  ],
  "Drizzle Kit": ["orm.drizzle.team/", "github.com/drizzle-team/", "www.npmjs.com/package/drizzle-kit"],
  Alembic: ["alembic.sqlalchemy.org/", "github.com/sqlalchemy/alembic"],
  "Active Record": ["guides.rubyonrails.org/", "github.com/rails/rails/"],
};

test("the sources of the comparison are pages of the tool that they tell of", () => {
  const foreign = read("docs/comparison.md")
    .split("\n")
    .flatMap((line) => {
      const tool = Object.keys(OWN_PAGES).find((name) => line.startsWith(`| ${name} `));
      const own = tool === undefined ? Object.values(OWN_PAGES).flat() : OWN_PAGES[tool]!;
      const links = Array.from(line.matchAll(/\]\(https:\/\/([^)]*)\)/g), ([, link = ""]) => link);
      return links.filter((link) => !own.some((start) => link.startsWith(start)));
    });
  expect(foreign).toEqual([]);
});
