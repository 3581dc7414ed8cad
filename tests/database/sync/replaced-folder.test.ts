import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { openReplacement } from "#database/embedded/replacement.ts";
import { withDatabase } from "#database/open.ts";
import type { Target } from "#database/target.ts";
import { temporaryProject } from "../../support/project.ts";
import { copy } from "./copying.ts";

const CLUSTER = ["PG_VERSION", "base/1/1259", "global/pg_control", "pg_wal/0", "pg_hba.conf", "postgresql.auto.conf"];

function cluster(folder: string): Record<string, string> {
  return Object.fromEntries(CLUSTER.map((name) => [`${folder}/${name}`, "18\n"]));
}

test("nothing but an embedded database is removed for a new one", async () => {
  await using project = await temporaryProject({
    ...cluster("own"),
    ...cluster("left"),
    ...cluster("served"),
    "served/postmaster.pid": "4711\n",
    ...cluster("data"),
    "data/production/PG_VERSION": "18\n",
    "files/schema/10_users.sql": "create table users (id int);",
    "strange/base/1": "",
    "left.replaced/base/1259": "",
    "left.sync/pg_wal/0": "",
    "used.sync/notes.txt": "mine",
  });
  await mkdir(join(project.dir, "empty"));
  await symlink("files", join(project.dir, "link"));
  const opening = async (name: string): Promise<string> => {
    const replacement = await openReplacement(join(project.dir, name), 0).catch((error: unknown) => error as Error);
    if (replacement instanceof Error) return replacement.message;
    await replacement.abandon();
    return "taken";
  };
  expect(await opening("files")).toContain('holds "schema", which is of no database');
  expect(await opening("link")).toContain('holds "schema"');
  expect(await opening(".")).toContain("which is of no database");
  expect(await opening("data")).toContain('holds "production"');
  expect(await opening("strange")).toContain("holds no database");
  expect(await opening("served")).toContain("belongs to a PostgreSQL server");
  expect(await opening("used")).toContain('holds "notes.txt"');
  for (const name of ["own", "left", "empty", "new"]) expect([name, await opening(name)]).toEqual([name, "taken"]);
  for (const name of ["files/schema/10_users.sql", "data/production/PG_VERSION", "used.sync/notes.txt"])
    expect([name, existsSync(join(project.dir, name))]).toEqual([name, true]);
  for (const name of ["left.sync", "left.replaced", "files.lock"])
    expect([name, existsSync(join(project.dir, name))]).toEqual([name, false]);
});

test("a copy takes no folder around the one that it is made of, nor one in it", async () => {
  await using project = await temporaryProject({});
  const at = (path: string): Target => ({ engine: "embedded", path: join(project.dir, path) });
  await withDatabase(at("data/production"), {}, (database) => database.execute("create table t as select 1 as id"));
  for (const path of ["data", "data/production/copy", "."])
    expect(await copy(at("data/production"), at(path)).catch((error: unknown) => error)).toMatchObject({
      code: "sync_not_allowed",
      message: expect.stringContaining("inside of the other"),
    });
  await withDatabase(at("data/production"), {}, async (database) =>
    expect(await database.query("select id from t")).toEqual([{ id: 1 }]),
  );
}, 60_000);
