import { afterAll, beforeAll, setDefaultTimeout } from "bun:test";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { commandFolder, Reader, readBlocks } from "../support/document.ts";
import { long } from "../support/long.ts";
import { ROOT } from "../support/postgres-binaries.ts";
import { MAJORS, server } from "../support/servers.ts";

const DOCUMENT = join(ROOT, "docs", "adopting.md");

// Compiling, a server and many processes in a row.
setDefaultTimeout(300_000);

let folder = "";
let commands = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "confiture-adopting-"));
  commands = await commandFolder();
});

afterAll(async () => {
  await rm(folder, { recursive: true });
  await rm(commands, { recursive: true });
});

long("docs/adopting.md is right from its first command to its last", async () => {
  const instance = await server(MAJORS.at(-1));
  const database = await instance.createDatabase("shop");
  const session = instance.connect(database);
  await session.unsafe("CREATE TABLE users (id int PRIMARY KEY, email text NOT NULL)");
  await session.end();
  const reader = new Reader("docs/adopting.md", folder, {
    HOME: folder,
    TZ: "UTC",
    PRODUCTION_URL: instance.url(database),
    PGPASSWORD: instance.password,
    PATH: `${commands}:${process.env["PATH"]}`,
  });
  for (const block of readBlocks(await readFile(DOCUMENT, "utf8"))) {
    if (block.language === "bash") await reader.run(block);
    else if (block.file !== undefined) await reader.write(block.file, block.text);
  }
  await instance.dropDatabase(database);
});
