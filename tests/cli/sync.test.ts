import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { paddedHalves, subkeyOf } from "#sync/transforms/digest.ts";
import { runHere } from "../support/in-process.ts";
import { long } from "../support/long.ts";
import { PSQL, psql } from "../support/psql.ts";
import { temporaryProject } from "../support/project.ts";
import { atTerminal } from "../support/terminal.ts";
import { cliProject, type CliProject, environmentFile } from "./project.ts";

const KEY = "07".repeat(32);

const SCHEMA = `
create domain handle as text check (value ~ '^[a-z0-9_]+$');
create table users (
  id int generated always as identity primary key,
  email text not null unique,
  login handle,
  phone text,
  plan text not null check (plan in ('free', 'paid')),
  aliases text[],
  born date,
  profile jsonb,
  label text generated always as (upper(email)) stored,
  check (label is not null)
);
create table orders (
  id bigint not null,
  user_id int not null references users,
  contact text,
  note text,
  day date not null,
  primary key (id, day)
) partition by range (day);
create table orders_old partition of orders for values from ('2020-01-01') to ('2024-01-01');
create table orders_new partition of orders for values from ('2024-01-01') to ('2030-01-01');
create table "Audit Log" (line text);
`;

const ROWS = `
insert into users (email, login, phone, plan, aliases, born, profile)
  select 'person' || g || '@corp.example', 'person_' || g, '+1555' || lpad(g::text, 7, '0'), case g % 2 when 0 then 'free' else 'paid' end,
         case g % 3 when 0 then '{}' when 1 then array['p' || g || '@home.example', ''] end, date '1980-05-05' + g,
         jsonb_build_object('theme', 'dark', 'contact', jsonb_build_object('email', 'person' || g || '@corp.example'))
    from generate_series(1, 300) g;
insert into orders select g, 1 + g % 300, 'person' || (1 + g % 300) || '@corp.example', 'sent', date '2022-01-01' + g from generate_series(1, 1000) g;
insert into "Audit Log" values ('person1@corp.example came in');
`;

const RULES = `
tables:
  users:
    keep: [id, plan]
    email: email
    login: username
    phone: phone
    aliases: email
    born: year
    profile: { json: { contact.email: { as: users.email } }, keep: [theme] }
  orders:
    keep: [id, user_id, day, note]
    contact: { as: users.email }
  "Audit Log": skip
`;

/** The project's database is the source. */
async function syncProject(rules: string | undefined): Promise<{ project: CliProject; copy: string }> {
  const project = await cliProject({
    "db/schema/all.sql": SCHEMA,
    ...(rules === undefined ? {} : { "db/sync/rules.yaml": rules }),
  });
  const copy = await project.server.createDatabase("copy");
  await project.write("db/environments/copy.yaml", environmentFile(project.server, copy, "sync: { replace: true }\n"));
  await project.query(SCHEMA);
  await project.query(ROWS);
  return { project, copy };
}

const SYNC = ["sync", "--from", "local", "--to", "copy", "--yes", "copy"];
const WITH_KEY = { env: { CONFITURE_SYNC_KEY: KEY } };

test("a copy has every row and no original, is the same for the same key, and is proven again", async () => {
  const { project, copy } = await syncProject(RULES);
  await using _ = project;
  const preview = await project.succeed([...SYNC, "--dry-run"], WITH_KEY);
  // First what becomes of each table, then each query, once.
  expect(preview.stdout).toMatch(
    /^-- public\.orders: .*, 2 partitions\n-- {3}replaced: contact -> email\n-- {3}kept: id, user_id, note, day$/m,
  );
  expect(preview.stdout).toMatch(
    /\n-- Made without rows: public\.Audit Log\n[^]*\n-- public\.orders_new, and the same of public\.orders_old\n/,
  );
  expect(preview.stdout.match(/^-- public\.users(?!:)/gm)).toHaveLength(1);
  expect(preview.stdout).toContain("email -> email");
  expect(preview.stdout + preview.stderr).not.toContain(KEY);
  const shown = await project.succeed(["sync", "show", "users", "--from", "local"], WITH_KEY);
  expect(shown.stdout).toContain("plan: paid");
  expect(shown.stdout).not.toContain("corp.example");

  const none = await project.run(["sync", "verify", "--from", "local", "--to", "copy"], WITH_KEY);
  expect([none.exitCode, none.stdout, none.stderr]).toEqual([
    3,
    "",
    expect.stringMatching(/does not say that it is a copy made by sync.*\n.*confiture sync run --from local --to copy/),
  ]);
  const done = await project.succeed(SYNC, WITH_KEY);
  expect(done.stdout).toMatch(/^proven: public\.users: (?=.*\bemail\b)(?=.*\bphone\b).*\bprofile contact\.email\b/m);
  // Partitions are one table.
  expect(done.stdout).toContain("\nproven: public.orders: contact\n");
  expect(done.stdout).toMatch(/\n✅ copy is a copy of .*\. Proven, but for 2 columns or paths not compared\n$/);
  expect(done.stdout + done.stderr).not.toMatch(/corp\.example|home\.example/);
  const target = project.server.connect(copy);
  const first = await target`
    select (select count(*)::int from users) as users, (select count(*)::int from orders) as orders,
           (select count(*)::int from "Audit Log") as lines,
           (select count(*)::int from orders o join users u on u.id = o.user_id and u.email = o.contact) as joined,
           (select count(*)::int from users where profile #>> '{contact,email}' = email and profile ->> 'theme' = 'dark') as documents,
           (select count(*)::int from users where label = upper(email)) as labels,
           (select count(*)::int from users where aliases = '{}') as empty,
           (select count(*)::int from users u where u::text like '%corp.example%' or u::text like '%home.example%') as originals`;
  expect({ ...first[0] }).toEqual({
    users: 300,
    orders: 1000,
    lines: 0,
    joined: 1000,
    documents: 300,
    labels: 300,
    empty: 100,
    originals: 0,
  });
  const emails = await target`select id, email from users order by id`;
  await target.end();
  // What the rules say is the same, however they are written.
  await project.write(
    "db/sync/rules.yaml",
    `# Ours\n${RULES.replace("keep: [id, plan]", 'keep: ["plan"]\n    id: keep')}`,
  );
  expect((await project.succeed(["sync", "verify", "--from", "local", "--to", "copy"], WITH_KEY)).stdout).toContain(
    "Rows: 1,300; each table has as many as were copied into it\n",
  );

  const each = await project.succeed(["sync", "verify", "--from", "local", "--to", "copy", "-v"], WITH_KEY);
  expect(each.stdout).toContain("proven: public.users.email (email): no value in common with 300 originals");
  expect(each.stdout).toContain("proven: public.users.phone (phone): none of 300 rows has its own original");
  await project.write("db/sync/rules.yaml", RULES);
  const stranger = { env: { CONFITURE_SYNC_KEY: "08".repeat(32) } };
  const otherKey = await project.run(["sync", "verify", "--from", "local", "--to", "copy"], stranger);
  expect([otherKey.exitCode, otherKey.stdout, otherKey.stderr]).toEqual([
    2,
    "",
    expect.stringContaining("CONFITURE_SYNC_KEY is not the key that this copy was made with"),
  ]);
  await project.write("db/sync/rules.yaml", RULES.replace("phone: phone", "phone: filler"));
  const changed = await project.run(["sync", "verify", "--from", "local", "--to", "copy"], WITH_KEY);
  expect([changed.exitCode, changed.stdout]).toEqual([3, expect.stringContaining("The rules have changed since\n")]);
  await project.write("db/sync/rules.yaml", RULES);
  // Quietly, what was not looked at is left, and how it ended.
  const since = project.server.connect(copy);
  await since`select lo_from_bytea(0, 'person7@corp.example')`;
  await since.end();
  const brief = await project.succeed(["sync", "verify", "--from", "local", "--to", "copy", "-q"], WITH_KEY);
  expect(brief.stdout).toMatch(
    /^Not covered by the proof: .*\n✅ Proven, but for 2 columns or paths not compared and 1 large object written since the copy and not looked at \(2 of 3 tables with 2 partitions\)\n$/,
  );

  const quiet = await project.succeed([...SYNC, "-q"], WITH_KEY);
  expect([quiet.stderr, quiet.stdout]).toEqual([
    "",
    expect.stringMatching(
      /^Not covered by the proof: .*\nNot copied: who owns what; .* not to postgres\n✅ copy is a copy of 2 of 3 tables with 2 partitions, .*\n$/,
    ),
  ]);
  const again = project.server.connect(copy);
  expect([...(await again`select id, email from users order by id`)]).toEqual([...emails]);
  // An original that comes in later is found.
  await again`update orders set note = 'ask person7@corp.example' where id = 1`;
  // Also one of another table, in a column of which every value is made.
  await again`update orders set contact = 'p7@home.example' where id = 1`;
  await again.end();
  const leak = await project.run(["sync", "verify", "--from", "local", "--to", "copy"], WITH_KEY);
  expect(leak.exitCode).toBe(3);
  // The other way round there is no copy, and none may be made.
  const swapped = await project.run(["sync", "verify", "--from", "copy", "--to", "local"], WITH_KEY);
  expect([swapped.exitCode, swapped.stderr]).toEqual([
    3,
    expect.stringContaining("If the two were swapped: confiture sync verify --from local --to copy\n"),
  ]);
  expect(swapped.stderr).not.toContain("sync run");
  expect(leak.stdout).toContain("\nMake the copy again: confiture sync run --from local --to copy\n");
  expect(leak.stdout).toContain("LEAK: public.orders_old.note: 1 row holds an original (email)");
  expect(leak.stdout).toContain("LEAK: public.orders_old.contact: 1 row holds an original (email)");
  expect(leak.stdout + leak.stderr).not.toMatch(/person7|p7@/);

  // Another key has other results; without one nobody can have the same. Tables that are not named come without rows.
  const part = await project.succeed([...SYNC, "--tables", "users"], stranger);
  expect(part.stdout).toContain("✅ copy is a copy of 1 of 3 tables with 2 partitions, 300 rows");
  expect(part.stdout).toContain("not in --tables): public.Audit Log, public.orders_new, public.orders_old");
  const other = project.server.connect(copy);
  const others = await other`select id, email from users order by id`;
  expect(others).toHaveLength(300);
  expect([...others]).not.toEqual([...emails]);
  expect([...(await other`select count(*)::int as orders from orders`)]).toEqual([{ orders: 0 }]);
  // In place, it says so until it is whole.
  await other.unsafe(`create schema confiture_sync_incomplete; comment on database "${copy}" is null`);
  await other.end();
  const unfinished = await project.run(["sync", "verify", "--from", "local", "--to", "copy"], stranger);
  expect([unfinished.exitCode, unfinished.stdout]).toEqual([
    3,
    expect.stringMatching(
      /\nINCOMPLETE: a copy into .*\n❌ Not proven\nMake the copy again: confiture sync run --from local --to copy\n$/,
    ),
  ]);
  expect(unfinished.stdout).not.toMatch(/^Rows|schema differs/m);
  await project.server.dropDatabase(copy);
}, 120_000);

test("what the rules leave out or cannot do stops a copy before its first row", async () => {
  const { project, copy } = await syncProject(RULES);
  await using _ = project;
  const before = project.server.connect(copy);
  await before`create table old (id int)`;
  await before.end();
  const refusals: readonly (readonly [from: string, to: string, rule: string, fix?: string])[] = [
    ["    email: email\n", "", "column-without-rule"],
    ["    email: email\n", "    emial: email\n", "unknown-column"],
    ["    keep: [id, plan]\n", '    keep: [id]\n    plan: { value: "gold" }\n', "check-violated"],
    ["    keep: [id, plan]\n", "    keep: [id]\n    plan: filler\n", "check-violated"],
    ["    login: username\n", '    login: { value: "No Body" }\n', "invalid-sql"],
    ["    login: username\n", "    login: mask\n", "check-violated"],
    ["    born: year\n", '    born: { value: "some day" }\n', "invalid-sql"],
    ["    born: year\n", '    born: { expr: "nothing_here + 1" }\n', "invalid-sql"],
    ["    born: year\n", '    born: { expr: "(select min(born) from users)" }\n', "invalid-sql"],
    ["  orders:\n", '  orders:\n    rows: "user_idd < 5"\n', "invalid-sql"],
    ["  orders:\n", '  orders:\n    rows: "note"\n', "invalid-sql"],
    ["  orders:\n", '  orders:\n    rows: "note::int > 5"\n', "fails-on-rows", "THEN code::int > 5 END"],
    ["    born: year\n", '    born: { expr: "{login}::date" }\n', "fails-on-rows", "THEN code::int END"],
    ['  "Audit Log": skip\n', "", "table-without-rule"],
  ];
  for (const [from, to, rule, fix = ""] of refusals) {
    expect(RULES).toContain(from);
    await project.write("db/sync/rules.yaml", RULES.replace(from, to));
    const refused = await project.run([...SYNC, "--format", "json"], WITH_KEY);
    const document = JSON.parse(refused.stdout) as {
      error: { code: string; data: { findings: { rule: string; fix?: string }[] } };
    };
    expect({ ...document.error, to, exitCode: refused.exitCode }).toMatchObject({ code: "sync_findings", exitCode: 3 });
    const { findings } = document.error.data;
    expect(findings.map((finding) => finding.rule)).toContain(rule);
    expect(findings.find((finding) => finding.rule === rule)?.fix ?? "").toContain(fix);
    expect(refused.stdout + refused.stderr).not.toContain("corp.example");
  }
  await project.write("db/sync/rules.yaml", RULES.replace("  orders:\n", '  orders:\n    rows: "user_idd < 5"\n'));
  // Nobody is asked to confirm it, and a proof speaks of no rows.
  for (const args of [SYNC.slice(0, -2), ["sync", "verify", ...SYNC.slice(1, -2)]]) {
    const { exitCode, stderr } = await project.run(args, WITH_KEY);
    const outcome = args.includes("verify") ? "nothing was proven" : "no row was copied";
    expect([exitCode, stderr]).toEqual([3, expect.stringContaining(`error: 1 fault in the rules; ${outcome}\n`)]);
  }
  const misspelt = await project.run(SYNC, WITH_KEY);
  expect(misspelt.stderr).toContain('rows: "user_idd < 5"\n     |            ^\n    fix: Did you mean "user_id"?\n');
  expect(misspelt.stderr).toContain("look at them again: confiture sync check --from local\n");
  // Production may be ahead of the files.
  await project.write(
    "db/sync/rules.yaml",
    `${RULES}  newsletters: skip\n`.replace("    born:", "    joined_with: keep\n    born:"),
  );
  const ahead = await project.run(["sync", "check"]);
  expect(ahead.stdout.match(/If production has it, bring the files up to date/g)).toHaveLength(2);
  expect((await project.run(["sync", "check", "--from", "local"])).stdout).toContain("fix: Remove the rule");
  await project.write("db/sync/rules.yaml", RULES.replace("    email: email\n", ""));
  // The same without a server.
  const checked = await project.run(["sync", "check"]);
  expect(checked.exitCode).toBe(3);
  expect(checked.stdout).toContain("Add to db/sync/rules.yaml, below line 3: email: email");
  await project.write("db/sync/rules.yaml", RULES);
  expect((await project.succeed(["sync", "check"])).stdout).toContain("The rules say what becomes of every column");

  const url = project.server.url("postgres");
  const named = await project.run([...SYNC, "--database-url", url], WITH_KEY);
  expect([named.exitCode, named.stderr]).toEqual([2, expect.stringContaining("--database-url names one database")]);
  const inPlace = await project.run(["sync", "--from", "postgres://me:secret@db/shop", "--to", "copy"], WITH_KEY);
  expect([inPlace.exitCode, inPlace.stderr]).toEqual([
    2,
    expect.stringMatching(
      /^error: --from names an environment, and a connection URL was given\n {2}next: Write db\/environments\/production\.yaml, .*\n {2}database:\n {4}url: \$\{PRODUCTION_URL\}\n$/,
    ),
  ]);
  const unconfirmed = await project.run(["sync", "--from", "local", "--to", "copy"], WITH_KEY);
  expect([unconfirmed.exitCode, unconfirmed.stderr]).toEqual([
    2,
    expect.stringContaining("would be replaced; nothing was done\n"),
  ]);
  // Nobody is asked about a database that is not there.
  await project.write(
    "db/environments/missing.yaml",
    environmentFile(project.server, "missing", "sync: { replace: true }\n"),
  );
  const missing = await project.run(["sync", "--from", "local", "--to", "missing"], WITH_KEY);
  expect([missing.exitCode, missing.stderr]).toEqual([5, expect.stringContaining('"missing" does not exist')]);
  expect(missing.stderr).not.toContain("would be replaced");
  const misspeltPaths = RULES.replace("contact.email:", "contacts.email:").replace("[theme]", "[thme, theme]");
  const unmatched = (told: string): string[] =>
    told.match(/\S+ \S+ \S+: this path matched no row of the source/g) ?? [];
  const twoPaths = ["contacts.email (email)", "thme (keep)"].map(
    (path) => `public.users.profile ${path}: this path matched no row of the source`,
  );
  await project.write("db/sync/rules.yaml", misspeltPaths);
  for (const args of [["check"], ["show", "users"]]) {
    const odd = await project.succeed(["sync", ...args, "--from", "local"], WITH_KEY);
    expect(unmatched(odd.stderr)).toEqual(twoPaths);
  }
  await project.write("db/sync/rules.yaml", RULES.replace("    keep: [id, plan]", "    kep: [id, plan]"));
  const inside = await project.run(SYNC, WITH_KEY);
  // The caret stands below what is wrong.
  expect(inside.stderr).toContain('\n  4 |     kep: [id, plan]\n    |     ^\n    fix: Did you mean "keep"?\n');
  await project.write("db/sync/rules.yaml", RULES);
  const elsewhere = await project.succeed(["sync", "check", "--from", "local"], {
    env: { ...WITH_KEY.env, CONFITURE_DATABASE_URL: url },
  });
  expect(elsewhere.stderr).toContain("CONFITURE_DATABASE_URL is set and not used");
  // A secret that is missing is no key either.
  for (const key of ["short", ""]) {
    const bad = await project.run(SYNC, { env: { CONFITURE_SYNC_KEY: key } });
    expect(bad.exitCode).toBe(4);
  }
  const alone = await project.run([...SYNC, "--tables", "orders"], WITH_KEY);
  expect(alone.stderr).toContain("--tables orders,users");
  const nothing = await project.run([...SYNC, "--tables", "users,Audit Log"], WITH_KEY);
  expect([nothing.exitCode, nothing.stderr]).toEqual([
    2,
    expect.stringMatching(
      /is skipped by the rules \(db\/sync\/rules\.yaml:14\)\n[^]*To leave it out: --tables users\n/,
    ),
  ]);
  // An original in a column that is kept.
  await project.query("update orders set note = 'write to person12@corp.example' where id = 3");
  await project.write("db/sync/rules.yaml", misspeltPaths);
  const leaky = await project.run(SYNC, WITH_KEY);
  expect(leaky.exitCode).toBe(3);
  expect(unmatched(leaky.stderr)).toEqual(twoPaths);
  expect(leaky.stderr).not.toContain("person12");
  const target = project.server.connect(copy);
  expect([
    ...(await target`select relname::text from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace`),
  ]).toEqual([{ relname: "old" }]);
  await target.end();
  await project.server.dropDatabase(copy);
}, 120_000);

test("show takes every name that rules take, and only faults of what it shows stop it", async () => {
  const project = await cliProject({});
  await using _ = project;
  await project.query(`
    create table events (id int, mail text, day date not null) partition by range (day);
    create table events_new partition of events for values from ('2024-01-01') to ('2030-01-01') partition by list (id);
    create table events_new_1 partition of events_new for values in (1);
    create table events_old (day date not null, mail text, id int);
    alter table events attach partition events_old for values from ('2020-01-01') to ('2024-01-01');
    insert into events values (7, 'seven@corp.example', '2022-02-02'), (1, 'one@corp.example', '2025-05-05');
    create table parent (id int, mail text); create table child (extra text) inherits (parent);
    insert into child values (3, 'three@corp.example', 'x');
    create schema "Odd.Schema"; create table "Odd.Schema"."My ""Table""" (id int primary key, mail text);
    insert into "Odd.Schema"."My ""Table""" values (4, 'four@corp.example');
    create table users (id int primary key, mail text, team int);
    create table teams (id int primary key, name text); insert into users values (5, 'five@corp.example', 1);
    create table notes (user_id int references users, line text); insert into notes values (5, 'by five@corp.example')`);
  const rules = `
tables:
  events: { keep: [id, day], mail: { as: users.mail } }
  parent: { keep: [id], mail: email }
  child: { keep: [id, extra], mail: email }
  '"Odd.Schema"."My ""Table"""': { keep: [id], mail: email }
  users: { keep: [id, team], mail: email }
  notes: { keep: [user_id], line: filler }
`;
  await project.write("db/sync/rules.yaml", rules);
  await project.write(
    "db/environments/copy.yaml",
    environmentFile(project.server, "none", "sync: { replace: true }\n"),
  );
  const show = async (table: string) => {
    const done = await project.run(["sync", "show", table, "--from", "local", "--format", "json"], WITH_KEY);
    expect(done.stdout + done.stderr).not.toContain("corp.example");
    return JSON.parse(done.stdout) as {
      table: string;
      columns: string[];
      rows: (string | null)[][];
      error: { message: string; hint: string; data: { findings: { rule: string }[] } };
    };
  };
  await project.write(".env", `CONFITURE_SYNC_KEY=${KEY}\n`);
  const unkeyed = await project.succeed(["sync", "show", "users", "--from", "local"]);
  expect(unkeyed.stderr).toContain(
    "CONFITURE_SYNC_KEY is not set: the results of another run will be different. That of .env is not",
  );
  // teams has no rule at all, which is a fault of its own.
  const mail = expect.stringMatching(/^u.{16}@example\.com$/);
  const rows: readonly (readonly [string, string, unknown[][]])[] = [
    [
      "events",
      "public.events",
      [
        ["1", mail, "2025-05-05"],
        ["7", mail, "2022-02-02"],
      ],
    ],
    ["public.events_new", "public.events_new", [["1", mail, "2025-05-05"]]],
    ["events_old", "public.events_old", [["2022-02-02", mail, "7"]]],
    ["parent", "public.parent", []],
    ["child", "public.child", [["3", mail, "x"]]],
    ['Odd.Schema.My "Table"', '"Odd.Schema"."My ""Table"""', [["4", mail]]],
    ['"Odd.Schema"."My ""Table"""', '"Odd.Schema"."My ""Table"""', [["4", mail]]],
    ["users", "public.users", [["5", mail, "1"]]],
    ["notes", "public.notes", [["5", "Lorem ipsum dolor si"]]],
  ];
  for (const [name, table, shown] of rows)
    expect([name, await show(name)]).toMatchObject([name, { table, rows: shown }]);
  expect((await project.succeed(["sync", "show", "parent", "--from", "local"], WITH_KEY)).stdout).toBe(
    "No rows of its own; those of tables that inherit from it are shown by their names: child\n",
  );
  if (PSQL !== null) {
    await project.write(
      "db/sync/rules.yaml",
      `${rules.replace("users: { ", "users: { rows: \"id > 1 -- all\\n  and mail <> 'two   blanks\\n\\\\nand a line'\", ")}  teams: { keep: [id], name: { expr: "upper('a  b')" } }\n`,
    );
    const { stdout } = await project.succeed(["sync", "--from", "local", "--to", "copy", "--dry-run"], WITH_KEY);
    const ran = await psql(project.url, stdout, ["-At", "-F", "|"]);
    expect(ran.exitCode).toBe(0);
    expect(ran.stdout).toMatch(/^5\|u.{16}@example\.com\|1$/m);
    // How much of each table comes, and what no condition reaches.
    expect(stdout).toMatch(/^-- public\.users: .*, 1 of about 1 row$/m);
    expect(stdout).toMatch(/^-- public\.notes: .*, 1 of about 1 row$/m);
    expect(stdout).toMatch(/^-- Copied whole, as no condition reaches them: .*public\.events, public\.parent/m);
    expect(stdout).not.toContain(
      paddedHalves(subkeyOf(Buffer.from(KEY, "hex"), "public.users.mail")).inner.slice(0, 16),
    );
  }
  // What is wrong, in whose rules, and whose rows can be shown nevertheless.
  const faults: readonly (readonly [string, string, Readonly<Record<string, string | undefined>>])[] = [
    ["line: filler", "lien: filler", { users: undefined, events: undefined, notes: "unknown-column" }],
    [
      "users: { keep: [id, team], mail: email }",
      "users: { keep: [id], mail: emial }",
      { users: "unknown-transform", events: "unknown-transform", notes: undefined, child: undefined },
    ],
    ["users: { ", 'users: { rows: "idd < 7", ', { users: "invalid-sql", notes: "invalid-sql", child: undefined }],
    ["notes: { ", 'notes: { rows: "pg_sleep(9) is null", ', { users: undefined, notes: "invalid-sql" }],
    ["  child:", "  childs:", { child: "table-without-rule", parent: undefined }],
  ];
  for (const [from, to, told] of faults) {
    expect(rules).toContain(from);
    await project.write("db/sync/rules.yaml", rules.replace(from, to));
    for (const [table, rule] of Object.entries(told)) {
      const { error } = await show(table);
      expect([to, table, error?.data.findings.map((finding) => finding.rule)]).toEqual([
        to,
        table,
        rule === undefined ? undefined : expect.arrayContaining([rule]),
      ]);
      if (error === undefined) continue;
      expect(error.message).toContain(`in the rules: public.${table} cannot be shown`);
      expect(error.hint.split("\n")).toHaveLength(1);
    }
  }
  // Tables that the tenant does not narrow, and rows of others that copied ones refer to.
  await project.write(
    "db/sync/rules.yaml",
    `tenant: { column: team, value: 1 }\n${rules}  teams: { keep: [id], name: company, tenant: false }\n`,
  );
  await project.query("alter table users add boss int references users");
  await project.write("db/sync/more.yaml", "references: [{ from: users.boss, to: users.id }]\n");
  // Nobody has a boss, every note a user, and the parents are none.
  const warned = [expect.stringMatching(/^tenant \(team = 1\): every row is copied of .*child, events: they have/)];
  await project.write(
    "db/sync/rules.yaml",
    (await project.read("db/sync/rules.yaml"))
      .replace("[id, team]", "[id, team, boss]")
      .replace("line: filler", "line: filler, doc: { json: { a: token } }"),
  );
  await project.query(`alter table notes add doc jsonb default '{"a": "x", "vat": "y"}'`);
  const noted = [
    expect.stringMatching(/^public\.notes\.doc: no rule names these keys, so they are left out: .* of 1 doc/),
  ];
  for (const line of ["sync check --from local", "sync --from local --to copy --dry-run"]) {
    const { warnings, notes } = JSON.parse(
      (await project.succeed([...line.split(" "), "--format", "json"], WITH_KEY)).stdout,
    ) as { warnings: string[]; notes: string[] };
    expect([line, warnings, notes]).toEqual([line, warned, noted]);
  }
  const previewed = await project.succeed(["sync", "--from", "local", "--to", "copy", "--dry-run"], WITH_KEY);
  expect(previewed.stdout).toMatch(/^-- Warning: tenant \(team = 1\): [^]*^-- public\.notes\.doc: no rule names/m);
  expect(previewed.stderr).not.toMatch(/tenant|no rule names/);
  const checked = await project.succeed(["sync", "check", "--from", "local", "-q"], WITH_KEY);
  expect(checked.stderr.match(/tenant \(team = 1\): .* copied/g)).toHaveLength(1);
  expect(checked.stdout).toContain("✅ The rules say what becomes of every column");
  expect((await show("nothing")).error.message).toContain('The source has no table "nothing"');
  await project.query("create schema billing; create table billing.invoices (id int)");
  expect((await show("invoices")).error.hint).toBe('Did you mean "billing.invoices"?');
}, 60_000);

test("init writes rules that say of every column what is known, and what is still to be decided", async () => {
  const { project, copy } = await syncProject(undefined);
  await using _ = project;
  // Of which nothing says what they are.
  await project.query("update users set aliases = array['n' || id]");
  const done = await project.succeed(["sync", "init", "--from", "local"]);
  expect(done.stdout).toContain("Wrote db/sync/tables.yaml");
  const yaml = await project.read("db/sync/tables.yaml");
  expect(done.stdout).toContain("CONFITURE_SYNC_KEY, from `openssl rand -hex 32`\n");
  expect(yaml).toContain("# Transforms: as, email,");
  expect(yaml).toContain("    email: email\n");
  expect(yaml).toContain("    born: year\n");
  expect(done.stdout).toContain("still to be decided. To see what is left: confiture sync check --from local\n");
  expect(yaml).toContain("    contact: { as: users.email } # 100% are in users.email as well\n");
  expect(yaml).toContain('    profile: { json: { contact.email: { as: users.email }, theme: "?" } }\n');
  expect(yaml).toContain('    line: "?" # 100% hold an e-mail address\n');
  expect(yaml).not.toContain("corp.example");
  const checked = await project.run(["sync", "check", "--format", "json"]);
  const { findings } = JSON.parse(checked.stdout) as { findings: { rule: string; fix: string }[] };
  expect(new Set(findings.map(({ rule }) => rule))).toEqual(new Set(["undecided"]));
  // What is the same decision is told once, with all its places.
  const alike = (await project.run(["sync", "check"])).stdout;
  const same = findings.filter(({ fix }) => fix.startsWith("Write a transform here, or move the column"));
  expect(same.length).toBe(2);
  expect(alike).toContain(
    `error: Nobody has decided yet, in ${same.length} places [undecided]\n  --> db/sync/tables.yaml:`,
  );
  expect(alike.match(/Write a transform here, or move the column/g)).toHaveLength(1);
  expect(alike).toContain("fix: line: { scrub: [email, phone] }; or move the column");

  // Again: what is written stays, and what is missing is added.
  const own = `# ours
tables:
  users: { keep: [id, plan], email: email, phone: phone, born: year } # people
  orders:
      # soon more
      keep: [id, user_id, day, note]

references: []
`;
  await project.write("db/sync/tables.yaml", own);
  const added = await project.succeed(["sync", "init", "--from", "local"]);
  expect(added.stdout).toContain("✅ Added to db/sync/tables.yaml: 5 columns, of these 0 kept, 2 replaced\n");
  expect(added.stdout).toContain("  users.login: username\n");
  const more = await project.read("db/sync/tables.yaml");
  expect(more).toBe(
    own
      .replace(
        "{ keep",
        '{ login: username, aliases: "?", profile: { json: { contact.email: { as: users.email }, theme: "?" } }, keep',
      )
      .replace("  orders:\n", "  orders:\n      contact: { as: users.email } # 100% are in users.email as well\n")
      .replace("\nref", `  Audit Log:\n    keep: []\n    line: "?" # 100% hold an e-mail address\n\nref`),
  );
  const again = await project.succeed(["sync", "init", "--from", "local", "--format", "json"]);
  expect(JSON.parse(again.stdout)).toMatchObject({ files: [], tables: 0, kept: 0, transformed: 0, undecided: 0 });
  expect(await project.read("db/sync/tables.yaml")).toBe(more);
  // A reference to a key that is transformed follows it, and one to a key that is kept is kept.
  await project.query(
    "create table likes (user_id int references users, at timestamptz, keep int); alter table orders add liker int references users",
  );
  await project.succeed(["sync", "init", "--from", "local"]);
  const referring = await project.read("db/sync/tables.yaml");
  expect(referring).toContain("      liker: keep\n");
  expect(referring).toMatch(
    /^ {2}likes:\n {4}keep: \[user_id\]\n {4}at: "\?" # .*\n {4}columns:\n {6}keep: "\?" # integer\n/m,
  );
  // Such a name would be taken for a word of the rule: it is told, with the check that finds it.
  await project.query("alter table users add rows int");
  const left = await project.succeed(["sync", "init", "--from", "local"]);
  expect(left.stdout).toContain("1 fault in the rules is left:\n");
  expect(left.stdout).toContain("No rule says what becomes of the column users.rows (integer)");
  expect(left.stdout).toEndWith("Mend it, and look again: confiture sync check --from local\n");
  const faults = await project.succeed(["sync", "init", "--from", "local", "--format", "json"]);
  expect(JSON.parse(faults.stdout)).toMatchObject({ faults: [{ table: "users", column: "rows" }] });
  await project.server.dropDatabase(copy);
}, 60_000);

/** A project of one table, `id` and `email` of which have rules. */
const GATED = {
  "db/environments/local.yaml": "database:\n  engine: embedded\n  path: .confiture/local\n",
  "db/sync/rules.yaml": "tables:\n  users: { keep: [id], email: email }\n",
};
const USERS = "create table users (id int primary key, email text);\n";
const WITH_USERS = { "db/schema/users.sql": USERS };
const up = (statements: string, marks = ""): string => `-- migrate:up${marks}\n${statements}\n`;
const MOBILE = "alter table users add column mobile text;";
const MOBILE_IN_CODE = `import { Migration } from "confiture";
export default class Mobile extends Migration { up() { this.execute("${MOBILE}"); } }
`;
const MOBILE_RULE = { "db/sync/rules.yaml": "tables:\n  users: { keep: [id], email: email, mobile: phone }\n" };

describe("check, without a server, counts what production has after the migrations", () => {
  const cases: readonly {
    readonly of: string;
    readonly files: Readonly<Record<string, string>>;
    /** Each rule of a finding, and some of its words. */
    readonly found: readonly (readonly [rule: string, words: string])[];
    readonly checked: string | undefined;
  }[] = [
    {
      of: "a column of a migration that needs the schema files",
      files: { ...WITH_USERS, "db/migrations/001_mobile.sql": up(MOBILE) },
      found: [
        ["column-without-rule", "the column users.mobile (text), which migrations make and the schema files lack"],
      ],
      checked: "the schema files and 1 migration that they do not contain: 001_mobile",
    },
    {
      of: "the same with a rule",
      files: { ...WITH_USERS, ...MOBILE_RULE, "db/migrations/001_mobile.sql": up(MOBILE) },
      found: [],
      checked: "the schema files and 1 migration that they do not contain: 001_mobile",
    },
    {
      of: "columns of code and of the schema files, each without the other",
      files: {
        "db/schema/users.sql": "create table users (id int primary key, email text, fresh text);\n",
        "db/migrations/001_users.sql": up(USERS),
        "db/migrations/002_mobile.ts": MOBILE_IN_CODE,
      },
      found: [
        ["column-without-rule", "the column users.fresh (text) ["],
        ["column-without-rule", "the column users.mobile (text), which migrations make and the schema files lack"],
      ],
      checked: "the schema files and the result of 2 migrations; the schema files do not contain 002_mobile",
    },
    {
      of: "the same with rules, of which one reads the other column",
      files: {
        "db/schema/users.sql": "create table users (id int primary key, email text, fresh text);\n",
        "db/migrations/001_users.sql": up(USERS),
        "db/migrations/002_mobile.ts": MOBILE_IN_CODE,
        "db/sync/rules.yaml":
          'tables:\n  users: { keep: [id], email: { expr: "mobile" }, mobile: phone, fresh: token }\n',
      },
      found: [],
      checked: "the schema files and the result of 2 migrations; the schema files do not contain 002_mobile",
    },
    {
      of: "a rule that neither has",
      files: {
        ...WITH_USERS,
        "db/migrations/001_mobile.sql": up(MOBILE),
        "db/sync/rules.yaml": "tables:\n  users: { keep: [id], email: email, mobil: phone }\n",
      },
      found: [["unknown-column", 'fix: Did you mean "mobile"?']],
      checked: "the schema files and 1 migration that they do not contain: 001_mobile",
    },
    {
      of: "a table of base.sql, and nothing else",
      files: {
        ...MOBILE_RULE,
        "db/migrations/base.sql": `${USERS}create table legacy (ssn text);\n`,
        "db/migrations/001_mobile.sql": up(MOBILE),
      },
      found: [["table-without-rule", "No rule speaks of the table legacy ["]],
      checked: "the result of base.sql and 1 migration",
    },
    {
      of: "a table of the schema files alone, which base.sql mentions",
      files: {
        "db/schema/users.sql": `${USERS}create table notes (id int);\n`,
        "db/migrations/base.sql": `${USERS}create view notable as select id as notes from users;\n`,
      },
      found: [["table-without-rule", "No rule speaks of the table notes ["]],
      checked: "the schema files and the result of base.sql",
    },
    {
      of: "a column that a migration adds where the table is there",
      files: { ...WITH_USERS, "db/migrations/001_mobile.sql": up(MOBILE.replace("table", "table if exists")) },
      found: [
        ["column-without-rule", "the column users.mobile (text), which migrations make and the schema files lack"],
      ],
      checked: "the schema files and the result of 1 migration and the same with 1 migration on top",
    },
    {
      of: "a rule for a column until somebody asks for the contract",
      files: {
        ...WITH_USERS,
        ...MOBILE_RULE,
        "db/migrations/001_users.sql": up(`${USERS}${MOBILE}`),
        "db/migrations/002_users.sql": up("alter table users drop column mobile;", " phase:contract change:mobile"),
      },
      found: [],
      checked: "the schema files and the result of 2 migrations",
    },
    { of: "no migrations", files: WITH_USERS, found: [], checked: undefined },
  ];
  for (const { of, files, found, checked } of cases) {
    test(of, async () => {
      await using project = await temporaryProject({ ...GATED, ...files });
      const { exitCode, stdout, stderr } = await runHere(["sync", "check"], { cwd: project.dir });
      const findings = [...stdout.matchAll(/\[([a-z-]+)\]$/gm)].map(([, rule]) => rule);
      expect({ exitCode, stderr, findings }).toMatchObject({
        exitCode: found.length === 0 ? 0 : 3,
        findings: found.map(([rule]) => rule),
      });
      for (const [, words] of found) expect(stdout).toContain(words);
      expect(/^Checked: (.*)$/m.exec(stdout)?.[1]).toBe(checked);
    });
  }

  test("migrations that cannot be run are no pass", async () => {
    await using project = await temporaryProject({
      ...GATED,
      ...WITH_USERS,
      "db/migrations/001_mobile.sql": up(`${MOBILE}\nalter table users add column email text;`),
    });
    const { exitCode, stdout, stderr } = await runHere(["sync", "check"], { cwd: project.dir });
    expect([exitCode, stdout]).toEqual([1, ""]);
    expect(stderr).toContain("they can be run neither in an empty database nor on top of the schema files");
    expect(stderr).toContain("db/migrations/001_mobile.sql:3:1");
    expect(stderr).toContain("`confiture migrate base`");
    expect(stderr).toContain("`confiture verify`");
  });
});

long(
  "a part of production goes into the embedded engine",
  async () => {
    const visits = '  visits: { keep: [id, user_id, guest_user_id], rows: "id <= 25" }\n';
    const { project, copy } = await syncProject(
      `${RULES.replace("  users:\n", '  users:\n    rows: "id <= 20"\n')}${visits}`,
    );
    await using _ = project;
    await project.query(`create table visits (id int primary key, user_id int not null references users, guest_user_id int);
    insert into visits select n, n from generate_series(1, 30) n`);
    await project.write(
      "db/environments/laptop.yaml",
      "database:\n  engine: embedded\n  path: .confiture/laptop\nsync: { replace: true }\n",
    );
    // No other environment is needed.
    await project.write("db/environments/origin.yaml", await project.read("db/environments/local.yaml"));
    await rm(project.path("db/environments/local.yaml"));
    const done = await project.succeed(["sync", "--from", "origin", "--to", "laptop", "--yes", "laptop"], WITH_KEY);
    expect(done.stdout).toContain("✅ laptop is a copy of");
    const warnings = [
      "visits.guest_user_id looks like a reference to users",
      "users gets 5 rows that its condition does not take",
    ];
    const timesIn = (text: string, said: string): number => text.split(said).length - 1;
    expect(warnings.map((said) => timesIn(done.stderr + done.stdout, said))).toEqual([1, 1]);
    const counted = await project.succeed([
      "db",
      "sql",
      "-e",
      "laptop",
      "--format",
      "json",
      "select (select count(*)::int from users) as users, (select count(*)::int from orders where user_id > 20) as others, (select count(*) > 0 from orders) as some",
    ]);
    expect(JSON.parse(counted.stdout)).toMatchObject({ results: [{ rows: [{ users: 25, others: 0, some: true }] }] });
    // At a terminal all is told before the question, and afterwards what has become of it meanwhile.
    const { exitCode, screen } = await atTerminal(
      project.dir,
      ["sync", "--from", "origin", "--to", "copy"],
      [
        [
          /to go on: $/,
          async () => {
            await project.query("insert into visits values (0, 300)");
            return "copy\r";
          },
        ],
      ],
      { columns: 2000 },
    );
    const [before = "", after = ""] = screen.split("to go on: ");
    expect([exitCode, ...warnings.map((said) => [timesIn(before, said), timesIn(after, said)])]).toEqual([
      0,
      [1, 0],
      [1, 0],
    ]);
    expect(timesIn(after, warnings[1]!.replace("5", "6"))).toBe(1);
    await project.server.dropDatabase(copy);
  },
  120_000,
);

test("--plain copies no original where rules say what becomes of it, unless that is said as well", async () => {
  const own = "database:\n  url: postgres://nobody@127.0.0.1:1/none\n";
  await using project = await temporaryProject({
    "db/environments/local.yaml": own,
    "db/environments/copy.yaml": `${own}sync: { replace: true }\n`,
    "db/sync/rules.yaml": RULES,
  });
  const refused = await runHere([...SYNC, "--plain"], { cwd: project.dir });
  expect(refused.stderr).toContain("--plain copies every value as it is, and db/sync has rules");
  expect(refused.exitCode).not.toBe(5);
  // It goes on, and finds that nobody answers.
  expect(await runHere([...SYNC, "--plain", "--ignore-rules"], { cwd: project.dir })).toMatchObject({ exitCode: 5 });
});

test("no copy goes where no environment says that it may, nor further than was said", async () => {
  const own = "database:\n  url: postgres://nobody@127.0.0.1:1/none\n";
  const locked = own.replace("none", "locked");
  await using project = await temporaryProject({
    "db/environments/local.yaml": own,
    "db/environments/copy.yaml": `${own}sync: { replace: true }\n`,
    "db/environments/silent.yaml": own,
    "db/environments/locked.yaml": `${locked}sync: { replace: true }\nprotected: true\n`,
    "db/environments/alias.yaml": locked,
    "db/sync/rules.yaml": RULES,
  });
  const refusals: readonly (readonly [string, string])[] = [
    ["--from local --to locked --yes locked", "is protected: no copy ever takes its place"],
    ["--from local --to locked --yes locked", "write\n  sync:\n    replace: true\n  and name it: --to NAME"],
    ["--from local --to locked --plain", "is protected: no copy ever takes its place"],
    ["--from local --to alias", 'has the database of "locked", which is protected: no copy ever takes its place'],
    ["--from local --to silent --yes silent", "does not say that a copy may take its database's place"],
    ["--from local --to copy --yes silent", "--yes silent does not name this environment"],
    ["--from locked --to copy --yes copy --plain --ignore-rules", "its values are not copied as they are"],
    ["--from alias --to copy --yes copy --plain --ignore-rules", "its values are not copied as they are"],
    [
      "--from copy --to copy --yes copy",
      "the same environment\n  next: Name the environment of another database with --to",
    ],
    ["--from local --to copy --yes copy --plain --anonymize", "--plain and --anonymize exclude each other"],
    ["--from local --to copy --yes copy --jobs 0", "--jobs takes a number from 1 to 64"],
    ["--to copy --yes copy", "--from is missing"],
    ["verify --from local --to copy --plain", "If the copy was made without them: --plain --ignore-rules"],
  ];
  for (const [line, said] of refusals) {
    const refused = await runHere(["sync", ...line.split(" ")], { cwd: project.dir });
    expect([line, refused.exitCode, refused.stderr]).toEqual([line, 2, expect.stringContaining(said)]);
  }
  const unknown = await runHere("sync --from local --to copies".split(" "), { cwd: project.dir });
  expect([unknown.exitCode, unknown.stderr]).toEqual([4, expect.stringContaining("Choose one with --to NAME")]);
  // What is allowed goes on, and finds that nobody answers.
  const allowed = await runHere(["sync", "--from", "locked", "--to", "copy", "--yes", "copy"], { cwd: project.dir });
  expect(allowed.exitCode).toBe(5);
  const help = await runHere(["sync", "verify", "--help"], { cwd: project.dir });
  expect(help.stdout).toMatch(/has to be the key of\s+the copy/);
  expect(help.stdout).not.toContain("each run makes a key");
  const keyless = await runHere(["sync", "verify", "--from", "local", "--to", "copy"], { cwd: project.dir });
  expect(keyless.stderr).toContain("CONFITURE_SYNC_KEY is not set: originals of other rows are not looked for");
  await project.write(
    "db/environments/laptop.yaml",
    "database: { engine: embedded, path: .confiture/laptop }\nsync: { replace: true }\n",
  );
  const unmade = await runHere(["sync", "verify", "--from", "local", "--to", "laptop"], { cwd: project.dir });
  expect([unmade.exitCode, unmade.stderr]).toEqual([
    3,
    expect.stringContaining('The database of "laptop" is not there yet'),
  ]);
  expect(existsSync(join(project.dir, ".confiture/laptop"))).toBe(false);
  await rm(project.path("db/environments"), { recursive: true });
  const first = await runHere("sync init --from production".split(" "), { cwd: project.dir });
  expect(first.stderr).toContain("confiture init --from postgres://USER@HOST/DATABASE --env production\n");
});
