import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { flywayChecksum } from "#migrate/layouts/flyway.ts";
import { commandFolder, Reader, readBlocks } from "../support/document.ts";
import { few } from "../support/long.ts";
import { ROOT } from "../support/postgres-binaries.ts";
import { OLDEST_ALONE, server } from "../support/servers.ts";

const USERS = "CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL);\n";
const POSTS = "CREATE TABLE posts (id bigint PRIMARY KEY, author bigint NOT NULL REFERENCES users);\n";
const TITLE = "ALTER TABLE posts ADD COLUMN title text;\n";

/** A project of a tool that has applied its first two migrations; the third is pending. */
interface Project {
  readonly files: Readonly<Record<string, string>>;
  /** The tool's own table, as its own statements leave it. */
  readonly history: string;
}

const hash = (algorithm: string, text: string): string => createHash(algorithm).update(text).digest("hex");
const dbmate = (up: string, down: string): string => `-- migrate:up\n${up}\n-- migrate:down\n${down}\n`;

const ATLAS = {
  "20240101000000_create_users.sql": USERS,
  "20240102000000_create_posts.sql": POSTS,
  "20240103000000_add_title.sql": TITLE,
};

/** As `atlas migrate hash` writes it: every hash is of all that stands before it, too. */
function atlasSum(files: Readonly<Record<string, string>>): string {
  const [running, total] = [createHash("sha256"), createHash("sha256")];
  const lines = Object.entries(files).map(([name, text]) => {
    const sum = running.update(name).update(text).copy().digest("base64");
    total.update(name).update(sum);
    return `${name} h1:${sum}\n`;
  });
  return `h1:${total.digest("base64")}\n${lines.join("")}`;
}

const drizzleEntry = (idx: number, name: string) => ({
  idx,
  version: "7",
  when: 1704067200000 + idx,
  tag: `000${idx}_${name}`,
  breakpoints: true,
});

const PROJECTS: Readonly<Record<string, Project>> = {
  dbmate: {
    files: {
      "db/migrations/20240101000000_create_users.sql": dbmate(USERS, "DROP TABLE users;"),
      "db/migrations/20240102000000_create_posts.sql": dbmate(POSTS, "DROP TABLE posts;"),
      "db/migrations/20240103000000_add_title.sql": dbmate(TITLE, "ALTER TABLE posts DROP COLUMN title;"),
    },
    history: `CREATE TABLE schema_migrations (version varchar(255) primary key);
      INSERT INTO schema_migrations VALUES ('20240101000000'), ('20240102000000')`,
  },
  "golang-migrate": {
    files: {
      "migrations/000001_create_users.up.sql": USERS,
      "migrations/000001_create_users.down.sql": "DROP TABLE users;\n",
      "migrations/000002_create_posts.up.sql": POSTS,
      "migrations/000002_create_posts.down.sql": "DROP TABLE posts;\n",
      "migrations/000003_add_title.up.sql": TITLE,
      "migrations/000003_add_title.down.sql": "ALTER TABLE posts DROP COLUMN title;\n",
    },
    history: `CREATE TABLE schema_migrations (version bigint not null primary key, dirty boolean not null);
      INSERT INTO schema_migrations VALUES (2, false)`,
  },
  sqlx: {
    files: {
      "migrations/20240101000000_create_users.sql": USERS,
      "migrations/20240102000000_create_posts.sql": POSTS,
      "migrations/20240103000000_add_title.sql": TITLE,
    },
    history: `CREATE TABLE _sqlx_migrations (version BIGINT PRIMARY KEY, description TEXT NOT NULL,
        installed_on TIMESTAMPTZ NOT NULL DEFAULT now(), success BOOLEAN NOT NULL, checksum BYTEA NOT NULL,
        execution_time BIGINT NOT NULL);
      INSERT INTO _sqlx_migrations VALUES
        (20240101000000, 'create users', now(), true, '\\x${hash("sha384", USERS)}', 12000000),
        (20240102000000, 'create posts', now(), true, '\\x${hash("sha384", POSTS)}', 12000000)`,
  },
  flyway: {
    files: { "sql/V1__create_users.sql": USERS, "sql/V2__create_posts.sql": POSTS, "sql/V2.1__add_title.sql": TITLE },
    history: `CREATE TABLE flyway_schema_history (installed_rank int PRIMARY KEY, version varchar(50),
        description varchar(200) NOT NULL, type varchar(20) NOT NULL, script varchar(1000) NOT NULL, checksum int,
        installed_by varchar(100) NOT NULL, installed_on timestamp NOT NULL DEFAULT now(), execution_time int NOT NULL,
        success boolean NOT NULL);
      INSERT INTO flyway_schema_history VALUES
        (1, '1', 'create users', 'SQL', 'V1__create_users.sql', ${flywayChecksum([Buffer.from(USERS)])}, 'ann', now(), 5, true),
        (2, '2', 'create posts', 'SQL', 'V2__create_posts.sql', ${flywayChecksum([Buffer.from(POSTS)])}, 'ann', now(), 5, true)`,
  },
  prisma: {
    files: {
      "prisma/migrations/20240101000000_create_users/migration.sql": USERS,
      "prisma/migrations/20240102000000_create_posts/migration.sql": POSTS,
      "prisma/migrations/20240103000000_add_title/migration.sql": TITLE,
      "prisma/migrations/migration_lock.toml": 'provider = "postgresql"\n',
    },
    history: `CREATE TABLE _prisma_migrations (id varchar(36) PRIMARY KEY, checksum varchar(64) NOT NULL, finished_at timestamptz,
        migration_name varchar(255) NOT NULL, logs text, rolled_back_at timestamptz,
        started_at timestamptz NOT NULL DEFAULT now(), applied_steps_count int NOT NULL DEFAULT 0);
      INSERT INTO _prisma_migrations VALUES
        ('a', '${hash("sha256", USERS)}', now(), '20240101000000_create_users', null, null, now(), 1),
        ('b', '${hash("sha256", POSTS)}', now(), '20240102000000_create_posts', null, null, now(), 1)`,
  },
  drizzle: {
    files: {
      "drizzle/meta/_journal.json": JSON.stringify({
        version: "7",
        dialect: "postgresql",
        entries: ["create_users", "create_posts", "add_title"].map((name, index) => drizzleEntry(index, name)),
      }),
      "drizzle/0000_create_users.sql": USERS,
      "drizzle/0001_create_posts.sql": POSTS,
      "drizzle/0002_add_title.sql": TITLE,
    },
    history: `CREATE SCHEMA drizzle;
      CREATE TABLE drizzle.__drizzle_migrations (id serial PRIMARY KEY, hash text NOT NULL, created_at bigint);
      INSERT INTO drizzle.__drizzle_migrations (hash, created_at)
        VALUES ('${hash("sha256", USERS)}', 1704067200000), ('${hash("sha256", POSTS)}', 1704067200001)`,
  },
  atlas: {
    files: {
      ...Object.fromEntries(Object.entries(ATLAS).map(([name, text]) => [`migrations/${name}`, text])),
      "migrations/atlas.sum": atlasSum(ATLAS),
    },
    history: `CREATE SCHEMA atlas_schema_revisions;
      CREATE TABLE atlas_schema_revisions.atlas_schema_revisions (version varchar PRIMARY KEY, description varchar NOT NULL,
        type bigint NOT NULL DEFAULT 2, applied bigint NOT NULL DEFAULT 0, total bigint NOT NULL DEFAULT 0,
        executed_at timestamptz NOT NULL, execution_time bigint NOT NULL, error text, error_stmt text, hash varchar NOT NULL,
        partial_hashes jsonb, operator_version varchar NOT NULL);
      INSERT INTO atlas_schema_revisions.atlas_schema_revisions
        (version, description, type, applied, total, executed_at, execution_time, hash, operator_version) VALUES
        ('20240101000000', 'create_users', 2, 1, 1, now(), 5000000, 'h', ''),
        ('20240102000000', 'create_posts', 2, 1, 1, now(), 5000000, 'h', '')`,
  },
  supabase: {
    files: {
      "supabase/migrations/20240101000000_create_users.sql": USERS,
      "supabase/migrations/20240102000000_create_posts.sql": POSTS,
      "supabase/migrations/20240103000000_add_title.sql": TITLE,
    },
    history: `CREATE SCHEMA supabase_migrations;
      CREATE TABLE supabase_migrations.schema_migrations (version text PRIMARY KEY, statements text[], name text);
      INSERT INTO supabase_migrations.schema_migrations (version) VALUES ('20240101000000'), ('20240102000000')`,
  },
};

// Compiling, a server and many processes in a row.
setDefaultTimeout(300_000);

let folder = "";
let commands = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "confiture-coming-from-"));
  commands = await commandFolder();
});

afterAll(async () => {
  await rm(folder, { recursive: true });
  await rm(commands, { recursive: true });
});

test("there is a project for every page", async () => {
  const pages = (await readdir(join(ROOT, "docs/coming-from"))).map((name) => name.replace(/\.md$/, ""));
  expect(pages.toSorted()).toEqual(Object.keys(PROJECTS).toSorted());
});

for (const major of OLDEST_ALONE) {
  test.each(few(2, Object.entries(PROJECTS)))(
    `docs/coming-from/%s.md on PostgreSQL ${major}`,
    async (tool, project) => {
      const name = `docs/coming-from/${tool}.md`;
      const instance = await server(major);
      const database = await instance.createDatabase("shop");
      const session = instance.connect(database);
      await session.unsafe(`${USERS}${POSTS}${project.history}`);
      await session.end();
      const cwd = await mkdtemp(join(folder, `${tool}-`));
      const reader = new Reader(name, cwd, {
        HOME: cwd,
        TZ: "UTC",
        DATABASE_URL: instance.url(database),
        PATH: `${commands}:${process.env["PATH"]}`,
      });
      for (const [file, text] of Object.entries(project.files)) await reader.write(file, text);
      for (const block of readBlocks(await readFile(join(ROOT, name), "utf8"))) {
        if (block.language === "bash") await reader.run(block);
        else if (block.file !== undefined) await reader.write(block.file, block.text);
      }
      await instance.dropDatabase(database);
    },
  );
}
