import { expect, test } from "bun:test";
import { withDatabase } from "#database/open.ts";
import { createProgressSql } from "#migrate/fill/progress.ts";
import { createLedger } from "#migrate/ledger/change.ts";
import type { Ledger } from "#migrate/ledger/ledger.ts";
import { onlyTables } from "#sync/only-tables.ts";
import { verifySync } from "#sync/run/verify.ts";
import { readSource } from "#sync/source/read.ts";
import { renderProof } from "#cli/output/sync-proof.ts";
import type { Leak } from "#sync/run/proof-result.ts";
import { proposeRules } from "#sync/propose.ts";
import { lookAtDocuments } from "#sync/document-paths.ts";
import { tellBefore } from "#sync/run/tell-before.ts";
import { newestServer } from "../../support/engines.ts";
import { copy, copyOptions, ruled } from "./copying.ts";

const LEDGER: Ledger = { schema: "public", table: "confiture_migrations", exists: false, keeps: "any" };

const RULES = `tables:
  people: { keep: [id], profile: { json: { "friends[].phone": phone, "friend[].phone": phone, "name[]": mask } } }
  visits: { keep: [id] }
  notes: { keep: [id], author: email }
  log: skip
`;

for (const engine of newestServer) {
  test("keys of documents that no rule names are told, but for those that may be values, and of a large table those of some rows", async () => {
    await using source = await engine.fresh();
    await withDatabase(source.target, {}, (database) =>
      database.execute(`
        create table people (id int primary key, profile jsonb);
        insert into people select g, jsonb_build_object('theme', 'dark', 'vat', g, 'friends', jsonb_build_array('{"phone": "1"}'::jsonb, '{"phone": "2", "note": "x"}'::jsonb),
            'contact', jsonb_build_object('email', 'a', 'by' || g || '@corp.example', 1, 'anna' || g, 2)) || case when g = 1 then '{"fax": 1}' else '{}' end::jsonb
          from generate_series(1, 60) g;
        create table parts (id int, doc json) partition by range (id);
        create table parts_1 partition of parts for values from (0) to (10);
        create table parts_2 partition of parts for values from (10) to (20);
        insert into parts select g, case when g < 10 then '{"a": 1, "z": 1}' else '{"b": 1, "z": 1}' end::json from generate_series(0, 19) g;
        create table bags (id int primary key, bag jsonb);
        insert into bags select g, case g when 19999 then '{"rare": "x"}' else '{"kept": 1, "odd": 2}' end::jsonb from generate_series(1, 20000) g;
        create table nothing (id int primary key, doc jsonb);
        create table lists (id int primary key, list jsonb, raw json);
        insert into lists values (1, '["a@corp.example", null]', '["b@corp.example"]');
        analyze`),
    );
    const plan = ruled(`tables:
  people: { keep: [id], profile: { json: { contact.email: email, "friends[].phone": phone }, keep: [theme] } }
  parts: { keep: [id], doc: { json: { a: token, b: token } } }
  bags: { keep: [id], bag: { json: { rare: token, rar: token }, keep: [kept] } }
  nothing: { keep: [id], doc: { json: { a: token } } }
  lists: { keep: [id], list: { json: { "[]": email } }, raw: { json: {}, keep: ["[]"] } }
`);
    const { warnings, notes } = await withDatabase(source.target, {}, async (database) =>
      lookAtDocuments(database, await plan(database)),
    );
    expect(warnings).toEqual([
      'db/sync/rules.yaml:4:51: public.bags.bag rar (token): this path matched no row of the source. Did you mean "rare"?',
    ]);
    expect(notes).toEqual([
      expect.stringMatching(
        /^public\.bags\.bag: no rule names these keys, so they are left out: odd \(in \d+\), of a sample of \d+ documents$/,
      ),
      "public.parts.doc: no rule names these keys, so they are left out: z (in 20), of 20 documents",
      "public.people.profile: no rule names these keys, so they are left out: vat (in 60), friends[].note (in 60), 1 other key, 120 keys in contact, of 60 documents",
    ]);
  });

  test("first rules join columns that have values in common, and name the paths of documents that many have", async () => {
    await using source = await engine.fresh();
    const { yaml } = await withDatabase(source.target, {}, async (database) => {
      await database.execute(`
        create table accounts (email text);
        create table users (id int primary key, email text unique, first_name text);
        insert into users select g, 'p' || g || '@corp.example', 'ann' from generate_series(1, 40) g;
        create table orders (id int primary key, invoice_email text, other_email text, day date, cc_emails text[], odd_emails varchar(40)[], who varchar(40)[], said text[]);
        insert into orders select g, 'p' || (g % 40 + 1) || '@corp.example', 'q' || g || '@corp.example', null,
          array[null, 'p' || (g % 40 + 1) || '@corp.example', ''], array['q' || g || '@corp.example'],
          array['q' || g || '@corp.example', 'r' || g || '@corp.example', ''], array['ask r' || g || '@corp.example', 'no', null] from generate_series(1, 50) g;
        create table docs (id int, doc json) partition by range (id);
        create table docs_1 partition of docs for values from (0) to (100);
        insert into docs select g, json_build_object('who', 'p' || g || '@corp.example', 'active', true, 'n', g, 'odd-key', json_build_array('x'), 'cc', json_build_array('p' || g || '@corp.example'),
          'friends', json_build_array(json_build_object('phone', '+49 30 ' || 1000000 + g)), 'votes', json_build_object('ann' || g, 1)) from generate_series(1, 40) g;
        create table firms (id int primary key, billing_email text, main_user int references users);
        insert into firms select g, 'f' || g || '@corp.example', g from generate_series(1, 40) g;
        create table invoices (id int primary key, firm int references firms, contact_email text, note_email text, doc jsonb);
        insert into invoices select g, g, 'f' || g || '@corp.example', 'g' || g || '@corp.example', jsonb_build_object('sent_to', 'f' || g || '@corp.example') from generate_series(1, 40) g;
        create table lists (id int primary key, list jsonb, nothing jsonb);
        insert into lists select g, '[{"city": "Ulm"}]' from generate_series(1, 5) g`);
      return await proposeRules(database, await readSource(database), "db/sync/tables.yaml");
    });
    expect(yaml.slice(yaml.indexOf("tables:\n"))).toBe(`tables:
  accounts:
    keep: []
    email: email
  docs:
    keep: []
    id: "?" # integer
    doc: # 40 other keys are left out
      json:
        cc: { as: users.email }
        "friends[].phone": phone
        n: "?"
        "odd-key": "?"
        who: { as: users.email }
      keep: [active]
  firms:
    keep: [id, main_user]
    billing_email: email
  invoices:
    keep: [id, firm]
    contact_email: { as: firms.billing_email } # 100% are in firms.billing_email as well
    note_email: email
    doc: { json: { sent_to: { as: firms.billing_email } } }
  lists:
    keep: [id]
    list: { json: { "[].city": city } }
    nothing: "?" # jsonb
  orders:
    keep: [id]
    invoice_email: { as: users.email } # 100% are in users.email as well
    other_email: email
    day: "?" # date
    cc_emails: { as: users.email } # 100% are in users.email as well
    odd_emails: email
    who: email # 100% of the elements look like e-mail addresses
    said: "?" # 50% of the elements hold an e-mail address
  users:
    keep: [id]
    email: email
    first_name: first_name
`);
    // What is decided works as it is written.
    await using target = await engine.fresh();
    const decided = yaml.replaceAll(/^    id: "\?"/gm, "    id: keep").replaceAll('"?"', "{ value: null }");
    const { proof } = await copy(source.target, target.target, { plan: ruled(decided) });
    expect([proof.leaks, proof.columns.filter(({ holds }) => !holds)]).toEqual([[], []]);
    const [joined] = await target.query<{ rows: number }>(
      `select count(*)::int as rows from orders, unnest(cc_emails) e (mail) join users u on u.email = e.mail`,
    );
    expect(joined).toEqual({ rows: 50 });
  });

  test("first rules keep no sensitive enum or boolean, and take no moment for a login", async () => {
    await using source = await engine.fresh();
    const { yaml } = await withDatabase(source.target, {}, async (database) => {
      await database.execute(`create type finding as enum ('none', 'hiv'); create type diagnosis as enum ('none', 'flu');
        create table patients (id int primary key, state finding, diagnosis finding, last diagnosis, is_pregnant boolean, active boolean,
          last_login_at text, doc jsonb);
        create table firms (code text primary key); create table desks (id int primary key, firm text references firms);
        insert into patients select g, 'none', 'hiv', 'flu', true, true, '2026-01-01',
            '{"isSmoker": true, "open": true, "last_login_at": "2026-01-01T00:00:00Z", "emailSentOn": "2026-01-01", "login": "ann"}' from generate_series(1, 5) g`);
      return await proposeRules(database, await readSource(database), "db/sync/tables.yaml");
    });
    expect(yaml.slice(yaml.indexOf("tables:\n"))).toBe(`tables:
  desks:
    keep: [id]
    firm: "?" # refers to firms.code
  firms:
    keep: []
    code: "?" # text
  patients:
    keep: [id, state, active]
    diagnosis: "?" # public.finding; by its name, something sensitive about a person
    last: "?" # public.diagnosis; by its name, something sensitive about a person
    is_pregnant: "?" # boolean; by its name, something sensitive about a person
    last_login_at: "?" # text
    doc: { json: { emailSentOn: "?", isSmoker: "?", last_login_at: "?", login: username }, keep: [open] }
`);
  });

  test("a copy says which path matched nothing, leaves tables of the tool's own alone, and misses rows that are gone", async () => {
    await using source = await engine.fresh();
    await using target = await engine.fresh();
    await withDatabase(source.target, {}, async (database) => {
      await createLedger(database, LEDGER);
      await database.execute(`${createProgressSql(LEDGER)};
        create table people (id int primary key, profile jsonb);
        insert into people select g, jsonb_build_object('friends', jsonb_build_array(jsonb_build_object('phone', '+49 30 ' || 1000000 + g))) from generate_series(1, 1000) g;
        create table visits (id int primary key); insert into visits select generate_series(1, 500);
        create table log (line text); insert into log values ('none');
        create table notes (id int primary key, author text); insert into notes values (1, 'ann@a.test')`);
    });
    const plan = ruled(RULES);
    const warnings: string[] = [];
    // Of the notes no row is copied, as with --tables; that the copy tells later by itself.
    const report = await copy(source.target, target.target, {
      plan: async (database) =>
        onlyTables(await plan(database), await readSource(database, [{ ...LEDGER }]), ["people", "visits"]),
      onEvent: (event) => void (event.type === "warning" && warnings.push(event.message)),
    });
    expect(warnings).toEqual([
      'db/sync/rules.yaml:2:70: public.people.profile friend[].phone (phone): this path matched no row of the source. Did you mean "friends[].phone"?',
      "db/sync/rules.yaml:2:95: public.people.profile name[] (mask): this path matched no row of the source. Is it misspelt?",
    ]);
    // Neither needs a copy for it, and what was told before is not told again.
    const again: string[] = [];
    const options = copyOptions(source.target, target.target, {
      plan,
      onEvent: (event) => void (event.type === "warning" && again.push(event.message)),
    });
    const told = await tellBefore(options);
    expect([told, again.splice(0)]).toEqual([{ warnings, notes: [] }, warnings]);
    await verifySync({ ...options, told: { ...told, warnings: warnings.slice(1) } });
    expect(again).toEqual(warnings.slice(0, 1));
    expect(report.tables.map(({ table }) => table)).toEqual(["public.people", "public.visits"]);
    const there = "select relname::text as name from pg_class where relname like 'confiture%' and relkind = 'r'";
    expect(await withDatabase(target.target, {}, (database) => database.query(there))).toEqual([
      { name: "confiture_migrations" },
    ]);

    const verify = async (): ReturnType<typeof verifySync> =>
      await verifySync(copyOptions(source.target, target.target, { plan }));
    const first = await verify();
    expect(first).toMatchObject({
      holds: true,
      rows: { copied: 1500, now: 1500, fewer: [], more: [] },
      largeObjects: 0,
    });
    expect(first.proof.columns.map(({ column }) => column.split(" ")[0])).not.toContain("public.notes.author");
    // Where nothing was there to compare, nothing is proven.
    const lines = renderProof(first.proof, "normal");
    expect(lines.filter((line) => /\bfriend\[\]/.test(line))).toEqual([
      "nothing to prove: public.people: profile friend[].phone (phone): the source has no value there",
    ]);
    expect(first.proof.scanned.behind).toEqual(["public.notes.author"]);
    expect(first.comment).toMatch(/; rows: 1500$/);
    const alter = async (sql: string): Promise<void> =>
      await withDatabase(target.target, {}, (database) => database.execute(sql));
    // What the server keeps of the database is text of the copy as well.
    const [{ database } = { database: "" }] = await target.query<{ database: string }>(
      "select current_database() as database",
    );
    const words = "ann@a.test";
    await alter(`alter database "${database}" set app.owner = '${words}'; alter role current_user in database "${database}" set app.owner = '${words}';
      do $$ begin execute format('comment on database "${database}" is %L', shobj_description((select oid from pg_database where datname = current_database()), 'pg_database') || ' ${words}'); end $$`);
    const ofDatabase = (...whats: string[]): Leak[] =>
      whats.map((what) => ({ column: `database ${database} (${what})`, kind: "email", rows: 1, isInSchema: true }));
    const noticed = async (): Promise<Leak[]> =>
      (await verify()).proof.noticed.toSorted((a, b) => (a.column < b.column ? -1 : 1));
    const written = ["setting app.owner of the role postgres", "setting app.owner"];
    expect(await noticed()).toEqual(ofDatabase("comment", ...written));
    // Security labels as a provider would write them, of which this server has none.
    const labelled = async (sql: string): Promise<void> =>
      await alter(`set allow_system_table_mods = on; ${sql}; reset allow_system_table_mods`);
    await labelled(`insert into pg_shseclabel select oid, 'pg_database'::regclass, 'none', '${words}' from pg_database where datname = '${database}';
      insert into pg_seclabel values ('public.people'::regclass, 'pg_class'::regclass, 0, 'none', '${words}')`);
    expect(await noticed()).toEqual([
      ...ofDatabase("comment", "label", ...written),
      { column: "table public.people", kind: "email", rows: 1, isInSchema: true },
    ]);
    await labelled("delete from pg_shseclabel where provider = 'none'; delete from pg_seclabel");
    // As many rows in all, and yet some are gone. What production does meanwhile does not matter.
    await source.query("insert into visits values (501)");
    await alter("delete from people where id = 1; insert into visits values (1000)");
    expect(await verify()).toMatchObject({
      holds: false,
      rows: {
        copied: 1500,
        now: 1500,
        fewer: [{ table: "public.people", copied: 1000, now: 999 }],
        more: [{ table: "public.visits", copied: 500, now: 501 }],
      },
    });
    await alter("insert into people select 1; insert into log values ('new'); select lo_from_bytea(0, 'new')");
    expect(await verify()).toMatchObject({
      holds: true,
      largeObjects: 1,
      rows: { now: 1502, fewer: [], more: [{ table: "public.log", copied: 0, now: 1 }, { table: "public.visits" }] },
    });
    // Production has a table and columns since of which the copy knows nothing.
    await source.query("create table later (id int primary key)");
    await source.query(
      "alter table people add column email text, add column code int not null default 1, add unique (id, code)",
    );
    const grown = ruled(
      RULES.replace("people: { keep: [id]", "people: { keep: [id, code], email: email").replace(
        "log: skip",
        "log: skip\n  later: { keep: [id] }",
      ),
    );
    const result = await verifySync(copyOptions(source.target, target.target, { plan: grown }));
    expect(result).toMatchObject({ holds: false, rows: { copied: 1500, now: 1502 } });
    expect(result.changes.map(({ change, kind, name }) => [change, kind, name])).toEqual(
      expect.arrayContaining([
        ["added", "table", "public.later"],
        ["added", "column", "public.people.email"],
      ]),
    );
  }, 120_000);
}
