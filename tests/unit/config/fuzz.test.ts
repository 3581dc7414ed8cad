import { expect, test } from "bun:test";
import { loadConfig } from "#config/load.ts";
import { ConfitureError } from "#errors/error.ts";
import { temporaryProject } from "../../support/project.ts";
import { printed } from "./fixture.ts";

const seed = Number(process.env["CONFITURE_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const ROUNDS = 500;

// Its letters are in no key, so that no suggestion can hold a part of it by chance.
const PASSWORD = "QX7#ZW@9K";
const PARTS = ["QX7", "ZW@", "9K"];

const SAMPLES = [
  `name: local
database:
  host: localhost
  port: 5432
  database: shop
  user: app
  password: "${PASSWORD}"
  sslmode: prefer
include_dirs:
  - db/schema
  - path: db/extra
    recursive: false
    exclude: ["*.tmp.sql"]
exclude_dirs: []
migrations:
  dir: db/migrations
  lock_wait: 30s
protected: false
`,
  `database:
  url: postgres://app:QX7%23ZW%409K@db:5432/shop?sslmode=require&connect_timeout=10
  application_name: \${APP:-confiture}
migrations: {table: ops.history, lock_timeout: 5s}
build:
  reset_between_files: true
`,
  `base: &base
  user: app
  password: '${PASSWORD}'
database:
  <<: *base
  host: \${HOST}
`,
  `{"database": {"host": "h", "password": "${PASSWORD}", "port": 5432}, "exclude_dirs": ["a", "b"]}`,
];

const FRAGMENTS = [
  ...Array.from("\n\t :-#&*!|>'\"%@`{}[],?\\$~"),
  "\r\n",
  "  ",
  "- ",
  ": ",
  "${",
  "}",
  "$${",
  "---\n",
  "...\n",
  "<<: ",
  "&a ",
  "*a",
  "!!binary ",
  "null",
  "port: ",
  "password: ",
  "url: ",
  "\uFEFF",
  "\0",
  "🍓",
  "%YAML 1.1\n",
];

/** Mulberry32: small, and the same everywhere. */
function generator(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** One to four edits, none of them inside the password, which would no longer be one then. */
function mutate(text: string, random: () => number): string {
  const below = (limit: number): number => Math.floor(random() * limit);
  let pieces = text.split(/(QX7#ZW@9K|QX7%23ZW%409K)/);
  for (let edits = 1 + below(4); edits > 0; edits--) {
    const index = 2 * below((pieces.length + 1) / 2);
    const piece = pieces[index] ?? "";
    const from = below(piece.length + 1);
    const to = from + below(4);
    const fragment = FRAGMENTS[below(FRAGMENTS.length)] ?? "";
    const kind = below(4);
    let changed = piece.slice(0, from) + fragment + piece.slice(from);
    if (kind === 1) changed = piece.slice(0, from) + piece.slice(to);
    if (kind === 2) changed = piece.slice(0, from) + piece.slice(to) + piece.slice(from, to);
    if (kind === 3) changed = piece.slice(0, from) + piece.slice(from, to).repeat(3) + piece.slice(to);
    pieces = pieces.with(index, changed);
  }
  return pieces.join("");
}

test(`a broken environment file ends in a ConfitureError without the password (CONFITURE_SEED=${seed})`, async () => {
  await using project = await temporaryProject();
  const random = generator(seed);
  let loaded = 0;
  let refused = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const yaml = mutate(SAMPLES[round % SAMPLES.length]!, random);
    await project.write("db/environments/local.yaml", yaml);
    const started = performance.now();
    try {
      const options = { projectDir: project.dir, env: { HOST: "db" }, homeDirectory: "", userName: "alice" };
      await loadConfig({ ...options, platform: "linux" });
      loaded++;
    } catch (error) {
      if (!(error instanceof ConfitureError))
        throw new Error(`Not ours, for ${JSON.stringify(yaml)}`, { cause: error });
      refused++;
      const print = printed(error);
      const leaked = PARTS.filter((part) => print.includes(part));
      if (leaked.length > 0)
        throw new Error(`Leaks ${leaked.join()} for ${JSON.stringify(yaml)}:\n${print}`, { cause: error });
      expect(error.code).toStartWith("config_");
    }
    expect(performance.now() - started).toBeLessThan(20_000);
  }
  // Both ways out have to be taken, or the mutations test nothing. A tenth is to be expected, and chance takes from that.
  expect(loaded).toBeGreaterThan(ROUNDS / 100);
  expect(refused).toBeGreaterThan(ROUNDS / 100);
});
