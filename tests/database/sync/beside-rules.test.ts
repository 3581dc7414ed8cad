import { expect, test } from "bun:test";
import { withDatabase } from "#database/open.ts";
import { createLedger } from "#migrate/ledger/change.ts";
import type { SyncFinding } from "#sync/finding.ts";
import { newestServer } from "../../support/engines.ts";
import { copy, ruled } from "./copying.ts";

for (const engine of newestServer) {
  test("texts of migrations stay behind, and are no leak", async () => {
    await using source = await engine.fresh();
    await using target = await engine.fresh();
    await withDatabase(source.target, {}, async (database) => {
      await createLedger(database, { schema: "public", table: "confiture_migrations", exists: false, keeps: "any" });
      await database.execute(`
        create table people as select 1 as id, 'ann@corp.example' as email;
        insert into confiture_migrations (version, name, applied_at, applied_by, tool_version, state, source, source_down, source_file)
          values ('20240101120000', 'add_ann', now(), 'ann@corp.example', '1', 'applied', 'insert into people values (1, ''ann@corp.example'')',
            'delete from people where email = ''ann@corp.example''', 'db/migrations/20240101120000_add_ann.sql')`);
    });
    const plan = ruled("tables:\n  people: { keep: [id], email: email }\n");
    const report = await copy(source.target, target.target, { plan });
    expect(report.ledgers).toEqual([{ table: "public.confiture_migrations", rows: 1 }]);
    const [row] = await target.query("select * from confiture_migrations");
    expect(row).toMatchObject({ version: "20240101120000", name: "add_ann", source: null, source_down: null });
    // The role may be a person, whose name is an address.
    expect(row).toMatchObject({ applied_by: "(not copied)" });
  }, 60_000);

  test("tables of extensions that are not as the extension makes them stop the copy, or are named", async () => {
    await using source = await engine.fresh();
    await using target = await engine.fresh();
    await withDatabase(source.target, {}, (database) =>
      database.execute(`create extension hstore; create table areas (id int, own bool); insert into areas values (1, false);
        create table t as select 1 as id; alter extension hstore add table areas;
        update pg_extension set extconfig = array['areas'::regclass::oid], extcondition = array['where own'] where extname = 'hstore'`),
    );
    const missing = ["hstore: public.areas"];
    const skipped = async () =>
      (await copy(source.target, target.target, { skipExtensionTables: true })).extensionTables;
    const refusal = async (): Promise<unknown> =>
      await copy(source.target, target.target).catch((error: unknown) => error);
    expect(await skipped()).toEqual({ withRows: [], missing });
    const added = await refusal();
    expect(added).toMatchObject({ code: "sync_extension_tables", data: { tables: missing } });
    expect(String(added)).toContain("CREATE EXTENSION does not make");
    await source.query("insert into areas values (2, true)");
    expect(await skipped()).toEqual({ withRows: missing, missing });
    await target.query("drop table t");
    const rows = await refusal();
    expect(rows).toMatchObject({ code: "sync_extension_tables", data: { tables: missing } });
    expect(String(rows)).toContain("Rows were put into");
    expect(await target.query("select from pg_class where relname = 't'")).toEqual([]);
  }, 60_000);

  test("arrays that are no plain lists are not made into ones", async () => {
    await using source = await engine.fresh();
    await using target = await engine.fresh();
    await withDatabase(source.target, {}, (database) =>
      database.execute("create table t (id int, tags text[]); insert into t values (1, '{a,b}'), (2, '{{a,b},{c,d}}')"),
    );
    const plan = ruled("tables:\n  t: { keep: [id], tags: filler }\n");
    const refusal = async (): Promise<string> =>
      await copy(source.target, target.target, { plan }).then(() => "none", String);
    expect(await refusal()).toMatch(/array-shape: .*t\.tags.*\(1 row\)/);
    await source.query("update t set tags = '[0:1]={a,b}' where id = 2");
    expect(await refusal()).toContain("array-shape");
    await source.query("update t set tags = '{}' where id = 2");
    await copy(source.target, target.target, { plan });
    expect(await target.query("select cardinality(tags) as n from t order by id")).toEqual([{ n: 2 }, { n: 0 }]);
  }, 60_000);

  test("what a path of a document meets and has no rule for stops the copy, and elements of an array are originals", async () => {
    await using source = await engine.fresh();
    await using target = await engine.fresh();
    await withDatabase(source.target, {}, (database) =>
      database.execute(`create table d (id int, doc jsonb, note text); insert into d values
        (1, '{"mail": "a@b.org", "n": 1, "contact": {"mail": ["x@b.org", "y@b.org", null], "ok": true}, "none": {}}', 'y@b.org'),
        (2, '{"mail": {"work": "w@b.org"}, "contact": "z@b.org", "n": null}', ''),
        (3, '{"mail": ["l@b.org", {"k": "m@b.org"}], "n": "12", "contact": []}', '')`),
    );
    const outcome = async (rules: string): Promise<unknown> =>
      await copy(source.target, target.target, {
        plan: ruled(`tables:\n  d: { keep: [id, note], doc: { json: { ${rules} } } }\n`),
      }).catch((error: unknown) => error);
    const unfit = (await outcome("mail: email, n: integer, contact.mail: email, contact.ok: token")) as Error;
    const findings = unfit.cause as readonly SyncFinding[];
    expect(findings.map(({ message, fix, location }) => [message.split(": ")[1], fix, location.column])).toEqual([
      ["contact is a text in 1 row", "Add contact: { value: null }", 66],
      ["mail is an object in 1 row", "Add mail.KEY: email for each of its keys; or mail: { value: null }", 41],
      [
        "mail[] is an object in 1 row",
        'Add "mail[].KEY": email for each of its keys; or "mail[]": { value: null }',
        41,
      ],
      ["n is a text in 1 row", "Write n: { value: null }", 54],
    ]);
    const lists = (await outcome("mail: { value: null }, n: { value: 1 }, contact.mail.to: email")) as Error;
    expect((lists.cause as readonly SyncFinding[]).map(({ fix }) => fix)).toEqual([
      "Add contact: email",
      'Add "contact.mail[].to": email',
    ]);
    const all =
      'mail: email, mail.work: email, "mail[]": email, "mail[].k": email, n: { value: 1 }, contact: token, contact.mail: email, contact.ok: token';
    expect(await outcome(all)).toMatchObject({
      data: { leaks: [{ column: "public.d.note", kind: "email", rows: 1 }] },
    });
    await source.query("update d set note = ''");
    const report = await outcome(all);
    expect(report).toMatchObject({ proof: { leaks: [] } });
    const docs = await target.query<{ doc: object }>("select doc from d order by id");
    expect(JSON.stringify(docs)).not.toMatch(/b\.org|true/);
    const made = expect.stringMatching(/^u[0-9a-f]{16}@example\.com$/);
    const token = expect.stringMatching(/^[0-9a-f]{32}$/);
    expect(docs.map(({ doc }) => doc)).toEqual([
      { mail: made, n: "1", contact: { mail: [made, made, null], ok: token } },
      { mail: { work: made }, contact: token, n: null },
      { mail: [made, { k: made }], contact: [], n: "1" },
    ]);
  }, 60_000);

  test("texts whose collation knows several spellings are replaced and searched, and a reference in another one stops the copy", async () => {
    await using source = await engine.fresh();
    await using target = await engine.fresh();
    await withDatabase(source.target, {}, (database) =>
      database.execute(`create collation loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
        create table k (id text collate loose primary key, mail text collate loose, note text collate loose, kept text collate loose);
        insert into k values ('Abc', 'a@b.org', 'to a@b.org', 'Z'), ('d', 'd@b.org', '', 'by D@b.org');
        create table r (k text collate loose references k); insert into r values ('abc'), ('d')`),
    );
    const plan = ruled("tables:\n  k: { keep: [kept], id: token, mail: email, note: { scrub: [email] } }\n  r: {}\n");
    const outcome = async (): Promise<unknown> =>
      await copy(source.target, target.target, { plan }).catch((error: unknown) => error);
    expect(String(await outcome())).toMatch(/other-spelling: r\.k .*\(1 row\)/);
    await source.query("update r set k = 'Abc' where k = 'abc'");
    expect(await outcome()).toMatchObject({ data: { leaks: [{ column: "public.k.kept", kind: "email", rows: 1 }] } });
    await source.query("update k set kept = ''");
    await outcome();
    expect(
      await target.query(
        "select count(*)::int as n from k join r on r.k = k.id where strpos((k.*)::text, 'b.org') = 0",
      ),
    ).toEqual([{ n: 2 }]);
  }, 60_000);

  test("what generated columns and indexes cannot make of results stops the copy, and a text that is filler already is replaced", async () => {
    await using source = await engine.fresh();
    await using target = await engine.fresh();
    await withDatabase(source.target, {}, (database) =>
      database.execute(`create table a (id int primary key, e text, l text not null generated always as (lower(e)) stored unique, f text);
        insert into a (id, e, f) values (1, 'A', 'L'), (2, 'B', 'lorem');
        create table b (e text, n int generated always as (split_part(e, '-', 2)::int) stored); insert into b values ('a-5');
        create table c (e text, s varchar(5) generated always as (e) stored); insert into c values ('abc');
        create table d (e text, n text); insert into d values ('5', ''); create index on d ((e::int)); create index on d (lower(n));
        create function number_of(text) returns int immutable language sql as $$ select replace($1, 'u', '')::int $$;
        create table f (e text, n int generated always as (public.number_of(e)) stored); insert into f (e) values ('1');
        create table g (id int primary key, e text); insert into g select i, i || 'b' from generate_series(1, 9) i; create unique index g_left on g (left(e, 1));
        create table h (id int primary key, e text, x varchar(5), y int, z varchar(5), j json); insert into h values (1, 'a', '', 1, '', '{"a": "\\u0000", "b": "\\\\u0000"}'), (2, 'a', '', 1, '', '{"b": "\\\\u0000"}');
        alter table h add check (e ~ 'b') not valid`),
    );
    const rules = (name: string, e: string): string => `tables:
  a: { keep: [id], e: ${name}, f: filler }
  b: { e: ${e} }
  c: { e: ${e} }
  d: { e: ${e}, n: filler }
  f: { e: ${e} }
  g: { keep: [id], e: ${name} }
  h: { keep: [id], e: filler, x: { expr: "repeat(e, 9)" }, y: { expr: "1 / (length(e) - 1)" }, z: { expr: "1 / (length(e) - 1)" }, j: { json: { a: token } } }
`;
    const refusal = async (yaml: string): Promise<string> =>
      await withDatabase(source.target, {}, ruled(yaml)).then(() => "none", String);
    expect(await refusal(rules("first_name", "token"))).toMatch(/^Error: lossy-unique: .*a_l_key/);
    const refused = (await refusal(rules("email", "token"))).split("\n");
    expect(refused.map((line) => line.replace(/^Error: /, ""))).toEqual([
      expect.stringMatching(/^unfit-value: h\.j \(json\) has \\u0000 in a document, .*\(1 row\)$/),
      expect.stringMatching(/^check-violated: The generated column b\.n .*22P02/),
      expect.stringMatching(/^check-violated: The generated column c\.s .*\(1 row\)/),
      expect.stringMatching(/^check-violated: The index "d_e_idx" .*22P02/),
      expect.stringMatching(/^check-violated: The generated column f\.n .*22P02/),
      expect.stringMatching(/^check-violated: The unique index "g_left" .*\(8 rows\)/),
      expect.stringMatching(/^too-long: The expression for h\.x .*varying\(5\).*\(2 rows\)/),
      expect.stringMatching(/^fails-on-rows: The expression for h\.y .*division by zero \(SQLSTATE 22012\)/),
      expect.stringMatching(/^fails-on-rows: The expression for h\.z .*division by zero/),
    ]);
    await source.query("drop index g_left");
    const works = rules("email", "{ value: '-7' }")
      .replace("repeat(e, 9)", "left(repeat(e, 9), 5)")
      .replaceAll("length(e) - 1", "length(e) + 1")
      .replace("{ json: { a: token } }", "{ value: null }");
    await copy(source.target, target.target, { plan: ruled(works) });
    expect(await target.query("select f, e = l as same from a order by id")).toEqual([
      { f: "x", same: true },
      { f: "xxxxx", same: true },
    ]);
  }, 60_000);

  test("constraints are valid in partitions and children as on the source, whatever they are for their parent", async () => {
    await using source = await engine.fresh();
    await using target = await engine.fresh();
    await withDatabase(source.target, {}, (database) =>
      database.execute(`create table p (id int, v int) partition by range (id);
        create table p1 (id int, v int, constraint vch check (v > 0)); create table p3 (id int, v int) partition by range (id);
        alter table p add constraint vch check (v > 0) not valid; alter table p attach partition p1 for values from (0) to (10);
        create table p2 partition of p for values from (10) to (20);
        alter table p3 add constraint vch check (v > 0); alter table p attach partition p3 for values from (20) to (30);
        create table p31 partition of p3 for values from (20) to (25);
        create table base (v int); create table heir () inherits (base); create table other () inherits (base);
        alter table base add constraint vch check (v > 0) not valid; alter table heir validate constraint vch;
        create table own (v int, constraint vch check (v > 0)); alter table own inherit base;
        create table k (id int primary key); create table f (id int, k int) partition by list (id);
        create table f1 (id int, k int references k);
        ${engine.major < 18 ? "" : "alter table f add constraint f1_k_fkey foreign key (k) references k not valid;"}
        alter table f attach partition f1 for values in (1);
        insert into p values (1, 1), (11, 1), (21, 1); insert into heir values (1)`),
    );
    const states = `select conrelid::regclass::text as "table", conname as name, convalidated as valid from pg_constraint
      where conname ~ 'vch|fkey' and connamespace = 'public'::regnamespace order by 1, 2`;
    await copy(source.target, target.target);
    expect(await target.query(states)).toEqual(await source.query(states));
  }, 60_000);

  test("materialized views bring no row from elsewhere, and one that cannot be computed of results stays empty", async () => {
    await using source = await engine.fresh();
    await using target = await engine.fresh();
    await withDatabase(source.target, {}, (database) =>
      database.execute(`create extension file_fdw; create server files foreign data wrapper file_fdw;
        create table people as select 1 as id, '12@corp.example' as email;
        ${engine.major < 18 ? "" : "insert into people values (null, null); alter table people add not null id not valid; create table own (n int not null no inherit); create table heir () inherits (own);"}
        create foreign table far (line text) server files options (filename 'PG_VERSION');
        create view seen as select line from far;
        create function hidden() returns setof text language plpgsql as $$ begin return query execute 'select line from public.far'; end $$;
        create function plain() returns bigint language sql begin atomic select count(*) from people; end;
        create materialized view direct as select line from far;
        create materialized view through as select line from seen;
        create materialized view called as select hidden() as line;
        create materialized view texts as select query_to_xml('select * from public.far', true, true, '')::text as line;
        create materialized view another as select count(*) as n from direct;
        create materialized view later as select 1 as n with no data;
        create materialized view good as select email, plain() as n from people;
        create unique index on good (email);
        create materialized view better as select count(*) as n from good;
        create materialized view broken as select split_part(email, '@', 1)::int as n from people`),
    );
    const plan = ruled(
      `tables:\n  people: { keep: [id], email: email }\n${engine.major < 18 ? "" : "  own: skip\n  heir: skip\n"}`,
    );
    const { left } = await copy(source.target, target.target, { plan });
    expect(left.materializedViews.map(({ view, why }) => `${view}: ${why}`)).toEqual([
      "public.direct: it reads the foreign table public.far",
      "public.another: it reads the foreign table public.far",
      "public.broken: its query fails on what the copy holds (SQLSTATE 22P02)",
      "public.called: it calls public.hidden(), which may read foreign tables",
      "public.texts: it calls query_to_xml(), which may read foreign tables",
      "public.through: it reads the foreign table public.far",
    ]);
    const filled = await target.query("select matviewname::text as name from pg_matviews where ispopulated order by 1");
    expect(filled).toEqual([{ name: "better" }, { name: "good" }]);
  }, 60_000);
}
