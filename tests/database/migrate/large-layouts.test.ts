import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { discoverMigrations } from "#migrate/files/discover.ts";
import { loadMigration } from "#migrate/files/load.ts";
import { newestAndEmbedded } from "../../support/engines.ts";
import { placeOf } from "../failure.ts";
import { migrating } from "./migrating.ts";

/** More than is read at once: 17 MiB in long lines. */
const COPIED = 272;
const DATA = `COPY one FROM stdin;\n${`${"x".repeat(1 << 16)}\n`.repeat(COPIED)}\\.\n`;
const UP = `CREATE TABLE one (a text);\n${DATA}INSERT INTO one VALUES ('last');\n`;
const DOWN = "DROP TABLE one;\n";

interface Example {
  readonly files: Readonly<Record<string, string>>;
  /** Rows beside those of the COPY. */
  readonly inserted: number;
  readonly hasDown: boolean;
}

/** Statements that only a mark of the tool ends, its ways in turn, and the way back between two parts of the way up. */
const marked = (tool: string): string =>
  `-- ${tool} Up
CREATE TABLE one (a text);
-- ${tool} StatementBegin
INSERT INTO one VALUES ('first')
-- ${tool} StatementEnd
INSERT INTO one VALUES ('secönd');
${DATA}-- ${tool} Down
DROP TABLE one;
-- ${tool} Up
INSERT INTO one VALUES ('last');
`;

function atlasSum(name: string, text: string): string {
  const sum = createHash("sha256").update(name).update(text).digest("base64");
  const total = createHash("sha256").update(name).update(sum).digest("base64");
  return `h1:${total}\n${name} h1:${sum}\n`;
}

const EXAMPLES: Readonly<Record<string, Example>> = {
  flyway: { files: { "V1__one.sql": UP, "U1__one.sql": DOWN }, inserted: 1, hasDown: true },
  prisma: { files: { "20240101000000_one/migration.sql": UP }, inserted: 1, hasDown: false },
  atlas: {
    files: { "20240101000000_one.sql": UP, "atlas.sum": atlasSum("20240101000000_one.sql", UP) },
    inserted: 1,
    hasDown: false,
  },
  goose: { files: { "00001_one.sql": marked("+goose") }, inserted: 3, hasDown: true },
  "sql-migrate": { files: { "1_one.sql": marked("+migrate") }, inserted: 3, hasDown: true },
  "node-pg-migrate": {
    files: { "1_one.sql": `-- Up Migration\n${UP}-- Down Migration\n${DOWN}` },
    inserted: 1,
    hasDown: true,
  },
  tern: {
    files: { "001_one.sql": `${UP}---- create above / drop below ----\n${DOWN}`, "tern.conf": "" },
    inserted: 1,
    hasDown: true,
  },
  drizzle: {
    files: {
      "meta/_journal.json": '{"entries":[{"tag":"0000_one","when":1}]}',
      "0000_one.sql": `CREATE TABLE one (a text)\n--> statement-breakpoint\nINSERT INTO one VALUES ('first')--> statement-breakpoint\nINSERT INTO one VALUES ('second');--> statement-breakpoint\n${DATA}`,
    },
    inserted: 2,
    hasDown: false,
  },
};

const inFolder = (files: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(files).map(([name, text]) => [`db/migrations/${name}`, text]));

describe("a large file of another tool", () => {
  const [server] = newestAndEmbedded;

  test.each(Object.entries(EXAMPLES))(
    "of %s is read piece by piece, and runs as one read whole",
    async (layout, example) => {
      await using m = await migrating(server!, inFolder(example.files));
      const { projectDir, dir } = m.options;
      const found = discoverMigrations(projectDir, dir, undefined);
      expect(found.layout as string).toBe(layout);
      const { up } = await loadMigration(projectDir, found.migrations[0]!);
      expect(up.kind === "sql" && up.script.outline !== undefined).toBe(true);
      expect(await m.up()).toMatchObject({ error: undefined, results: [expect.stringMatching(/ done$/)] });
      expect(
        await m.query("SELECT count(*)::int AS rows, count(*) FILTER (WHERE length(a) = 65536)::int AS long FROM one"),
      ).toEqual([{ rows: COPIED + example.inserted, long: COPIED }]);
      if (!example.hasDown) return;
      expect(await m.down()).toMatchObject({ error: undefined, results: [expect.stringMatching(/ done$/)] });
      expect(await m.has("one")).toBe(false);
    },
  );

  test("an error behind its data, its other way and its marks is where it stands", async () => {
    const file = `${marked("+goose")}SELECT wrong;\n`;
    await using m = await migrating(server!, inFolder({ "00001_one.sql": file }));
    const { error } = await m.up();
    expect(placeOf(error)).toBe(`db/migrations/00001_one.sql:${file.split("\n").length - 1}:8`);
    expect(await m.has("one")).toBe(false);
  });

  test("what its tool would fill in is found in the middle of data", async () => {
    const file = UP.replace("\\.\n", "${placeholder}\n\\.\n");
    await using m = await migrating(server!, inFolder({ "V1__one.sql": file }));
    const { error } = await m.up();
    expect(error).toMatchObject({ code: "migration_template", location: { line: COPIED + 3 } });
  });
});
