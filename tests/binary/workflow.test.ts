import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { tarGz } from "../../scripts/release-archive.ts";
import { BINARY } from "../support/cli.ts";
import { commandFolder, Reader, readBlocks } from "../support/document.ts";
import { ALL } from "../support/long.ts";
import { ROOT } from "../support/postgres-binaries.ts";
import { NEWEST_ALONE, server, type TestServer } from "../support/servers.ts";
import { type JobResult, runJob } from "../support/workflow.ts";

const EXAMPLE = join(ROOT, "examples", "05-multi-environment-workflow");
const VERSION = "1.2.3";

// Compiling, a server and many processes in a row.
setDefaultTimeout(300_000);

/** GitHub's comments and issues, as the `gh` below keeps them. */
interface Hub {
  readonly comments: { readonly id: number; readonly body: string }[];
  readonly issues: { readonly number: number; readonly body: string; readonly state: string }[];
}

/** The calls of GitHub's command line that the workflows make, on a file. */
const GH = `
import { readFileSync, writeFileSync } from "node:fs";
const hub = JSON.parse(readFileSync(process.env.HUB, "utf8"));
const words = process.argv.slice(2);
const option = (name) => words[words.indexOf(name) + 1];
const call = words.filter((word) => !word.startsWith("-")).slice(0, 2).join(" ");
if (words[0] === "api") {
  const body = () => readFileSync(option("--field").replace("body=@", ""), "utf8");
  const path = words.find((word) => word.startsWith("repos/"));
  const method = words.includes("--method") ? option("--method") : "GET";
  if (method === "GET") {
    const mark = /startswith\\("(.*?)"\\)/.exec(option("--jq"))[1];
    for (const { id, body } of hub.comments) if (body.startsWith(mark)) console.log(id);
  } else if (method === "POST" && path === "repos/owner/shop/issues/7/comments") {
    hub.comments.push({ id: 100 + hub.comments.length, body: body() });
  } else if (method === "PATCH" && path.startsWith("repos/owner/shop/issues/comments/")) {
    hub.comments.find(({ id }) => String(id) === path.split("/").at(-1)).body = body();
  } else throw new Error(method + " " + path);
} else if (call === "issue list") {
  const open = hub.issues.find(({ state }) => state === "open");
  if (open !== undefined) console.log(open.number);
} else if (call === "issue create") {
  hub.issues.push({ number: hub.issues.length + 1, state: "open", body: readFileSync(option("--body-file"), "utf8") });
} else if (call === "issue edit") {
  hub.issues.find(({ number }) => String(number) === words[2]).body = readFileSync(option("--body-file"), "utf8");
} else if (call === "issue close") {
  hub.issues.find(({ number }) => String(number) === words[2]).state = "closed";
} else if (call !== "label create") throw new Error(words.join(" "));
writeFileSync(process.env.HUB, JSON.stringify(hub));
`;

let folder = "";
let project = "";
let commands = "";
let release: Bun.Server<undefined>;
let env: Record<string, string> = {};
let sha256 = "";

const hub = async (): Promise<Hub> => JSON.parse(await readFile(join(folder, "hub.json"), "utf8")) as Hub;

function git(...args: string[]): void {
  const { exitCode, stderr } = Bun.spawnSync(["git", ...args], { cwd: project, env });
  if (exitCode !== 0) throw new Error(`git ${args.join(" ")}: ${stderr.toString()}`);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "confiture-workflow-"));
  project = join(folder, "shop");
  // What GitHub's machines have, but no confiture: that has to be installed.
  await writeFile(join(folder, "gh.js"), GH);
  await writeFile(join(folder, "hub.json"), JSON.stringify({ comments: [], issues: [] }));
  commands = await commandFolder({ gh: `exec '${process.execPath}' '${join(folder, "gh.js")}' "$@"` });
  await rm(join(commands, "confiture"));
  // A release whose archive holds the executable under test.
  const data = new TextEncoder().encode(`#!/bin/sh\nexec '${BINARY}' "$@"\n`);
  const target = `confiture-${VERSION}-linux-${process.arch === "arm64" ? "arm64" : "x64"}`;
  const archive = tarGz([{ name: `${target}/confiture`, data, executable: true }]);
  sha256 = new Bun.CryptoHasher("sha256").update(archive).digest("hex");
  release = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: ({ url }) =>
      url.endsWith(`/release/${target}.tar.gz`) ? new Response(archive) : new Response("", { status: 404 }),
  });
  env = {
    HOME: folder,
    TZ: "UTC",
    HUB: join(folder, "hub.json"),
    GIT_AUTHOR_NAME: "Reader",
    GIT_AUTHOR_EMAIL: "reader@example.com",
    GIT_COMMITTER_NAME: "Reader",
    GIT_COMMITTER_EMAIL: "reader@example.com",
    PATH: `${commands}:${process.env["PATH"]}`,
  };
  await cp(EXAMPLE, project, { recursive: true });
  await cp(join(ROOT, ".github/actions"), join(project, ".github/actions"), { recursive: true });
  git("init", "--quiet", "--initial-branch=main");
  git("add", ".");
  git("commit", "--quiet", "--message", "The shop");
  git("update-ref", "refs/remotes/origin/main", "main");
});

afterAll(async () => {
  await release.stop(true);
  await rm(folder, { recursive: true, force: true });
  await rm(commands, { recursive: true, force: true });
});

interface Given {
  readonly secrets?: Readonly<Record<string, string>>;
  readonly inputs?: Readonly<Record<string, string>>;
  readonly sha256?: string;
}

function job(workflow: string, name: string, given: Given = {}): Promise<JobResult> {
  const contexts = {
    github: { event_name: "pull_request", base_ref: "main", token: "token", event: { number: 7 } },
    vars: {
      CONFITURE_RELEASE: `${release.url.href}release`,
      CONFITURE_VERSION: VERSION,
      CONFITURE_SHA256: given.sha256 ?? sha256,
    },
    secrets: given.secrets ?? {},
    inputs: given.inputs ?? {},
  };
  return runJob({ repository: project, folder, env, contexts }, `.github/workflows/${workflow}.yml`, name);
}

async function passes(workflow: string, name: string, given: Given = {}): Promise<JobResult> {
  const result = await job(workflow, name, given);
  expect({ name, failed: result.failed, log: result.log }).toEqual({ name, failed: false, log: result.log });
  return result;
}

const write = (file: string, text: string): Promise<number> => Bun.write(join(project, file), text);

// The steps are written for GitHub's machines.
const isTried = process.platform === "linux" && Bun.which("bash") !== null && Bun.which("curl") !== null;

describe.skipIf(!isTried || !ALL)("the workflow for several environments (Linux, needs bash and curl)", () => {
  test("reads as it is on one's own machine", async () => {
    const name = "examples/05-multi-environment-workflow/README.md";
    const own = await commandFolder();
    const reader = new Reader(name, project, { ...env, PATH: `${own}:${env["PATH"]}` });
    // It makes the repository itself.
    await rm(join(project, ".git"), { recursive: true });
    for (const block of readBlocks(await readFile(join(ROOT, name), "utf8"))) {
      if (block.language === "bash") await reader.run(block);
      else if (block.file?.startsWith("db/schema/") === true) await reader.write(block.file, block.text);
    }
    git("update-ref", "refs/remotes/origin/main", "main");
    await rm(own, { recursive: true });
  });

  test("installs nothing whose checksum is another", async () => {
    const { failed, log } = await job("pull-request", "check", { sha256: "0".repeat(64) });
    expect(failed).toBe(true);
    expect(log).toContain(`has the checksum ${sha256}, not 0000`);
    expect((await hub()).comments).toEqual([]);
  });

  test("a pull request that would block writers fails, with an annotation and a comment", async () => {
    await write("db/migrations/004_index_note.sql", "CREATE INDEX orders_note_idx ON orders (note);\n");
    const result = await job("pull-request", "check");
    expect(result.failed).toBe(true);
    expect(result.log).toMatch(/^::error .*file=db\/migrations\/004_index_note\.sql,line=1/m);
    expect(result.summary).toContain("| lint | **failed** (exit code 3) |");
    expect(result.summary).toContain("| verify | **failed** (exit code 3) |");
    expect(result.uploads["sarif"]).toContain("index-blocks-writes");
    expect((await hub()).comments.map(({ body }) => body)).toEqual([result.summary]);
  });

  test("without it the pull request passes, and the same comment says so", async () => {
    await rm(join(project, "db/migrations/004_index_note.sql"));
    const { summary, log } = await passes("pull-request", "check");
    for (const check of ["verify", "lint", "plan"]) expect(summary).toContain(`| ${check} | passed |`);
    expect(summary).toContain("003_add_order_note");
    expect(log).toContain("Schema built successfully");
    expect((await hub()).comments.map(({ body }) => body)).toEqual([summary]);
  });

  test("where the checks cannot run, the comment says so in place of what it said before", async () => {
    const environment = "db/environments/local.yaml";
    const before = await readFile(join(project, environment), "utf8");
    await write(environment, "database: [\n");
    const { failed, summary, uploads } = await job("pull-request", "check");
    await write(environment, before);
    expect(failed).toBe(true);
    for (const check of ["verify", "lint", "plan"]) {
      expect(summary).toContain(`| ${check} | **failed** (exit code 4) |`);
    }
    expect(summary).toContain("db/environments/local.yaml:1:11");
    expect((await hub()).comments.map(({ body }) => body)).toEqual([summary]);
    expect(uploads["sarif"]).toBeUndefined();
  });

  describe.each(NEWEST_ALONE)("on PostgreSQL %d", (major) => {
    let instance: TestServer;
    const databases = { staging: "", production: "" };
    const secrets = (): Record<string, string> => ({
      STAGING_DATABASE_URL: instance.url(databases.staging),
      PRODUCTION_DATABASE_URL: instance.url(databases.production),
      PRODUCTION_READONLY_URL: instance.url(databases.production),
    });
    const confiture = async (...args: string[]): Promise<{ exitCode: number; output: string }> => {
      const child = Bun.spawn([BINARY, ...args], { cwd: project, env: { ...env, ...secrets() }, stderr: "pipe" });
      const [stdout, stderr, exitCode] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
      return { exitCode, output: stdout + stderr };
    };
    const production = async (sql: string): Promise<void> => {
      const session = instance.connect(databases.production);
      await session.unsafe(sql);
      await session.end();
    };

    beforeAll(async () => {
      instance = await server(major);
      for (const name of ["staging", "production"] as const) {
        databases[name] = await instance.createDatabase(name);
        expect(await confiture("migrate", "up", "--env", name, "--to", "2")).toMatchObject({ exitCode: 0 });
      }
      await production(
        "INSERT INTO customers (email) VALUES ('a@example.com');" +
          "INSERT INTO orders (customer_id, total) SELECT 1, n FROM generate_series(1, 12000) n; ANALYZE orders",
      );
      git("switch", "--quiet", "main");
      git("merge", "--quiet", "add-order-note");
    });

    afterAll(() => Promise.all(Object.values(databases).map((name) => instance.dropDatabase(name))));

    test("staging follows the merge", async () => {
      const { log } = await passes("deploy", "staging", { secrets: secrets() });
      expect(log).toContain("003_add_order_note applied successfully");
      expect(log).toContain("No drift");
    });

    test("production refuses the lock on a large table, and takes the approved plan", async () => {
      expect(await confiture("migrate", "up", "--env", "production")).toMatchObject({ exitCode: 3 });
      const { summary } = await passes("deploy", "plan", { secrets: secrets() });
      expect(summary).toContain("ACCESS EXCLUSIVE");
      const { log } = await passes("deploy", "production", { secrets: secrets() });
      expect(log).toContain("003_add_order_note applied successfully");
    });

    test("what was changed by hand becomes one issue, which is closed when it is gone", async () => {
      const states = async () => (await hub()).issues.map(({ state, body }) => [state, body.includes("surprise")]);
      await passes("drift", "drift", { secrets: secrets() });
      expect(await states()).toEqual([]);
      await production("ALTER TABLE orders ADD COLUMN surprise text");
      for (const _ of [1, 2]) {
        await passes("drift", "drift", { secrets: secrets() });
        expect(await states()).toEqual([["open", true]]);
      }
      await production("ALTER TABLE orders DROP COLUMN surprise");
      await passes("drift", "drift", { secrets: secrets() });
      expect(await states()).toEqual([["closed", true]]);
    });

    test("the check for drift fails when it cannot be made", async () => {
      const given = { secrets: { PRODUCTION_READONLY_URL: "postgres://nobody@127.0.0.1:1/none" } };
      expect(await job("drift", "drift", given)).toMatchObject({ failed: true });
    });

    test("production goes back", async () => {
      const given = { secrets: secrets(), inputs: { to: "002" } };
      expect((await passes("rollback", "show", given)).summary).toContain("003_add_order_note (applied");
      expect((await passes("rollback", "rollback", given)).log).toContain(
        "003_add_order_note rolled back successfully",
      );
    });

    test("the template for GitLab runs as it is", async () => {
      const { default: common, ...jobs } = parse(await readFile(join(EXAMPLE, ".gitlab-ci.yml"), "utf8")) as Record<
        string,
        { before_script?: string[]; script?: string[] }
      >;
      const variables = {
        CONFITURE_RELEASE: `${release.url.href}release`,
        CONFITURE_VERSION: VERSION,
        CONFITURE_SHA256: sha256,
        CI_MERGE_REQUEST_DIFF_BASE_SHA: "refs/remotes/origin/main",
      };
      for (const name of process.arch === "x64" ? ["check", "staging", "plan", "production", "drift"] : []) {
        const script = [...(common?.before_script ?? []), ...(jobs[name]?.script ?? [])].join("\n");
        const child = Bun.spawn(["bash", "-eo", "pipefail", "-c", script], {
          cwd: project,
          env: { ...env, ...variables, ...secrets() },
          stderr: "pipe",
        });
        const [stdout, stderr, exitCode] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
        expect({ name, exitCode, output: stdout + stderr }).toEqual({ name, exitCode: 0, output: stdout + stderr });
      }
    });
  });
});
