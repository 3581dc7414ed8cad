import { expect, test } from "bun:test";
import { withDatabase } from "#database/open.ts";
import { exceptionsOf, renderProof } from "#cli/output/sync-proof.ts";
import { onlyTables } from "#sync/only-tables.ts";
import type { SyncOptions } from "#sync/run/report.ts";
import { readSource } from "#sync/source/read.ts";
import { newestServer } from "../../support/engines.ts";
import { server } from "../../support/servers.ts";
import { byRules, copy, ruled } from "./copying.ts";

/** An original, in every kind of column that may be kept with a text in it, each in another row. */
const PLACES: Readonly<Record<string, string>> = {
  body: "'ask Person7@corp.example, now'",
  short: "'<person7@CORP.example>'",
  name: "'person7@corp.example'",
  tags: "'{a,person7@corp.example}'",
  doc: `'{"contact": {"mail": "person7@corp.example"}}'`,
  list: `'["person7\\u0040corp.example"]'`,
  docs: `array['{"a": "person7@corp.example"}'::jsonb]`,
  page: "'<a href=\"mailto:person7&#64;corp.example\"/>'",
  pairs: `'mail=>person7@corp.example'`,
  spelling: "'Person7@Corp.Example'",
  words: "to_tsvector('simple', 'person7@corp.example')",
  part: "row(1, 'person7@corp.example')::part",
  handle: "'person7@corp.example'",
  kept: `'{"mail": "person7@corp.example"}'`,
  keptTwice: `'{"mail": "person7@corp.example"}'`,
  keptMany: `array['{"mail": "person7@corp.example"}'::kept]`,
  keptList: "'{person7@corp.example}'",
  query: "'''person7@corp.example'''",
  between: "'[person7@corp.example,z]'",
  path: `'$."person7@corp.example"'`,
  cursor: "'person7@corp.example'",
  rights: `array['"person7@corp.example"=r/postgres'::aclitem]`,
  domainHstore: "'mail=>person7@corp.example'",
  domainXml: "'<a>person7@corp.example</a>'",
  domainWords: "to_tsvector('simple', 'person7@corp.example')",
  manyHstore: "array['mail=>person7@corp.example'::domain_hstore]",
  manyXml: "array['<a>person7@corp.example</a>'::domain_xml]",
  manyWords: "array[to_tsvector('simple', 'person7@corp.example')::domain_words]",
  file: "convert_to('für <person7@corp.example>', 'UTF8')",
  image: `'\\xff005c3030300a'::bytea || 'person7@corp.example'::bytea || '\\x00'::bytea`,
};

const TYPES: Readonly<Record<string, string>> = {
  body: "text",
  short: "varchar(40)",
  name: "name",
  tags: "text[]",
  doc: "jsonb",
  list: "json",
  docs: "jsonb[]",
  page: "xml",
  pairs: "hstore",
  spelling: "citext",
  words: "tsvector",
  part: "part",
  handle: "handle",
  kept: "kept",
  keptTwice: "kept_twice",
  keptMany: "kept[]",
  keptList: "kept_list",
  query: "tsquery",
  between: "texts",
  path: "jsonpath",
  cursor: "refcursor",
  rights: "aclitem[]",
  domainHstore: "domain_hstore",
  domainXml: "domain_xml",
  domainWords: "domain_words",
  manyHstore: "domain_hstore[]",
  manyXml: "domain_xml[]",
  manyWords: "domain_words[]",
  file: "bytea",
  image: "domain_bytes",
};

/** Columns that may be kept, and are not searched, or not as a whole. */
const UNSEARCHED: readonly (readonly [string, string, "encoded" | "binary"])[] = [
  ["content", "bytea", "binary"],
  ["contents", "bytea[]", "encoded"],
];

/** A kept text in which an address is, and the rule that is told against it. */
const ADVISED: readonly (readonly [name: string, type: string, value: string, rule: string])[] = [
  ["plain", "text", "'ask person7@corp.example'", "{ scrub: [email] }"],
  ["both", "text", "'person7@corp.example, +49 30 7654321'", "{ scrub: [email, phone] }"],
  ["many", "text[]", "'{a,person7@corp.example}'", "{ scrub: [email] }"],
  ["soft", "text", "U&'ask person7@corp\\00AD.example'", "filler"],
  ["split", "text", "U&'per\\00ADson7@corp.example'", "filler"],
  ["combined", "text", "U&'perso\\0301n7@corp.example, person7@corp.example'", "filler"],
  ["dash", "text", "U&'+49 30 765\\20144321'", "filler"],
  ["wide", "text", "U&'ask person7\\FF20corp.example'", "filler"],
  ["list", "text[]", "array[U&'person7@corp\\00AD.example']", "filler"],
  ["number", "bigint", "49307654321", "integer"],
  ["page", "xml", "'<a>person7@corp.example</a>'", "{ value: null }"],
  ["words", "tsvector", "to_tsvector('simple', 'person7@corp.example')", `{ expr: "to_tsvector('simple', {title})" }`],
  // What cannot be, for a key, a length, a condition or more than one dimension, is not told.
  ["single", "text unique", "'person7@corp.example'", "token"],
  ["short", "varchar(20) unique", "'person7@corp.example'", "{ token: { length: 20 } }"],
  ["checked", "text check (checked like '%@%')", "'person7@corp.example'", "email"],
  ["grid", "text[]", "'{{a,person7@corp.example}}'", "{ value: null }"],
  ["lines", "text[] not null default '{}'", "'{{a,person7@corp.example}}'", '{ value: "{}" }'],
];

for (const engine of newestServer) {
  test("what is told against an original works as it is written", async () => {
    await using source = await engine.fresh();
    await using target = await engine.fresh();
    const names = ADVISED.map(([name]) => name);
    await withDatabase(source.target, {}, (database) =>
      database.execute(`create table people as select 'person7@corp.example' as email, '+49 30 7654321' as phone;
        create table notes (title text, ${ADVISED.map(([name, type]) => `"${name}" ${type}`).join(", ")});
        create table boxes (mail text primary key); insert into boxes values ('person7@corp.example');
        create table mails (box text references boxes, who text, at text, sender text generated always as (who || '@' || at) stored);
        insert into mails select mail, 'person7', 'corp.example' from boxes;
        insert into notes (${names.map((name) => `"${name}"`).join(", ")}) values (${ADVISED.map(([, , value]) => value).join(", ")});
        insert into notes (number) select 49307654321 from generate_series(1, 12)`),
    );
    const rules = (notes: string, boxes: string, mails: string): string =>
      `tables:\n  people: { email: email, phone: phone }\n  notes: { title: filler, ${notes} }\n  boxes: { ${boxes} }\n  mails: { ${mails} }\n`;
    const columns = `keep: [${names.join(", ")}]`;
    const failed: unknown = await copy(
      source.target,
      target.target,
      await byRules(rules(columns, "keep: [mail]", "keep: [box, who, at]")),
    ).catch((error: unknown) => error);
    const { hint = "" } = failed as { hint?: string };
    expect(hint).toContain(
      "\ndb/sync/rules.yaml:4: take mail out of `keep` and write `mail: token`, and take box out of `keep` at mails (db/sync/rules.yaml:5), which follows it\n",
    );
    expect(hint).toContain(
      "\npublic.mails.sender is computed from who, at; for each of them that is kept:\n  db/sync/rules.yaml:5: take who out of `keep` and write `who: filler`\n  db/sync/rules.yaml:5: take at out of `keep` and write `at: filler`",
    );
    const told = [...hint.matchAll(/out of `keep` and write `((\w+): .+?)`(?: \(|$)/gm)];
    expect(new Set(told.map(([, line]) => line))).toEqual(
      new Set([...ADVISED.map(([name, , , rule]) => `${name}: ${rule}`), "who: filler", "at: filler"]),
    );
    const notes = told.map(([, line]) => line!).filter((line) => names.some((name) => line.startsWith(`${name}: `)));
    const { proof } = await copy(
      source.target,
      target.target,
      await byRules(rules(notes.join(", "), "mail: token", "who: filler, at: filler")),
    );
    expect(proof.leaks).toEqual([]);
  });

  test("of an original that no rule reaches, it is told what to change in its place", async () => {
    await using source = await engine.fresh();
    await using target = await engine.fresh();
    await withDatabase(source.target, {}, (database) =>
      database.execute(`create table people as select 'person7@corp.example' as email;
        create type "Mood" as enum ('glad', 'person7@corp.example');
        create materialized view admins as select 'person7@corp.example'::text as email`),
    );
    const options = await byRules("tables:\n  people: { email: email }\n");
    const hintOf = async (): Promise<string | undefined> =>
      await copy(source.target, target.target, options).then(
        () => undefined,
        (error: unknown) => (error as { hint?: string }).hint,
      );
    const hint = (await hintOf()) ?? "";
    expect(hint).toStartWith("Change this on the source, then run it again:\n");
    expect(hint).not.toMatch(/skip/);
    expect(hint).toContain("\npublic.admins.email is in no table: ");
    expect(hint).toContain(
      "\npublic.Mood (labels of the enum): no rule changes them; ALTER TYPE ... RENAME VALUE does",
    );
    await withDatabase(source.target, {}, (database) =>
      database.execute(`alter type "Mood" rename value 'person7@corp.example' to 'sad'; drop materialized view admins`),
    );
    expect(await hintOf()).toBeUndefined();
  }, 30_000);

  test("settings of the database that a copy replaces are searched, as they come along", async () => {
    await using source = await engine.fresh();
    await using target = await engine.fresh();
    await source.query("create table people as select 'person7@corp.example' as email");
    if (target.target.engine !== "server") throw new Error("a server is needed");
    const { database } = target.target;
    await target.query(`alter database "${database}" set app.owner = 'person7@corp.example'`);
    await target.query(`alter role postgres in database "${database}" set app.contact = 'person7@corp.example'`);
    const { proof } = await copy(source.target, target.target, {
      plan: ruled("tables:\n  people: { email: email }\n"),
    });
    expect(await target.query("show app.owner")).toEqual([{ "app.owner": "person7@corp.example" }]);
    const shown = `database ${database} (setting app`;
    expect(proof.noticed.toSorted((a, b) => (a.column < b.column ? -1 : 1))).toMatchObject([
      { column: `${shown}.contact of the role postgres)`, kind: "email", rows: 1, isInSchema: true },
      { column: `${shown}.owner)`, kind: "email", rows: 1, isInSchema: true },
    ]);
    // What is told takes them away.
    for (const line of renderProof(proof, "normal")) {
      const [statement] = /ALTER .* RESET \S+/.exec(line) ?? [];
      if (statement !== undefined) await target.query(statement);
    }
    expect(
      await target.query(
        "select from pg_db_role_setting d join pg_database b on b.oid = d.setdatabase and datname = current_database()",
      ),
    ).toEqual([]);
  });

  test("an original is found wherever a kept column can hold it, and in what is made of one", async () => {
    await using source = await engine.fresh();
    await using target = await engine.fresh();
    const names = Object.keys(PLACES);
    await withDatabase(source.target, {}, (database) =>
      database.execute(`
        create extension hstore; create extension citext;
        create type part as (n int, mail text); create domain handle as text;
        create domain kept as jsonb; create domain kept_twice as kept; create domain kept_list as text[];
        create type texts as range (subtype = text);
        create domain domain_hstore as hstore; create domain domain_xml as xml; create domain domain_words as tsvector; create domain domain_bytes as bytea;
        create role "person7@corp.example"; create type mood as enum ('glad', 'as person7@corp.example says');
        create table files (id int generated always as identity, serial bigserial, at timestamptz, gone bytea, mood mood,
          ${UNSEARCHED.map(([name, type]) => `"${name}" ${type}`).join(", ")}, code numeric, phone text, day date, unique (code, day)) partition by range (day);
        create table files_1 partition of files for values from ('2024-01-01') to ('2025-01-01');
        create table files_2 partition of files for values from ('2025-01-01') to ('2026-01-01');
        insert into files (content, code, day) select bytes, 5307654321, '2024-01-01'::date + n::int from unnest('{"\\\\x00","text"}'::bytea[]) with ordinality b (bytes, n);
        create table staff as select 49307654321 as mobile, '{1,-49307654321}'::bigint[] as numbers, 49307654321.00 as price, 4930765432 as short, 1.49307654321 as rate,
          case when g = 1 then 49307654321 else g + 5000000 end as number, g + 49307654310 as id, 49307654321::float8 as real from generate_series(1, 12) g;
        alter table staff add primary key (id);
        create table people as select g::smallint as id, 'person' || g || '@corp.example' as email from generate_series(1, 10) g;
        create table logins as select 'name@corp.example' as name, 'of words@bücher.example' as words, 'mail@corp.example' as mail,
          '{"name": "doc@corp.example", "again": "twice@corp.example"}'::jsonb as doc, diary,
            'again@corp.example' as again, 'tel@corp.example' as tel, 'card@corp.example' as card, '+49 30 7654321' as line
          from unnest('{name@corp.example,"a Words@bücher.example",mail@corp.example,doc@corp.example,none@example.com,
            tel@corp.example,card@corp.example}'::text[]) diary;
        create table notes (id serial, ${names.map((name) => `"${name}" ${TYPES[name]}`).join(", ")});
        ${names.map((name) => `insert into notes ("${name}") values (${PLACES[name]})`).join(";\n")};
        create table leads (id int, email text, phone text, recipient text, agent text, doc jsonb) partition by range (id);
        create table leads_1 partition of leads for values from (0) to (10);
        create table leads_2 partition of leads for values from (10) to (20);
        insert into leads values (1, 'lead@corp.example', '+49 30 7654321', 'to@corp.example', 'Mozilla', '{"cc": "cc@corp.example"}');
        create table remarks (line text); insert into remarks values ('lead@corp.example called'), ('nobody'), ('For to@corp.example'), ('for CC@corp.example');
        create view seen as select * from notes;
        create materialized view copies as select body from notes where body is not null`),
    );
    const options = await byRules(
      `tables:
  people: { keep: [id], email: email }
  logins: { keep: [diary], name: token, words: filler, mail: { value: "none@example.com" }, doc: { json: { name: username, again: { value: "twice@corp.example" } } }, again: { value: "again@corp.example" },
    tel: phone, card: card, line: { value: "+49 30 7654321" } }
  notes: { keep: [id, ${names.join(", ")}] }
  leads: skip
  remarks: { keep: [line] }
  staff: { keep: [mobile, numbers, price, short, rate, number, id, real] }
  files: { keep: [id, serial, at, mood, day, code, ${UNSEARCHED.map(([name]) => name).join(", ")}], gone: { value: '\\x00' }, phone: phone }
`,
    );
    const failed: unknown = await copy(source.target, target.target, options).catch((error: unknown) => error);
    expect(failed).toMatchObject({ data: {} });
    // Each with its rule, and what works for its type.
    const { hint = "" } = failed as { hint?: string };
    for (const line of [
      /^db\/sync\/rules\.yaml:\d+: take body out of `keep` and write `body: \{ scrub: \[email\] \}`$/m,
      /^db\/sync\/rules\.yaml:\d+: write `doc: \{ json: \{ PATH: email \}, keep: \[PATH, \.\.\.\] \}` in place of its rule \(the/m,
      /`\w+: \{ hstore: \{ KEY: email \}/m,
      /`\w+: \{ expr: "to_tsvector\('simple', \{COLUMN\}\)" \}`/m,
      /: take mobile out of `keep` and write `mobile: integer`$/m,
      / and write `\w+: \{ value: null \}`$/m,
    ])
      expect(hint).toMatch(line);
    const { leaks } = (failed as { data: { leaks: { column: string; kind: string; rows: number }[] } }).data;
    const found = leaks.toSorted((a, b) => (a.column < b.column ? -1 : 1));
    // Whatever replaces it: only what it is replaced with may be there.
    const ofLogins = found.splice(1, 4).map(({ column, kind, rows }) => [column, kind, rows]);
    expect(ofLogins).toEqual([
      ["public.logins.again", "email", 7],
      ["public.logins.diary", "email", 6],
      ["public.logins.doc", "email", 7],
      ["public.logins.line", "phone", 7],
    ]);
    const ofStaff = found.splice(-4);
    expect(ofStaff.map(({ column, kind, rows }) => [column, kind, rows])).toEqual(
      ["mobile", "numbers", "price", "real"].map((name) => [`public.staff.${name}`, "phone", 12]),
    );
    expect(found).toEqual(
      ["public.copies.body", "public.mood (labels of the enum)", ...names.map((name) => `public.notes.${name}`)]
        .toSorted()
        .map((column) => ({ column, kind: "email", rows: 1 })),
    );
    expect(String(failed) + JSON.stringify(failed)).not.toMatch(/person7/i);
    // Without them the same copy goes well.
    await source.query("delete from notes");
    await source.query("update staff set mobile = 1, numbers = null, price = 2, real = 3");
    await source.query("delete from logins");
    await source.query("insert into logins (tel) values ('112'), ('+49 30 7654321')");
    await source.query("refresh materialized view copies");
    await source.query("alter type mood rename value 'as person7@corp.example says' to 'sad'");
    await source.query(
      `update people set email = case id when 9 then '"per son"@corp.example' else 'root@localhost' end where id > 8`,
    );
    await source.query("comment on column people.id is 'ask person3@corp.example'");
    await source.query("create view admins as select id from people where email = 'person4@corp.example'");
    await source.query("alter table remarks alter line set default 'person5@corp.example'");
    await source.query("alter table remarks add constraint not_him check (line <> 'person6@corp.example') not valid");
    await source.query(
      "create function boss(text = 'x') returns text language sql as $$select 'person1@corp.example'$$",
    );
    await source.query("create index on remarks (line) where line = 'person2@corp.example' or line = '201206151234'");
    await source.query("create policy mine on remarks using (line = 'person3@corp.example' or current_user = line)");
    await source.query("create statistics kinds on (line || 'person1@corp.example') from remarks");
    await source.query('create sequence "person2@corp.example"');
    await source.query("create foreign data wrapper away");
    await source.query("create server away version 'person3@corp.example' foreign data wrapper away");
    await source.query(
      "create aggregate total (text) (sfunc = textcat, stype = text, initcond = 'person4@corp.example')",
    );
    await source.query("comment on schema public is 'person5@corp.example'");
    await source.query('alter table leads add column "person6@corp.example" int');
    await source.query("create function nothing() returns trigger language plpgsql as 'begin return new; end'");
    await source.query(
      "create trigger told before insert on remarks for each row execute function nothing('person7@corp.example')",
    );
    const hasFilters = engine.major !== 14;
    if (hasFilters)
      await source.query("create publication told for table people where (email <> 'person8@corp.example')");
    const { proof } = await copy(source.target, target.target, { plan: options.plan });
    const quiet = renderProof(proof, "quiet");
    expect(quiet.slice(0, -3).every((line) => line.startsWith("FOUND: "))).toBe(true);
    expect(quiet.slice(-4)).toEqual([
      "FOUND: public.remarks.line: 3 rows hold an original (email) of a table that is left out; scrub or replace it, if it is not meant to be there",
      "Not searched, as text may be encoded there: public.files.contents (bytea[])",
      "Searched as plain text alone, as there are values that are none: public.files.content (bytea)",
      expect.stringMatching(
        /^Not covered by the proof: 6 columns or paths not compared; originals of 2 columns in forms/,
      ),
    ]);
    expect(renderProof(proof, "normal").filter((line) => line.includes("of a form that is not looked for"))).toEqual([
      expect.stringContaining("Not searched: 1 original of public.logins.tel,"),
      expect.stringContaining("Not searched: 2 originals of public.people.email,"),
    ]);
    expect(exceptionsOf(proof)).toEqual([
      "6 columns or paths not compared",
      "1 kept column that was not searched",
      "1 kept column of binary data (searched as plain text alone)",
      "3 rows that hold originals of tables that are left out",
      "2 rows that hold the digits of an original, perhaps by chance",
      expect.stringContaining("originals in the text of"),
    ]);
    expect({
      ...proof,
      noticed: proof.noticed.toSorted((a, b) => Number(a.mayBeChance ?? 0) - Number(b.mayBeChance ?? 0)),
    }).toMatchObject({
      leaks: [],
      // Nobody has said that these may not be there.
      noticed: [
        ...[
          "aggregate public.total(pg_catalog.text)",
          "default value for public.remarks.line",
          "function public.boss(pg_catalog.text)",
          "index public.remarks_line_idx",
          "policy mine on public.remarks",
          ...(hasFilters ? ["publication told"] : []),
          "schema public",
          'sequence public."person2@corp.example"',
          "server away",
          "statistics object public.kinds",
          ...["leads", "leads_1", "leads_2"].map((name) => `table column public.${name}."person6@corp.example"`),
          "table column public.people.id",
          "table constraint not_him on public.remarks",
          "trigger told on public.remarks",
          "view public.admins",
        ].map((column) => ({ column, kind: "email", rows: 1, isInSchema: true })),
        { column: "public.remarks.line", kind: "email", rows: 3, isGuessed: true },
        { column: "public.staff.number", kind: "phone", rows: 1, mayBeChance: true },
        { column: "public.staff.id", kind: "phone", rows: 1, mayBeChance: true },
      ],
      scanned: {
        kinds: ["email", "phone", "card"],
        columns: names.length + 23,
        behind: ["email", "phone", "recipient", "doc"].map((name) => `public.leads.${name}`),
        unread: [{ column: "public.leads.agent", why: "unlike" }],
        unsearched: UNSEARCHED.map(([column, type, why]) => ({ column: `public.files.${column}`, type, why })),
      },
    });
    // What other tables' rules replace is looked for where these tables are left out.
    await source.query("update remarks set line = 'person5@corp.example' where line = 'nobody'");
    const remarks: SyncOptions["plan"] = async (database) =>
      onlyTables(await options.plan(database), await readSource(database), ["remarks"]);
    expect(await copy(source.target, target.target, { plan: remarks }).catch((error: unknown) => error)).toMatchObject({
      data: { leaks: [{ column: "public.remarks.line", kind: "email", rows: 1 }] },
    });
    await source.drop();
    await target.drop();
    await (await server(engine.major)).sql(`drop role "person7@corp.example"`);
  }, 120_000);
}
