import { expect, test } from "bun:test";
import { withDatabase } from "#database/open.ts";
import type { Target } from "#database/target.ts";
import type { ConfitureError } from "#errors/error.ts";
import { quoteIdentifier } from "#sql/quote.ts";
import { engines, newestServer } from "../../support/engines.ts";
import { server } from "../../support/servers.ts";
import { copy, planned, ruled, transforming } from "./copying.ts";

/** 63 bytes, as many as a name may have. */
const LONGEST = `${"é".repeat(31)}"`;
const QUOTED = quoteIdentifier(LONGEST);

const ALL_SORTS = `
  create extension if not exists citext; create extension if not exists hstore;
  create schema "Odd ""Schema""";
  create type mood as enum ('glad', 'sad'); create type pair as (a int, b text);
  create domain mail as text check (value like '%@%');
  create table "Odd ""Schema"""."Select" ("Table" int generated always as identity primary key, "from" mail not null unique, "a.b" citext,
    "keep" text, tags hstore, moods mood[], pairs pair[], span int4range, raw bytea, code uuid, seen inet, at timestamptz, amount numeric,
    words tsvector, "new\nline" text, ${QUOTED} text, doubled int generated always as ("Table" * 2) stored);
  insert into "Odd ""Schema"""."Select" ("from", "a.b", "keep", tags, moods, pairs, span, raw, code, seen, at, amount, words, "new\nline", ${QUOTED})
    select 'Person' || g || '@Corp.Example', 'Person' || g, 'secret ' || g, hstore('phone', '+49 30 ' || g), array['glad', 'sad']::mood[],
           array[row(g, E'tab\\tnew\\nline \\\\N')::pair], int4range(g, g + 5), decode(md5(g::text), 'hex'), md5(g::text)::uuid, '192.0.2.7', now(), 'NaN',
           to_tsvector('simple', 'Person' || g || '@Corp.Example'), 'Person' || g || '@Corp.Example', 'Person' || g
      from generate_series(1, 200) g;
  create table tree (id bigint primary key, parent bigint references tree deferrable initially deferred, label varchar(12) not null);
  insert into tree select g, nullif(g - 1, 0), 'label ' || g from generate_series(1, 100) g;
  create table parent (id bigint primary key, name text); create table child (extra text) inherits (parent);
  insert into parent values (1, 'Wilhelmina Featherstone'); insert into child values (2, 'Ebenezer Quillfeather', 'x');
  alter table parent add check (id > 5) not valid;
  create table empty (); insert into empty default values; insert into empty default values;`;

const ALL_RULES = `
tables:
  '"Odd ""Schema"""."Select"':
    keep: [Table, moods, span, at, amount]
    from: email
    '"a.b"': username
    columns: { keep: filler }
    tags: { hstore: { phone: phone } }
    pairs: { value: null }
    raw: { value: '\\x00' }
    code: uuid
    seen: network
    words: { expr: "to_tsvector('simple', {from}::text)" }
    "new\\nline": { as: '"Odd ""Schema"""."Select".from' }
    '${LONGEST}': email
  tree: { label: filler, id: integer }
  parent: { keep: [id], name: full_name }
  child: { keep: [id, extra], name: full_name }
  empty: {}
`;

for (const engine of engines) {
  test(`every sort of column is kept or replaced on ${engine.name}`, async () => {
    await using source = await engine.fresh();
    await using target = await engine.fresh();
    await withDatabase(source.target, {}, (database) => database.execute(ALL_SORTS));
    const report = await copy(source.target, target.target, { plan: ruled(ALL_RULES) });
    expect(report.proof.leaks).toEqual([]);
    const [seen] = await target.query<Record<string, unknown>>(`
      select (select count(*)::int from "Odd ""Schema"""."Select" where "from" like '%@example.com' and "keep" not like 'secret%' and doubled = "Table" * 2
                and pairs is null and raw = '\\x00' and words = to_tsvector('simple', "from")
                and "new\nline" = "from" and ${QUOTED} like '%@example.com') as rows,
             (select count(*)::int from tree a join tree b on a.parent = b.id) as edges,
             (select count(*)::int from tree where id between 1 and 100) as own,
             (select count(*)::int from only parent) as parents, (select count(*)::int from child) as children,
             (select count(*)::int from empty) as empty,
             (select convalidated from pg_constraint where conname = 'parent_id_check' and conrelid = 'parent'::regclass) as valid`);
    expect(seen).toEqual({ rows: 200, edges: 99, own: 0, parents: 1, children: 1, empty: 2, valid: false });
  }, 120_000);
}

for (const engine of newestServer) {
  test("an original that is in documents alone is found in a note", async () => {
    await using source = await engine.fresh();
    await using target = await engine.fresh();
    await withDatabase(source.target, {}, (database) =>
      database.execute(`create table notes (id int primary key, doc jsonb, docs json[], note text);
        insert into notes select g, jsonb_build_object('theme', 'dark', 'a.b', jsonb_build_object('email', 'Only' || g || '@inside.example'),
            'friends', jsonb_build_array(jsonb_build_object('phone', '+49 30 555' || lpad(g::text, 4, '0')))),
          array[json_build_object('mail', 'second' || g || '@inside.example')], 'nothing' from generate_series(1, 50) g`),
    );
    const plan = ruled(`
tables:
  notes:
    keep: [id, note]
    doc: { json: { '"a.b".email': email, "friends[].phone": phone }, keep: [theme] }
    docs: { json: { mail: email } }
`);
    const report = await copy(source.target, target.target, { plan });
    expect(report.proof.columns.filter(({ originals }) => originals > 0)).toMatchObject([
      {
        column: 'public.notes.doc "a.b".email',
        transform: "email",
        how: "no value in common",
        originals: 50,
        results: 50,
      },
      { column: "public.notes.doc friends[].phone", how: "no row has its own", originals: 50, results: 50 },
      { column: "public.notes.docs mail", originals: 50, results: 50 },
    ]);
    await withDatabase(source.target, {}, (database) =>
      database.execute(`update notes set note = 'write to only7@INSIDE.example' where id = 3;
        update notes set note = 'call +4930-5550008, second9@inside.example' where id = 4`),
    );
    const leak: unknown = await copy(source.target, target.target, { plan }).catch((error: unknown) => error);
    expect(leak).toMatchObject({
      code: "sync_unproven",
      data: {
        leaks: [
          { column: "public.notes.note", kind: "email", rows: 2 },
          { column: "public.notes.note", kind: "phone", rows: 1 },
        ],
      },
    });
  }, 60_000);

  test("sessions in the target end when it is replaced, and its settings and rights stay", async () => {
    await using source = await engine.fresh();
    await using target = await engine.fresh();
    const instance = await server(engine.major);
    const name = nameOf(target.target);
    await withDatabase(source.target, {}, (database) => database.execute("create table t as select 1 as id"));
    await instance.sql(`alter database "${name}" set work_mem = '7MB'`);
    await instance.sql(`alter database "${name}" connection limit 50`);
    const inside = instance.connect(name);
    await inside`select 1`;
    // A run that was killed before it could write its comment, and somebody else's database.
    await instance.sql(`create database "${name}_sync_3" connection limit 2000000000`);
    await instance.sql(`create database "${name}_sync_4"`);
    const { removed } = await copy(source.target, target.target);
    expect(removed).toEqual([`${name}_sync_3`]);
    await instance.sql(`drop database "${name}_sync_4"`);
    const after = instance.connect(name);
    expect([...(await after`select id, current_setting('work_mem') as memory from t`)]).toEqual([
      { id: 1, memory: "7MB" },
    ]);
    expect([...(await after`select datconnlimit from pg_database where datname = current_database()`)]).toEqual([
      { datconnlimit: 50 },
    ]);
    await after.end();
    await inside.end({ timeout: 1 }).catch(() => {});
  }, 60_000);

  test("a role that may not create databases has its own filled, and a run that fails says that it is not whole", async () => {
    await using source = await engine.fresh();
    await using target = await engine.fresh();
    const instance = await server(engine.major);
    const name = nameOf(target.target);
    await instance.sql("create role sync_owner login password 'postgres'");
    await instance.sql(`alter database "${name}" owner to sync_owner`);
    await withDatabase(target.target, {}, (database) =>
      database.execute(
        "alter schema public owner to sync_owner; create table old (id int); alter table old owner to sync_owner",
      ),
    );
    await withDatabase(source.target, {}, (database) =>
      database.execute("create table t (id int primary key, note text); insert into t values (1, 'a')"),
    );
    if (target.target.engine !== "server") throw new Error("a server is needed");
    const owned = { ...target.target, user: "sync_owner" };
    const marks = async (): Promise<number> =>
      (await target.query("select 1 from pg_namespace where nspname = 'confiture_sync_incomplete'")).length;
    const broken = planned((plan) => transforming(plan, "t", "note", { expression: "source.note::int::text" }));
    const failed: unknown = await copy(source.target, owned, { plan: broken }).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: "sync_source_failed" });
    // It must not say that anything of before is left.
    expect((failed as ConfitureError).hint).toMatch(/emptied and is not whole.* confiture_sync_incomplete /);
    expect((failed as ConfitureError).hint).not.toMatch(/not replaced|still there|held before/);
    expect(await marks()).toBe(1);
    // A session that stays would keep the process alive, and the target locked.
    const sessions = "select count(*)::int as n from pg_stat_activity where usename = 'sync_owner'";
    for (let i = 0; i < 100 && (await instance.sql(sessions))[0]?.["n"] !== 0; i++) await Bun.sleep(20);
    expect(await instance.sql(sessions)).toEqual([{ n: 0 }]);
    const report = await copy(source.target, owned);
    expect(await marks()).toBe(0);
    expect(report.place).toBe("in place");
    expect(await target.query("select * from t")).toEqual([{ id: 1, note: "a" }]);
    expect(await target.query("select 1 from pg_class where relname = 'old'")).toEqual([]);
    await target.drop();
    await instance.sql("drop role sync_owner");
  }, 60_000);

  test("a right that is missing on the source is found before the target is touched, with the table's name", async () => {
    await using source = await engine.fresh();
    await using target = await engine.fresh();
    const instance = await server(engine.major);
    await withDatabase(source.target, {}, (database) =>
      database.execute("create table a (id int); create table hidden (id int); create table unread (id int)"),
    );
    await instance.sql("create role sync_poor login password 'postgres'");
    await withDatabase(source.target, {}, (database) => database.execute("grant select on a to sync_poor"));
    if (source.target.engine !== "server") throw new Error("a server is needed");
    const poor = { ...source.target, user: "sync_poor" };
    const plan = ruled("tables:\n  a: { keep: [id] }\n  hidden: { keep: [id] }\n  unread: skip\n");
    const failed = await copy(poor, target.target, { plan }).then(
      () => undefined,
      (error: { code: string; message: string }) => error,
    );
    expect(failed).toMatchObject({ code: "sync_source_failed" });
    expect(failed?.message).toContain("may not read public.hidden");
    await withDatabase(source.target, {}, (database) => database.execute("grant select on hidden to sync_poor"));
    // A table that is skipped needs none.
    expect((await copy(poor, target.target, { plan })).tables.map(({ table }) => table)).toEqual([
      "public.a",
      "public.hidden",
    ]);
    await source.drop();
    await target.drop();
    await instance.sql("drop role sync_poor");
  }, 60_000);
}

function nameOf(target: Target): string {
  if (target.engine !== "server") throw new Error("a server is needed");
  return target.database;
}
