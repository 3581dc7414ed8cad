import { expect } from "bun:test";
import { withDatabase } from "#database/open.ts";
import type { Database } from "#database/database.ts";
import type { SyncPlan } from "#sync/plan.ts";
import { verifySync } from "#sync/run/verify.ts";
import { newestServer } from "../../support/engines.ts";
import { long } from "../../support/long.ts";
import { copy, copyOptions, ruled } from "./copying.ts";

const SCHEMA = `
  create extension hstore;
  create table users (id int primary key, full_name text, phone text, bio text, age int, born date, tags text[], pin text,
    profile jsonb, plain json, pairs hstore, docs jsonb[],
    mail text, note text);
  insert into users select g, 'Person ' || g, '+1555' || lpad(g::text, 7, '0'), 'Has lived at number ' || g, g, date '1980-01-01' + g,
    array['first ' || g, 'second ' || g], lpad(g::text, 8, '0'),
    jsonb_build_object('contact', jsonb_build_object('phone', '+1555' || lpad(g::text, 7, '0')), 'friends',
      jsonb_build_array(jsonb_build_object('phone', '+1555' || lpad((g + 1)::text, 7, '0')), jsonb_build_object('phone', '+1555' || lpad((g + 2)::text, 7, '0')))),
    json_build_object('name', 'Person ' || g), hstore('phone', '+1555' || lpad(g::text, 7, '0')),
    array[jsonb_build_object('phone', '+1555' || lpad(g::text, 7, '0'))], 'p' || g || '@corp.example', 'p' || g || '@home.example'
    from generate_series(1, 400) g;
  create domain label as text;
  create type place as (town text, number int);
  alter table users add column label label default 'Jane', add column place place default '(Bern,7)', add column places place[] default '{"(Bern,7)"}',
    add column short text default 'Jane';
  update users set phone = '030 1234567', bio = 'Write to me@clinic.example' where id = 300;
  create table accounts (id uuid primary key, name text);
  insert into accounts select md5(g::text)::uuid, case g % 2 when 0 then 'Clara' else 'Somebody ' || g end from generate_series(1, 3000) g;
  create table calls (phone text, profile jsonb);
  insert into calls select '+1555' || lpad(g::text, 7, '0'), jsonb_build_object('phone', '+1555' || lpad(g::text, 7, '0')) from generate_series(1, 50) g`;

const RULES = `tables:
  users:
    keep: [id]
    full_name: full_name
    phone: phone
    bio: filler
    age: integer
    born: { shift: { by: id } }
    tags: filler
    pin: { token: { length: 8 } }
    profile: { json: { contact.phone: phone, "friends[].phone": phone } }
    plain: { json: { name: full_name } }
    pairs: { hstore: { phone: phone } }
    docs: { json: { phone: phone } }
    mail: email
    note: { value: "none" }
    label: { value: "q" }
    place: { value: "(,)" }
    places: { value: '{"(,)"}' }
    short: { mask: { last: 4 } }
  accounts: { id: uuid, name: first_name }
  calls: { phone: phone, profile: { json: { phone: phone } } }
`;

/** One original put back into the copy, where its row is: what is changed, and of which source row. */
const PUT_BACK: readonly (readonly [column: string, sql: string])[] = [
  ["users.full_name", "update users set full_name = 'Person 7' where id = 7"],
  ["users.phone", "update users set phone = '+15550000007' where id = 7"],
  ["users.bio", "update users set bio = 'Has lived at number 7' where id = 7"],
  ["users.age", "update users set age = 7 where id = 7"],
  ["users.born", "update users set born = date '1980-01-08' where id = 7"],
  ["users.tags", "update users set tags[2] = 'second 7' where id = 7"],
  ["users.pin", "update users set pin = '00000007' where id = 7"],
  [
    "users.profile contact.phone",
    `update users set profile = jsonb_set(profile, '{contact,phone}', '"+15550000007"') where id = 7`,
  ],
  [
    "users.profile friends[].phone",
    `update users set profile = jsonb_set(profile, '{friends,1,phone}', '"+15550000009"') where id = 7`,
  ],
  ["users.plain name", `update users set plain = '{"name": "Person 7"}' where id = 7`],
  ["users.pairs phone", "update users set pairs = hstore('phone', '+15550000007') where id = 7"],
  ["users.docs phone", `update users set docs = array['{"phone": "+15550000007"}'::jsonb] where id = 7`],
  ["calls.phone", "update calls set phone = '+15550000007' where ctid = '(0,7)'"],
  [
    "calls.profile phone",
    `update calls set profile = '{"phone": "+15550000007"}' where ctid = (select min(ctid) from calls)`,
  ],
];

for (const engine of newestServer) {
  long(
    "an original that is put back into a copy is found, of every transform whose results may be other originals",
    async () => {
      await using source = await engine.fresh();
      await using target = await engine.fresh();
      await withDatabase(source.target, {}, (database) => database.execute(SCHEMA));
      const plan = ruled(RULES);
      const { proof } = await copy(source.target, target.target, { plan });
      const compared = ["public.accounts.name", ...PUT_BACK.map(([column]) => `public.${column}`)].toSorted();
      const differing = proof.columns.filter(({ how }) => how === "no row has its own" || how === "only results");
      expect(differing.map(({ column }) => column).toSorted()).toEqual(compared);
      expect(proof.columns.find(({ column }) => column === "public.users.phone")).toMatchObject({
        results: 400,
        same: 0,
      });
      const verify = async (): ReturnType<typeof verifySync> =>
        await verifySync(copyOptions(source.target, target.target, { plan }));
      const failing = async (more: ReturnType<typeof ruled> = plan): Promise<Record<string, unknown>> => {
        const { columns } = (await verifySync(copyOptions(source.target, target.target, { plan: more }))).proof;
        return Object.fromEntries(columns.flatMap((one) => (one.holds ? [] : [[one.column, one.elsewhere]])));
      };
      expect((await verify()).holds).toBe(true);
      // Production goes on: what the copy has of these rows is no result any more, and may be somebody's original.
      await source.query("update users set born = born + 1, full_name = 'Nobody ' || id where id < 20");
      await source.query("delete from users where id > 390");
      expect(await failing()).toEqual({});
      await source.query("update users set born = born - 1, full_name = 'Person ' || id where id < 20");

      // An original in another row than its own. A date may be a result that production has changed since.
      const moved = PUT_BACK.filter(([column]) => column.startsWith("users.") && column !== "users.born");
      await withDatabase(target.target, {}, async (database) => {
        await database.execute("create table kept as table users; create table kept_accounts as table accounts");
        for (const [, sql] of moved) await database.execute(sql.replace(/where id = 7$/, "where id = 8"));
        await database.execute("update users set phone = '030 1234567' where id = 9");
        await database.execute(
          "update accounts set name = 'Somebody 5' where id = (select max(id::text)::uuid from accounts)",
        );
      });
      const once = { found: 1, chance: 0 };
      const names = [...moved.map(([column]) => `public.${column}`), "public.accounts.name"];
      expect(await failing()).toEqual({
        ...Object.fromEntries(names.map((name) => [name, once])),
        "public.users.phone": { found: 2, chance: 0 },
      });
      // What is written into columns of nothing but results has not their form.
      await withDatabase(target.target, {}, async (database) => {
        await database.execute(`update users set bio = 'mail me@clinic.example' where id = 12;
        update users set phone = '15550000017', mail = 'Alice', note = 'P9@home.example', label = 'Jane', place = '(Bern,7)',
          places = '{"(Bern,7)"}', short = 'Jane' where id = 10`);
      });
      const written = (await verify()).proof;
      expect(written.leaks).toEqual(
        expect.arrayContaining([
          { column: "public.users.bio", kind: "email", rows: 1 },
          { column: "public.users.phone", kind: "phone", rows: 2 },
          { column: "public.users.note", kind: "email", rows: 1 },
        ]),
      );
      expect(
        Object.fromEntries(
          written.columns.flatMap((one) => (one.written === undefined ? [] : [[one.column, one.written]])),
        ),
      ).toEqual({
        "public.accounts.name": 1,
        "public.users.full_name": 1,
        "public.users.plain name": 1,
        "public.users.tags": 1,
        "public.users.phone": 2,
        "public.users.mail": 1,
        "public.users.note": 1,
        "public.users.label": 1,
        "public.users.place": 1,
        "public.users.places": 1,
        "public.users.short": 1,

        "public.users.bio": 2,
      });
      // What a `value` rule has replaced, and somebody has written again.
      const again = written.columns.filter(({ transform, holds }) => transform === "value" && !holds);
      expect(again.map(({ column, same }) => [column, same])).toEqual([
        ["public.users.label", 1],
        ["public.users.place", 1],
        ["public.users.places", 1],
      ]);
      // Without the key of the copy only what has not the shape of a result is told from one.
      const withoutKey = async (database: Database): Promise<SyncPlan> => ({
        ...(await plan(database)),
        reproducible: false,
      });
      expect(await failing(withoutKey)).toEqual({ "public.users.phone": once });
      await withDatabase(target.target, {}, (database) =>
        database.execute(`truncate users, accounts; insert into users table kept; insert into accounts table kept_accounts;
        drop table kept, kept_accounts`),
      );
      expect(await failing()).toEqual({});

      await withDatabase(target.target, {}, async (database) => {
        for (const [, sql] of PUT_BACK) await database.execute(sql);
        // "Clara" is also a result, so that only rows tell the two apart; which row it is, is known by the id that the key made.
        const results = "select count(*)::int8 > 0 as found from accounts where name = 'Clara'";
        expect(await database.query(results)).toEqual([{ found: true }]);
        await database.execute("update accounts set name = 'Clara' where name <> 'Clara'");
      });
      const found = await verify();
      expect(found.holds).toBe(false);
      const failed = found.proof.columns.filter(({ holds }) => !holds);
      expect(failed.map(({ column }) => column).toSorted()).toEqual(compared);
      const others = failed.filter(({ column }) => column !== "public.accounts.name");
      expect(others.map(({ same }) => same)).toEqual(others.map(() => 1));
    },
    120_000,
  );
}
