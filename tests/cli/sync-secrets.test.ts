import { expect, test } from "bun:test";
import { readFile, rm } from "node:fs/promises";
import { runHere } from "../support/in-process.ts";
import { temporaryProject } from "../support/project.ts";
import { NEWEST_ALONE, startServer } from "../support/servers.ts";

const KEY = "5ec2e7".padEnd(64, "0123456789abcdef");

/** Every value has `canary` in it, and no statement of this file. */
const SCHEMA = `
  create table people (id int primary key, email text not null, code text, note text, day text);
  insert into people select g, concat('can', 'ary', g, '@home.example'), concat('can', 'ary ', g), 'called', concat('can', 'ary day') from generate_series(1, 50) g;
  create function in_copy() returns bool stable language sql as $$ select current_database() like '%sync%' $$;`;

const RULES = `tables:
  people: { keep: [id, note], email: email, code: token, day: filler }
`;

/** A function that quotes what it is given, in a copy or everywhere. */
const quoting = (level: "exception" | "notice" | "warning", when = "public.in_copy()"): string => `
  create or replace function quoting(text) returns text immutable language plpgsql as $$
    begin if ${when} then raise ${level} 'look at %', $1 using detail = $1, hint = $1; end if; return $1; end $$;`;

const KEEPING = RULES.replace("keep: [id, note], email: email, code: token", "keep: [id, note, code], email: email");

/** What goes wrong with values at hand, what is done to the source before and after, the rules, and what is said. */
const TROUBLES: readonly (readonly [string, string, string, string, string])[] = [
  [
    "a condition whose function quotes a value of the source",
    quoting("exception", "true"),
    "drop function quoting",
    RULES.replace("people: {", `people: { rows: "public.quoting(code) <> ''",`),
    "fails-on-rows",
  ],
  [
    "a condition that fails on a value of the source",
    "select",
    "select",
    RULES.replace("people: {", `people: { rows: "code::int > 5",`),
    "fails-on-rows",
  ],
  [
    "an index whose function quotes a value in the copy",
    `${quoting("exception")} create index quoted on people (quoting(code))`,
    "drop index quoted; drop function quoting",
    KEEPING,
    "sync_target_failed",
  ],
  [
    "a constraint whose function quotes a value while rows are written",
    `${quoting("exception")} alter table people add constraint quoted check (quoting(code) <> '')`,
    "alter table people drop constraint quoted; drop function quoting",
    KEEPING,
    "sync_target_failed",
  ],
  [
    "a unique index over results, which PostgreSQL's message would quote",
    "create unique index quoted on people ((case when email like 'u%' then left(code, 6) else email end))",
    "drop index quoted",
    KEEPING,
    "sync_findings",
  ],
  [
    "an original in a column that is kept",
    "update people set note = email where id = 7",
    "update people set note = 'called'",
    RULES,
    "sync_unproven",
  ],
];

test("no value of the source is in an output, an error or the source's log of statements, and the key is in none of them", async () => {
  const server = await startServer({
    major: NEWEST_ALONE[0]!,
    settings: ["log_statement = all", "log_parameter_max_length = -1", "log_min_duration_statement = 0"],
  });
  const [source, target] = [await server.createDatabase("source"), await server.createDatabase("target")];
  const session = server.connect(source);
  const environment = (database: string): string =>
    `database:\n  url: ${server.url(database)}\nsync: { replace: true }\n`;
  await using project = await temporaryProject({
    "db/environments/local.yaml": environment(source),
    "db/environments/source.yaml": environment(source),
    "db/environments/target.yaml": environment(target),
    "db/schema/all.sql": SCHEMA.replace(/insert into.*\n/, ""),
  });
  const outputs: string[] = [];
  const run = async (...args: string[]): Promise<{ exitCode: number; stdout: string; stderr: string }> => {
    const result = await runHere(args, { cwd: project.dir, env: { CONFITURE_SYNC_KEY: KEY } });
    const said = result.stdout + result.stderr;
    expect([args, /canary/i.exec(said)?.input]).toEqual([args, undefined]);
    expect(said).not.toContain(KEY);
    outputs.push(said);
    return result;
  };
  const both = ["--from", "source", "--to", "target"];
  await session.unsafe(SCHEMA);
  await run("sync", "init", "--from", "source", "-v");
  expect(await project.read("db/sync/tables.yaml")).not.toMatch(/canary/i);
  await rm(project.path("db/sync/tables.yaml"));

  for (const [name, before, after, rules, expected] of TROUBLES) {
    await session.unsafe(before);
    await project.write("db/sync/rules.yaml", rules);
    const result = await run("sync", ...both, "--yes", "target", "-v", "--format", "json");
    expect([name, result.exitCode === 0, result.stdout]).toEqual([
      name,
      false,
      expect.stringContaining(`"${expected}"`),
    ]);
    // What people read is less than that.
    if (expected === "sync_unproven") expect((await run("sync", ...both, "--yes", "target", "-v")).exitCode).toBe(3);
    await session.unsafe(after);
  }

  // A materialized view whose function quotes a value stays without rows.
  await session.unsafe(`${quoting("exception")} create materialized view quoted as select quoting(code) from people`);
  await project.write("db/sync/rules.yaml", KEEPING);
  expect((await run("sync", ...both, "--yes", "target", "-v")).exitCode).toBe(0);
  await session.unsafe("drop materialized view quoted; drop function quoting");

  // Nor does anybody hear what the copy's own functions say of values.
  await session.unsafe(`${quoting("warning")} create index quoted on people (quoting(code))`);
  await project.write("db/sync/rules.yaml", KEEPING);
  expect((await run("sync", ...both, "--yes", "target", "-v")).exitCode).toBe(0);
  await session.unsafe("drop index quoted; drop function quoting");

  // What PostgreSQL wrote so far about errors quotes values: that is the server's own log. Of what goes well it has no value.
  const logged = (await readFile(server.logFile, "utf8")).length;
  await project.write("db/sync/rules.yaml", RULES);
  for (const args of [
    [...both, "--dry-run"],
    ["check", "--from", "source"],
    ["check"],
    [...both, "--yes", "target"],
    ["show", "people", "--from", "source"],
    ["verify", ...both],
    [...both, "--yes", "target", "--format", "json"],
    ["verify", ...both, "--format", "json"],
  ]) {
    const result = await run("sync", ...args, "-v");
    expect([args, result.exitCode, result.exitCode === 0 ? "" : result.stderr]).toEqual([args, 0, ""]);
  }
  expect(outputs.some((said) => said.includes("no value in common with 50 originals"))).toBe(true);
  const log = (await readFile(server.logFile, "utf8")).slice(logged);
  expect(log).toContain("confiture_sync.i0");
  expect(/.*canary.*/i.exec(log)?.[0]).toBeUndefined();
  expect(log).not.toContain(KEY);
  await session.end();
  await server.stop("immediate");
}, 180_000);
