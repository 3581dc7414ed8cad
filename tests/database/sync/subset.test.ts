import { describe, expect, test } from "bun:test";
import { oldestAndEmbedded } from "../../support/engines.ts";
import { onlyTables } from "#sync/only-tables.ts";
import { othersSentences } from "#sync/rules/tenant-others.ts";
import { countedWarnings, uncountedWarnings } from "#sync/warn-counted.ts";
import { readSource } from "#sync/source/read.ts";
import { checkRules } from "#sync/check.ts";
import type { SyncFinding } from "#sync/finding.ts";
import { parseRules } from "#sync/rules/read.ts";
import { isSettled } from "#sync/rules/settled.ts";
import { unsteadyConditions } from "#sync/rules/steady.ts";
import { KEY, planOf, rowsOf, withTables } from "../../support/sync.ts";

const SHOP = `
  create table users (id int primary key, tenant int, boss int references users);
  create table orders (id int primary key, user_id int not null references users, tenant int);
  create table items (id int primary key, order_id int references orders);
  create table events (id int primary key, kind text, target int);
  create table parts (id int, order_id int references orders) partition by hash (id);
  create table parts_0 partition of parts for values with (modulus 2, remainder 0);
  create table parts_1 partition of parts for values with (modulus 2, remainder 1);
  insert into users select n, n % 2, case when n % 10 = 0 then n - 5 end from generate_series(1, 40) n;
  insert into orders select n, 1 + n % 40, (1 + n % 40) % 2 from generate_series(1, 200) n;
  insert into items select n, case when n % 7 > 0 then 1 + n % 200 end from generate_series(1, 500) n;
  insert into events select n, case when n % 2 = 0 then 'user' else 'order' end, 1 + n % 40 from generate_series(1, 100) n;
  insert into parts select n, 1 + n % 200 from generate_series(1, 300) n;`;

const KEEP = {
  users: "keep: [id, tenant, boss]",
  orders: "keep: [id, user_id, tenant]",
  items: "keep: [id, order_id]",
  events: "keep: [id, kind, target]",
  parts: "keep: [id, order_id]",
};

function shop(more: Readonly<Record<string, string>>, top = ""): string {
  const tables = Object.entries(KEEP).map(
    ([name, keep]) => `  ${name}: { ${keep}${more[name] === undefined ? "" : `, ${more[name]}`} }`,
  );
  return `${top}\ntables:\n${tables.join("\n")}\n`;
}

type OwnFunction = Parameters<typeof isSettled>[0];
type Numbers = Record<string, number>;

const PARTS = `
  create table p (id int, k int) partition by list (k);
  create table p1 partition of p for values in (1); create table p2 partition of p for values in (2);
  alter table p1 add primary key (id);
  create table c (id int, p int not null references p1);
  create table q (id int, k int, p int) partition by list (k);
  create table q1 partition of q for values in (1); create table q2 partition of q for values in (2);
  alter table q1 add foreign key (p) references p1;
  insert into p values (1, 1), (2, 1), (1, 2), (3, 2);
  insert into c values (1, 1), (2, 2);
  insert into q values (1, 1, 1), (2, 1, 2), (1, 2, 1), (2, 2, null), (4, 2, 9);`;

const PERIODS = `
  create table public.room (id int4range, valid daterange, name text, primary key (id, valid without overlaps));
  create table public.book (id int primary key, room int4range, valid daterange,
    foreign key (room, period valid) references public.room (id, period valid));
  insert into public.room values ('[1,1]', '[2024-01-01,2024-06-01)', 'a'), ('[1,1]', '[2024-06-01,2025-01-01)', 'b'),
    ('[2,2]', '[2024-01-01,2025-01-01)', 'c');
  insert into public.book values (1, '[1,1]', '[2024-05-01,2024-07-01)'), (2, '[2,2]', '[2024-05-01,2024-07-01)'),
    (3, '[1,1]', '[2024-02-01,2024-02-05)');`;

const CALLS = `
  create type mood as enum ('ok', 'bad');
  create table u (id int primary key, n int, m mood);
  create table o (id int primary key, u int);
  insert into u values (1, 1, 'ok');
  create function coin(int) returns bool language sql volatile as 'select random() < 0.5';
  create function coin(u) returns bool language sql volatile as 'select random() < 0.5';
  create function still(int) returns bool language sql stable as 'select true';
  create function two(int, int) returns bool language sql volatile as 'select true';
  create function two(int) returns bool language sql immutable as 'select true';
  create function open_(int) returns bool language sql stable set row_security = on as 'select true';
  create function deep(int) returns bool language plpgsql stable as 'begin return public.open_($1); end';
  create function like_(mood, text) returns bool language sql volatile as 'select true';
  create operator === (leftarg = mood, rightarg = text, function = like_);
  create function to_mood(int) returns mood language sql volatile as 'select ''ok''::public.mood';
  create cast (int as mood) with function to_mood(int);
  create function add(int, int) returns int language sql volatile as 'select $1';
  create aggregate total(int) (sfunc = add, stype = int);
  create domain lucky as int check (public.coin(value));
  create view inner_ as select id from u where random() < 0.5;
  create view outer_ as select id from inner_;
  create view coined as select id from u where coin(id);
  create view late as select id from u where now() > '2024-01-01';
  create view sampled as select id from u tablesample system (10);
  create view mine as select id from u where n::text = current_setting('app.n', true);
  create view locked as select id from u for share;
  create view busy as select seq_scan from pg_stat_user_tables;
  create sequence tick;
  create foreign data wrapper away; create server away foreign data wrapper away;
  create table all_ (id int); create foreign table far () inherits (all_) server away;
  create view plain as select id from u where still(id);`;

const FAILING = `
  create type tone as enum ('low', 'high');
  create table v (id int primary key, n int, t tone, name text, tag text);
  insert into v select k, k, 'low', 'name', 'tag' from generate_series(1, 3) k;
  create function raises(int, text) returns bool language plpgsql stable as $$
    begin if $1 = 2 then raise exception 'look at %', $1 using errcode = $2; end if; return true; end $$;
  create function always(text) returns bool language plpgsql immutable as $$ begin raise exception using errcode = 'ZZ002'; end $$;
  create function alike(tone, text) returns bool language plpgsql immutable as $$ begin raise exception using errcode = 'ZZ003'; end $$;
  create operator === (leftarg = tone, rightarg = text, function = alike);
  create function same(text, text) returns bool language plpgsql immutable as $$ begin raise exception using errcode = 'ZZ004'; end $$;
  create operator === (leftarg = text, rightarg = text, function = same);
  create function height(tone) returns int language plpgsql immutable as $$ begin raise exception using errcode = 'ZZ005'; end $$;
  create cast (tone as int) with function height(tone) as implicit;
  create function hidden(int) returns bool language sql stable as 'select $1 / 0 > 1';
  create view named as select id from v where (name || '')::int > 0;
  create view called as select id from v where hidden(n);`;

/** SQL for rows of the table v that fails on one of them, and the SQLSTATE. */
const FAILS: readonly (readonly [condition: string, sqlstate: string])[] = [
  ...["ZZ001", "42501", "54000", "57014", "55P03", "22012"].map(
    (sqlstate) => [`raises(n, '${sqlstate}')`, sqlstate] as const,
  ),
  ["always('x')", "ZZ002"],
  ["t === 'x'", "ZZ003"],
  ["t > 5", "ZZ005"],
  ["id in (select id from named)", "22P02"],
  ["id in (select id from called)", "22012"],
];

/** A condition of the table u, and what is said of it. */
const UNSTEADY: readonly (readonly [condition: string, says: string | undefined])[] = [
  ["coin(id)", "The condition for rows of u calls coin(integer), which is VOLATILE"],
  ["public.coin(id)", "calls coin(integer)"],
  ["u.coin", "calls coin(u)"],
  ["two(id, n)", "calls two(integer,integer)"],
  ["m === 'ok'", "calls like_(mood,text) (by the operator ===)"],
  ["m = id::mood", "calls to_mood(integer) (by the cast to mood)"],
  ["(select total(id) from u) > 0", "calls add(integer,integer)"],
  ["id::lucky > 0", "calls coin(integer) (by the domain lucky)"],
  ["id in (select id from inner_)", "uses the view inner_: A condition has to choose the same rows"],
  ["id in (select id from outer_)", "uses the view inner_: "],
  ["id in (select id from coined)", "calls coin(integer) (by the view coined)"],
  ["id in (select id from late)", "uses the view late: It asks for the time"],
  ["id in (select id from sampled)", "uses the view sampled: A condition has to choose the same rows"],
  ["id in (select id from mine)", "uses the view mine: The function current_setting() is not for conditions"],
  ["id in (select id from locked)", "uses the view locked: A condition locks no rows"],
  [
    "id < (select seq_scan from pg_stat_user_tables limit 1)",
    "calls pg_stat_get_numscans() (by the view pg_stat_all_tables), which tells of the session",
  ],
  ["id < (select max(seq_scan) from busy)", "(by the view pg_stat_all_tables)"],
  ["exists (select from pg_stat_activity where pid > 0)", "calls pg_stat_get_activity()"],
  ["exists (select from pg_statio_all_sequences)", "calls pg_stat_get_blocks_fetched()"],
  ["id = pg_backend_pid()", "calls pg_backend_pid(), which tells of the session"],
  ["inet_client_port() % 2 = id", "calls inet_client_port()"],
  ["age(timestamp '2024-01-01') > interval '1 day'", "calls age(), which tells of"],
  ["id < (select reltuples from pg_class limit 1)", 'reads "reltuples", which VACUUM changes'],
  ["id < (select last_value from tick)", "reads the sequence tick, which is outside the moment of the copy"],
  ["id in (select id from all_)", "reads the foreign table far, which is outside"],
  [
    "exists (select from pg_tables join pg_views on true) and age(now(), now()) > '0' and pg_typeof(id) = 'int'::regtype",
    undefined,
  ],
  ["exists (select from information_schema.columns) and current_user = session_user", undefined],
  ["open_(id)", "calls open_(integer), which turns row_security on"],
  ["deep(id)", "calls open_(integer), which turns row_security on"],
  ["still(id) and two(id) and id in (select id from plain) and n between 0 and 3", undefined],
  ["n::text like '1%' and id = any (array[1, 2]) and lower(n::text) <> ''", undefined],
];

/** STABLE functions of PostgreSQL without arguments that give the same in all sessions of a copy. */
const COMMON =
  "current_database current_schema current_user get_current_ts_config getdatabaseencoding getpgusername json_build_array json_build_object jsonb_build_array jsonb_build_object pg_client_encoding pg_get_catalog_foreign_keys pg_get_keywords session_user system_user version".split(
    " ",
  );

/** Those that do not, besides `pg_...`. */
const UNSETTLED =
  "age current_setting inet_client_addr inet_client_port inet_server_addr inet_server_port mxid_age now row_security_active statement_timestamp transaction_timestamp txid_current txid_current_if_assigned txid_current_snapshot".split(
    " ",
  );

for (const engine of oldestAndEmbedded) {
  describe(`subsets on ${engine.name}`, () => {
    test("conditions are followed along foreign keys, down and up, in circles, by sample and for one tenant", async () => {
      await using fresh = await engine.fresh();
      await withTables(fresh, SHOP, async (database) => {
        const read = async (yaml: string): Promise<(name: string) => Promise<Numbers[]>> => {
          const plan = await planOf(database, yaml);
          return (name) => rowsOf<Numbers>(database, plan, name);
        };
        const ids = (rows: readonly Numbers[]): number[] => rows.map(({ id }) => id!).toSorted((a, b) => a - b);

        const down = await read(shop({ users: 'rows: "id <= 10"' }));
        // 10 reports to 5, 5 is among them; nobody else is added.
        expect(ids(await down("users"))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
        const orders = await down("orders");
        expect(orders.every(({ user_id }) => user_id! <= 10)).toBe(true);
        expect(orders).toHaveLength(50);
        const known = new Set(ids(orders));
        for (const name of ["items", "parts_0", "parts_1"]) {
          const rows = await down(name);
          expect(rows.length).toBeGreaterThan(0);
          expect(rows.filter(({ order_id }) => order_id !== null && !known.has(order_id!))).toEqual([]);
        }
        expect((await down("items")).some(({ order_id }) => order_id === null)).toBe(true);

        const up = await read(shop({ users: 'rows: "id = 20"', orders: 'rows: "id = 3"' }));
        // The user of the order, the one asked for, and whom that one reports to.
        expect(ids(await up("users"))).toEqual([4, 15, 20]);
        expect(ids(await up("orders"))).toEqual([3]);

        const tenant = await read(shop({}, 'tenant: { column: tenant, value: "1" }'));
        expect((await tenant("users")).filter((row) => row["tenant"] !== 1 && row["id"]! % 10 !== 5)).toEqual([]);
        expect((await tenant("orders")).filter((row) => row["tenant"] !== 1)).toEqual([]);
        const said = async (yaml: string): Promise<[may: string[], counted: string[]]> => {
          const plan = await planOf(database, yaml);
          return [othersSentences(plan.others ?? []), await countedWarnings(database, plan)];
        };
        const [may, counted] = await said(shop({}, 'tenant: { column: tenant, value: "1" }'));
        const whole =
          /^tenant \(tenant = 1\): every row is copied of events: it has no column tenant, .* give it `rows:/;
        const onlyThose = /`rows: "order_id IS NOT NULL"`, write `follow: \{ order_id: down \}` and `tenant: false`/;
        expect(may).toEqual([
          expect.stringMatching(whole),
          expect.stringMatching(/: rows of items that refer to no other row by order_id may be copied, /),
          expect.stringMatching(/: rows of parts that refer to no other row by order_id may be copied, /),
          expect.stringMatching(
            // Down is refused there, as it leads back to the table.
            /: rows outside the tenant may be copied of users, where .* \(users\.boss\); .* at users take boss out of `keep` and write `boss: \{ value: null \}` \(empties the column\)$/,
          ),
        ]);
        expect(may[1]).toMatch(onlyThose);
        // What is said to be written does what it says, beside what is there.
        const ofOne = 'tenant: { column: tenant, value: "1" }';
        const emptied = shop({ users: "boss: { value: null }" }, ofOne).replace(KEEP.users, "keep: [id, tenant]");
        expect((await said(emptied))[0].filter((one) => one.includes("copied of users"))).toEqual([]);
        const [ofItems = ""] = (
          await said(shop({ items: 'rows: "id > 3 OR id = 1", follow: { order_id: up }' }, ofOne))
        )[0].filter((one) => one.includes("copied of items"));
        expect(ofItems).toMatch(/at items write `order_id: down` into `follow`, in place of what is there, or/);
        const both = shop({ items: 'rows: "id > 3 OR id = 1", follow: { order_id: down }' }, ofOne);
        const [nulls = ""] = (await said(both))[0].filter((one) => one.includes("of items that refer"));
        const instead =
          /write `(rows: "\(id > 3 OR id = 1\) AND .*?")` in place of its condition, write `(order_id: down)` into `follow`, in place of what is there and `(tenant: false)` there/.exec(
            nulls,
          )!;
        const followed = shop({ items: `${instead[1]}, follow: { ${instead[2]} }, ${instead[3]}` }, ofOne);
        expect((await said(followed))[0].filter((one) => one.includes("copied of items"))).toEqual([]);
        // All of parts refer to an order, and nobody of the tenant has a boss.
        expect(counted).toEqual([
          expect.stringMatching(whole),
          expect.stringMatching(/: 71 rows of items that refer to no other row by order_id are copied, /),
        ]);
        expect((await said(shop({}, 'tenant: { column: tenant, value: "0" }')))[1].at(-1)).toMatch(
          /: 4 rows outside the tenant are copied of users, where copied rows refer to them \(users\.boss\)/,
        );
        const chosen = await said(
          shop(
            {
              events: 'rows: "id < 5"',
              items: 'rows: "order_id IS NOT NULL", follow: { order_id: down }, tenant: false',
              parts: "tenant: false",
            },
            'tenant: { column: tenant, value: "1" }',
          ),
        );
        expect(chosen).toEqual([
          [
            expect.stringMatching(/: rows may be copied of events, whichever tenant's they are: .*`tenant: false`/),
            expect.stringContaining("may be copied of users,"),
          ],
          [expect.stringMatching(/: 4 rows are copied of events, whichever tenant's they are: /)],
        ]);
        // The table of tenants, and one that is chosen by other rules.
        await database.execute(`create table public.firms (id int primary key);
          create table public.people (id int primary key, firm int not null references public.firms);
          create table public.calls (id int primary key, person int not null references public.people);
          insert into firms values (1), (2), (3); insert into people values (1, 1), (2, 2); insert into calls values (1, 1), (2, 2), (3, 1)`);
        const firms = (more: string, calls = "", firm = 1): string =>
          `tenant: { column: firm, value: ${firm} }\n${shop({ events: "tenant: false", items: "tenant: false", parts: "tenant: false", users: "tenant: false", orders: "tenant: false" })}  firms: { keep: [id]${more} }\n  people: { keep: [id, firm] }\n  calls: { keep: [id, person]${calls} }\n`;
        const firm =
          /: (?:rows|2 rows) outside the tenant (?:may be|are) copied of firms: .* at firms write `rows: "id = 1"` and `tenant: false`/;
        expect((await said(firms(""))).flat()).toEqual([expect.stringMatching(firm), expect.stringMatching(firm)]);
        expect((await said(firms(', rows: "id = 1"')))[1]).toEqual([]);
        expect((await said(firms(', rows: "id = 1", tenant: false')))[0]).toEqual([]);
        const calls = (await said(firms(", tenant: false", ', rows: "id > 1"')))[1];
        expect(calls).toEqual([
          expect.stringMatching(
            /: 1 row outside the tenant is copied of calls: .* at calls write `follow: \{ person: down \}`/,
          ),
          expect.stringMatching(
            /: 1 row .* copied of people, where copied rows refer to them \(calls\.person\); .*`follow: \{ person: down \}` \(leaves out its rows\)$/,
          ),
        ]);
        expect((await said(firms(", tenant: false", ', rows: "id <> 2"')))[1]).toEqual([]);
        // Followed down, a reference of a table to itself would be refused: what is said works, step by step.
        await database.execute(`create table public.staff (id int primary key, office int references public.firms, boss int references public.staff);
          insert into staff values (1, 1, null), (2, 2, null), (3, 1, 2)`);
        const ofStaff = async (more: string): Promise<string[]> =>
          (await said(`${firms(', rows: "id = 1", tenant: false')}  staff: { ${more} }\n`))[1];
        const emptiesBoss =
          /at staff take boss out of `keep` and write `boss: \{ value: null \}` \(empties the column\), or write `.*` .*if that is meant$/;
        expect(await ofStaff("keep: [id, office, boss]")).toEqual([
          expect.stringMatching(/: firms gets 1 row that its condition does not take: .* \(staff\.office\)\. Nothing /),
          expect.stringMatching(/: 1 row outside the tenant is copied of staff: /),
        ]);
        for (const one of await ofStaff("keep: [id, office, boss], follow: { office: down }"))
          expect(one).toMatch(emptiesBoss);
        expect(await ofStaff("keep: [id, office, boss], follow: { office: up }")).toEqual([
          expect.stringMatching(
            / of staff: .* at staff write `office: down` into `follow`, in place of what is there, or write/,
          ),
        ]);
        expect(await ofStaff("keep: [id, office], boss: { value: null }")).toEqual([]);
        await database.execute("drop table public.firms, public.people, public.calls, public.staff");
        // With the tenant's column on both sides it is the same tenant's, but from rows of others.
        await database.execute(`create table public.seats (tenant int, id int, host int, primary key (tenant, id), foreign key (tenant, host) references public.seats);
          create table public.tickets (id int primary key, tenant int, seat int, foreign key (tenant, seat) references public.seats)`);
        const seats = async (tickets: string): Promise<string[]> =>
          (
            await said(
              `${shop({}, ofOne)}  seats: { keep: [tenant, id, host] }\n  tickets: { keep: [id, tenant, seat], ${tickets} }\n`,
            )
          )[0].filter((one) => one.includes("copied of seats"));
        expect(await seats('rows: "id > 1"')).toEqual([]);
        expect(await seats('rows: "id > 1", tenant: false')).toEqual([
          expect.stringContaining("where copied rows refer to them (seats (tenant, host), tickets (tenant, seat))"),
        ]);
        await database.execute("drop table public.seats, public.tickets");
        const refused = async (value: string): Promise<string[]> => {
          const yaml = shop({}, `tenant: { column: tenant, value: ${value} }`);
          const checked = await checkRules(
            database,
            [],
            await parseRules([{ file: "db/sync/rules.yaml", text: yaml }]),
            KEY,
          );
          return checked.kind === "plan"
            ? []
            : checked.findings.map(({ rule, message, fix, location }) => `${rule} ${location.line}: ${message} ${fix}`);
        };
        expect(await refused("0")).toEqual([]);
        expect(await refused("99")).toEqual([
          expect.stringMatching(
            /^unknown-tenant 1: No row has tenant = 99,.* Give a value that orders\.tenant has in a row$/,
          ),
        ]);
        expect(await refused("abc")).toEqual([
          expect.stringMatching(/^invalid-sql 1: The tenant's value "abc" does not go with .*: invalid input syntax/),
        ]);

        const sample = await read(shop({ users: "sample: 50%" }));
        const first = ids(await sample("users"));
        expect(ids(await sample("users"))).toEqual(first);
        expect(first.length).toBeGreaterThan(5);
        expect(first.length).toBeLessThan(35);

        const virtual = await read(
          shop(
            { users: 'rows: "id <= 10"' },
            `references: [{ from: events.target, to: users.id, where: "kind = 'user'" }]`,
          ),
        );
        const events = (await virtual("events")) as unknown as { kind: string; target: number }[];
        expect(events.filter(({ kind, target }) => kind === "user" && target > 10)).toEqual([]);
        expect(events.filter(({ kind }) => kind === "order")).toHaveLength(50);

        const loose = shop({ users: 'rows: "id <= 10"', orders: "follow: { user_id: none }" });
        const broken = await checkRules(
          database,
          [],
          await parseRules([{ file: "db/sync/rules.yaml", text: loose }]),
          KEY,
        );
        expect(broken.kind === "findings" ? broken.findings : []).toMatchObject([
          {
            rule: "broken-reference",
            table: "orders",
            column: "user_id",
            message: expect.stringMatching(/150 rows\)$/),
          },
        ]);

        // Rows of the tenant that go with what is another one's, or that a condition does not take.
        await database.execute(`create table public.staff (id int primary key, tenant int);
          create table public.visits (id int primary key, tenant int, staff_id int references public.staff);
          insert into staff select n, n % 2 from generate_series(1, 4) n;
          insert into visits select n, 1, case when n > 10 then 2 when n > 5 then 1 end from generate_series(1, 30) n`);
        const lost = async (staff: string, visits: string): Promise<string[]> => {
          const more = `  staff: { keep: [id, tenant]${staff} }\n  visits: { keep: [id, tenant${visits.includes("value") ? "" : ", staff_id"}]${visits} }\n`;
          const plan = await planOf(database, `${shop({}, 'tenant: { column: tenant, value: "1" }')}${more}`);
          expect(await rowsOf(database, plan, "visits")).toHaveLength(
            visits === "" ? (staff === "" ? 10 : 5) : visits.includes("down") ? 10 : visits.includes("rows") ? 0 : 30,
          );
          return (await countedWarnings(database, plan)).filter((warning) => warning.includes("left out of"));
        };
        const because =
          /because their row of staff \(visits\.staff_id\) is left out; at visits, write `follow: \{ staff_id: up \}` to add it, write `follow: \{ staff_id: down \}` if that is meant or take staff_id out of `keep` and write `staff_id: \{ value: null \}` to empty/;
        expect(await lost("", "")).toEqual([
          expect.stringMatching(/^tenant \(tenant = 1\): 20 of 30 rows of the tenant are left out of visits, /),
        ]);
        expect(await lost("", "")).toEqual([expect.stringMatching(because)]);
        for (const meant of ["follow: { staff_id: up }", "follow: { staff_id: down }", "staff_id: { value: null }"])
          expect([meant, await lost("", `, ${meant}`)]).toEqual([meant, []]);
        expect(await lost(', rows: "tenant = 0"', "")).toEqual([
          expect.stringMatching(
            /: 2 of 2 rows of the tenant are left out of staff, because its `rows` .*rules\.yaml:8\)/,
          ),
          expect.stringContaining("25 of 30 rows of the tenant"),
        ]);
        expect(await lost("", ', rows: "tenant = 2"')).toEqual([
          expect.stringContaining("30 of 30 rows of the tenant are left out of visits, because its"),
        ]);
        // Some of them, as was asked.
        expect(await lost(", sample: 50%", ", follow: { staff_id: up }")).toEqual([]);
        await database.execute("drop table public.visits, public.staff");

        const catalogue = await readSource(database);
        const some = await planOf(database, shop({}).replace(/ {2}events: .*/, "  events: skip"));
        const only = (...names: string[]) => onlyTables(some, catalogue, names);
        // Everything that is missing at once.
        expect(() => only("parts", "items")).toThrow(
          "tables that are not among the named ones: orders (from items), users (from orders)",
        );
        expect(() => only("users", "events")).toThrow("events is skipped by the rules (db/sync/rules.yaml:6)");
        expect(only("parts", "orders", "users").tables.filter(({ mode }) => mode === "rows")).toHaveLength(4);

        await database.execute(`create table public.teams (id int primary key, owner int);
          create table public.members (id int primary key, team int references public.teams);
          alter table public.teams add foreign key (owner) references public.members`);
        const circle = (more: string): string =>
          `${shop({})}  teams: { keep: [id, owner]${more} }\n  members: { keep: [id, team], rows: "false" }\n`;
        const words = async (yaml: string): Promise<string[]> => uncountedWarnings(await planOf(database, yaml));
        const gets = (which: string) =>
          expect.stringMatching(
            new RegExp(
              `^db/sync/rules.yaml:9: members ${which} that its condition .*teams[.]owner.*follow: { owner: down`,
            ),
          );
        expect(await words(circle(""))).toEqual([gets("may get rows")]);
        // Where rows are counted, only what there is.
        expect(await countedWarnings(database, await planOf(database, circle("")))).toEqual([]);
        await database.execute(`insert into public.teams values (1, null), (2, null);
          insert into public.members values (1, 1), (2, 1); update public.teams set owner = 1 where id = 1`);
        expect(await countedWarnings(database, await planOf(database, circle("")))).toEqual([gets("gets 1 row")]);
        expect(await words(circle(", follow: { owner: up }"))).toEqual([]);
        // A team that is copied all the same brings its owner.
        const downward = circle(", follow: { owner: down }");
        expect(await words(downward)).toEqual([
          expect.stringMatching(
            /^db\/sync\/rules.yaml:9: members may get rows that its condition does not take: .*\(teams\.owner\), since .* in a circle\. Nothing in `follow` leaves them out; to do so, at members take team out of `keep` and write `team: \{ value: null \}` \(empties the column\), or write `owner: up` into `follow`, in place of what is there at teams, if that is meant$/,
          ),
        ]);
        const comesTo = async (yaml: string): Promise<readonly [string[], object[]]> => {
          const plan = await planOf(database, yaml);
          return [await countedWarnings(database, plan), await rowsOf<Numbers>(database, plan, "members")];
        };
        expect(await comesTo(downward)).toEqual([[], []]);
        const ofOneMember = downward.replace('rows: "false"', 'rows: "id = 2"');
        expect(await comesTo(ofOneMember)).toEqual([
          [expect.stringContaining("members gets 1 row that its condition does not take")],
          expect.arrayContaining([{ id: 1, team: 1 }]),
        ]);
        const ownerless = ofOneMember.replace(
          "keep: [id, owner], follow: { owner: down }",
          "keep: [id], owner: { value: null }",
        );
        expect(await comesTo(ownerless)).toEqual([[], [{ id: 2, team: 1 }]]);
        const teamless = ofOneMember.replace("keep: [id, team]", "keep: [id], team: { value: null }");
        expect(await comesTo(teamless)).toEqual([[], [{ id: 2, team: null }]]);

        // What looks like a reference, to a table of which rows are left out: what is said is done as it is written.
        await database.execute(`drop table public.teams, public.members cascade; create table public."Odd logs" (id int primary key, "Owner_userId" bigint, orders text);
          insert into public."Odd logs" select n, n from generate_series(1, 40) n`);
        const logs = async (
          written: string,
          users = "keep: [id, tenant, boss]",
          top = "",
        ): Promise<readonly [warnings: string[], rows: number]> => {
          const rules = shop({ users: 'rows: "tenant = 1"' }, top)
            .replace(KEEP.users, users)
            .replace(KEEP.orders, users.startsWith("id:") ? "keep: [id, tenant]" : KEEP.orders);
          const plan = await planOf(database, `${rules}  Odd logs: { ${written} }\n`);
          return [uncountedWarnings(plan), (await rowsOf(database, plan, "Odd logs")).length];
        };
        const keep = "keep: [id, Owner_userId, orders]";
        const [[warning = ""], rows] = await logs(keep);
        expect([warning.split(": ", 1)[0], rows]).toEqual([
          '"Odd logs".Owner_userId looks like a reference to users, and no foreign key says so',
          40,
        ]);
        const [line, follow] = ["line `(.*?)`", "meant, write it as well, and `(.*?)`"].map(
          (part) => new RegExp(part).exec(warning)![1]!,
        );
        const top = `references:\n  ${line}`;
        expect(await logs(keep, undefined, top)).toEqual([[], 20]);
        expect(await logs(`${keep}, ${follow}`, undefined, top)).toEqual([[], 40]);
        const [[adding = ""]] = await logs(`${keep}, rows: "id < 10"`);
        expect(adding).toContain("its rows are chosen without it");
        const leaving = /instead, also write `(.*?)` at/.exec(adding)![1]!;
        expect(await logs(`${keep}, rows: "id < 10"`, undefined, top)).toEqual([
          [expect.stringContaining("users may get rows")],
          9,
        ]);
        expect(await logs(`${keep}, rows: "id < 10", ${leaving}`, undefined, top)).toEqual([[], 5]);
        const [[changed = ""]] = await logs(keep, "id: integer, keep: [tenant]");
        expect(changed).toContain('remove the rule of "Odd logs".Owner_userId, which follows users.id then');
        expect(await logs("keep: [id, orders]", "id: integer, keep: [tenant]", top)).toEqual([[], 20]);
      });
    });

    test("columns that look like a reference to a key with several are told, and followed as the line says", async () => {
      await using fresh = await engine.fresh();
      await withTables(fresh, "", async (database) => {
        await database.execute(`create table public.other (id int primary key, tenant_id int, valid daterange);
          create table public.rates (tenant_id int, valid daterange, primary key (tenant_id, valid));
          create table public."Desks" (tenant_id int, id int, spot int, primary key (tenant_id, id));
          create table public.calls (id int primary key, tenant_id bigint, "Owner_desksId" bigint, spot int);
          insert into public."Desks" select t, n, n from generate_series(1, 2) t, generate_series(1, 10) n;
          insert into public.calls select n, 1 + n / 10 % 2, case when n < 40 then 1 + n % 10 end from generate_series(0, 40) n`);
        const calls = async (written: string, more = "", keys = "keep: [tenant_id, id, spot]") => {
          const desks = `  Desks: { ${keys}, rows: "tenant_id = 1 or id <= 5" }\n`;
          const plan = await planOf(
            database,
            `${more}\ntables:\n${desks}  other: { keep: [id, tenant_id, valid] }\n  rates: { keep: [tenant_id, valid], rows: "tenant_id = 1" }\n  calls: { ${written} }\n`,
          );
          return [
            uncountedWarnings(plan),
            await rowsOf<Numbers>(database, plan, "calls"),
            await rowsOf<Numbers>(database, plan, "Desks"),
          ] as const;
        };
        const kept = "keep: [id, tenant_id, Owner_desksId, spot]";
        const [[several = "", ...rest], every] = await calls(kept);
        expect([several.split(": ", 1)[0], rest, every.length]).toEqual([
          'calls (tenant_id, Owner_desksId) looks like a reference to "Desks", and no foreign key says so',
          [],
          41,
        ]);
        const [both, unfollowed] = ["line `(.*?)`", "meant, write it as well, and `(.*?)`"].map(
          (part) => new RegExp(part).exec(several)![1]!,
        );
        expect(unfollowed).toBe("follow: { Owner_desksId: none }");
        const lines = `references:\n  ${both}`;
        const counts = async (...asked: Parameters<typeof calls>): Promise<unknown> => {
          const [warnings, { length }] = await calls(...asked);
          return [warnings, length];
        };
        // All of one tenant's, half of the other's, and the one without a desk.
        expect(await counts(kept, lines)).toEqual([[], 31]);
        expect(await counts(`${kept}, ${unfollowed}`, lines)).toEqual([[], 41]);
        const [[chosen = ""]] = await calls(`${kept}, rows: "id < 20"`);
        const down = /instead, also write `(.*?)` at/.exec(chosen)![1]!;
        expect(await counts(`${kept}, rows: "id < 20", ${down}`, lines)).toEqual([[], 15]);
        const [[added = "", ...more]] = await calls(`${kept}, rows: "id < 20"`, lines);
        expect([added, more]).toEqual([
          expect.stringMatching(
            /\(calls \(tenant_id, Owner_desksId\)\)\. .* write `follow: \{ Owner_desksId: down \}` at calls$/,
          ),
          [],
        ]);
        const crossed = lines.replace(/(to: \[)(.*), (.*)\]/, "$1$3, $2]");
        expect(crossed).not.toBe(lines);
        expect(calls(kept, crossed)).rejects.toThrow("columns at the two ends are in different orders");
        // What is chosen by tenant alone refers to the tenant's own.
        const ofTenant = async (desks: string): Promise<string[]> =>
          uncountedWarnings(
            await planOf(
              database,
              `tenant: { column: tenant_id, value: 1 }\ntables:\n  Desks: { keep: [tenant_id, id, spot]${desks} }\n  other: skip\n  rates: skip\n  calls: { ${kept} }\n`,
            ),
          );
        expect(await ofTenant("")).toEqual([]);
        expect(await ofTenant(', rows: "id < 5"')).toEqual([expect.stringContaining("looks like a reference")]);
        // Each column follows that of the key, so that the pairs are those of rows.
        const [none, theirs, ours] = await calls(
          "keep: [id, spot]",
          lines,
          "tenant_id: integer, id: integer, keep: [spot]",
        );
        const pairs = new Set(ours.map((row) => `${row["tenant_id"]} ${row["id"]}`));
        const refer = theirs.filter((row) => row["Owner_desksId"] !== null);
        expect([none, refer.length, pairs.size, pairs.has("1 1")]).toEqual([[], 30, 15, false]);
        expect(refer.filter((row) => !pairs.has(`${row["tenant_id"]} ${row["Owner_desksId"]}`))).toEqual([]);
        const [[agreeing = ""]] = await calls(kept, "", "tenant_id: integer, id: integer, keep: [spot]").catch(
          (error: Error) => [[error.message]],
        );
        expect(agreeing.match(/remove the rule of calls\.\w+, which follows "Desks"\.\w+ then/g)).toHaveLength(2);
        const [[keeping = ""]] = await calls("keep: [id, tenant_id, spot], Owner_desksId: integer");
        expect(keeping).toContain("at calls write `Owner_desksId: keep` in place of its rule, as its key is kept");
        expect(await counts("keep: [id, tenant_id, spot], Owner_desksId: keep", lines)).toEqual([[], 31]);
        expect((await calls("keep: [id, tenant_id, spot], Owner_desksId: { value: null }"))[0]).toEqual([]);
        // Columns of which each refers to something already may be no more than that.
        const tenantOf = "{ from: calls.tenant_id, to: other.id }";
        expect((await calls(kept, `references: [${tenantOf}]`))[0]).toEqual([several]);
        const eachOf = `references: [${tenantOf}, { from: calls.Owner_desksId, to: other.id }]`;
        expect((await calls(kept, eachOf))[0]).toEqual([]);
      });
    });

    test("foreign keys of one partition, to one partition and over periods are followed like any other", async () => {
      await using fresh = await engine.fresh();
      await withTables(fresh, PARTS, async (database) => {
        const sorted = (rows: readonly Numbers[]): number[] => rows.map(({ id }) => id!).toSorted((a, b) => a - b);
        const idsOf = async (yaml: string, ...names: string[]): Promise<number[][]> => {
          const plan = await planOf(database, yaml);
          const all: number[][] = [];
          for (const name of names) all.push(sorted(await rowsOf<Numbers>(database, plan, name)));
          return all;
        };
        const parts = (p: string, c: string, q = ""): string =>
          `tables:\n  p: { keep: [id, k]${p} }\n  c: { keep: [id, p]${c} }\n  q: { keep: [id, k, p]${q} }\n`;
        const names = ["p1", "p2", "c", "q1", "q2"];
        // 1 is a key in both partitions, and c refers to that of p1.
        expect(await idsOf(parts(', rows: "k = 2 or id = 2"', ""), ...names)).toEqual([
          [2],
          [1, 3],
          [2],
          [2],
          [1, 2, 4],
        ]);
        expect(await idsOf(parts(', rows: "false"', ', rows: "id = 1"', ', rows: "id = 2"'), ...names)).toEqual([
          [1, 2],
          [],
          [1],
          [2],
          [2],
        ]);
        const loose = await checkRules(
          database,
          [],
          await parseRules([{ file: "r.yaml", text: parts(', rows: "k = 2"', ", follow: { p: none }") }]),
          KEY,
        );
        expect(loose.kind === "findings" ? loose.findings : []).toMatchObject([
          { rule: "broken-reference", table: "c", message: expect.stringMatching(/\(2 rows\)$/) },
        ]);
        if (database.serverVersion < 180_000) return;

        await database.execute(PERIODS);
        const rooms = (room: string, book: string): string =>
          `${parts("", "")}  room: { keep: [id, valid, name]${room} }\n  book: { keep: [id, room, valid]${book} }\n`;
        const chosen = async (room: string, book = ""): Promise<unknown> => {
          const plan = await planOf(database, rooms(room, book));
          const [rows, books] = [
            await rowsOf<{ name: string }>(database, plan, "room"),
            await rowsOf<Numbers>(database, plan, "book"),
          ];
          return [rows.map(({ name }) => name).toSorted(), sorted(books)];
        };
        expect(await chosen(`, rows: "name <> 'c'"`)).toEqual([
          ["a", "b"],
          [1, 3],
        ]);
        // The first one needs both.
        expect(await chosen(`, rows: "name = 'a'"`)).toEqual([["a"], [3]]);
        expect(await chosen(', rows: "false"', ', rows: "id = 1"')).toEqual([["a", "b"], [1]]);
        expect(await chosen(', rows: "false"', ', rows: "id = 3"')).toEqual([["a"], [3]]);
        const unfollowed = rooms(`, rows: "name = 'a'"`, ", follow: { room: none }");
        const broken = await checkRules(database, [], await parseRules([{ file: "r.yaml", text: unfollowed }]), KEY);
        expect(broken.kind === "findings" ? broken.findings : []).toMatchObject([
          { rule: "broken-reference", table: "book", message: expect.stringMatching(/\(2 rows\)$/) },
        ]);
      });
    });

    test("conditions that may choose other rows in each query are refused, whatever is in between", async () => {
      await using fresh = await engine.fresh();
      await withTables(fresh, CALLS, async (database) => {
        const said: (string | undefined)[] = [];
        for (const [condition] of UNSTEADY) {
          const yaml = `tables:\n  u: { keep: [id, n, m], rows: "${condition}" }\n  o: { keep: [id, u] }\n  all_: { keep: [id] }\nreferences: [{ from: o.u, to: u.id }]\n`;
          const checked = await checkRules(
            database,
            [],
            await parseRules([{ file: "db/sync/rules.yaml", text: yaml }]),
            KEY,
          );
          const [finding] = checked.kind === "plan" ? [] : checked.findings;
          said.push(finding === undefined ? undefined : `${finding.rule}:${finding.location.line}: ${finding.message}`);
        }
        expect(said).toEqual(
          UNSTEADY.map(([, says]) => (says === undefined ? undefined : (expect.stringContaining(says) as string))),
        );
      });
    });

    test("what fails on a row is found before the first one is copied, by whatever it is called and whatever it raises", async () => {
      await using fresh = await engine.fresh();
      await withTables(fresh, FAILING, async (database) => {
        const found = async (rules: string): Promise<unknown> => {
          const read = await parseRules([{ file: "db/sync/rules.yaml", text: `tables:\n  v: { ${rules} }\n` }]);
          const checked = await checkRules(database, [], read, KEY);
          return checked.kind === "findings" ? checked.findings : [];
        };
        const keep = "keep: [id, n, t, name]";
        const failing = (sqlstate: string): unknown => [
          {
            rule: "fails-on-rows",
            location: { line: 2 },
            message: expect.stringMatching(
              new RegExp(`^The (?:condition|expression) for .* \\(SQLSTATE ${sqlstate}\\)$`),
            ),
          },
        ];
        for (const [condition, sqlstate] of FAILS)
          expect(await found(`${keep}, tag: filler, rows: "${condition}"`)).toMatchObject(failing(sqlstate) as object);
        const expression = "tag: { expr: \"case when {name} === {name} then 'x' end\" }";
        expect(await found(`${keep}, ${expression}`)).toMatchObject(failing("ZZ004") as object);
        expect(await found(`${keep}, tag: filler, rows: "n > 1 and name <> 'x'"`)).toEqual([]);
        // A timeout, which the embedded engine has not, is no fault of the rules.
        if (engine.kind === "embedded") return;
        await database.execute(`set statement_timeout = 200;
          create or replace function always(text) returns bool language plpgsql immutable as $$ begin loop end loop; end $$`);
        const refused: unknown = await found(`${keep}, tag: filler, rows: "always(name)"`).catch(
          (error: unknown) => error,
        );
        expect(refused).toMatchObject({ code: "sync_source_failed", data: { sqlstate: "57014", table: "v" } });
      });
    });

    test("what PostgreSQL tells of sessions, activity and statistics is no condition, and of its own functions few are", async () => {
      await using fresh = await engine.fresh();
      await withTables(fresh, "select 1", async (database) => {
        const views = await database.query<{ name: string }>(`select relname as name from pg_catalog.pg_class
          where relkind = 'v' and oid < 16384 and relname ~ '^pg_(stat|locks$|cursors$|prepared|settings$|replication|shmem|backend|timezone)' order by 1`);
        const about = { rule: "invalid-sql", fix: "", location: { file: "r.yaml", line: 1 } } as unknown as SyncFinding;
        const unrefused: string[] = [];
        for (const { name } of views) {
          const finding = { ...about, message: name };
          const trial = { kind: "steady" as const, sql: `SELECT WHERE exists (select from ${name})`, finding };
          if ((await unsteadyConditions(database, [trial])).length === 0) unrefused.push(name);
        }
        expect(unrefused.filter((name) => !/^pg_stats(?:_ext(?:_exprs)?)?$/.test(name))).toEqual([]);
        expect(views.length).toBeGreaterThan(40);

        const stable = await database.query<OwnFunction>(`select distinct proname as name, pronargs::int4 as takes
          from pg_catalog.pg_proc where provolatile = 's' and pronamespace = 'pg_catalog'::regnamespace order by 1, 2`);
        const namesOf = (settled: boolean, which: (one: OwnFunction) => boolean): string[] => [
          ...new Set(stable.filter((one) => isSettled(one) === settled && which(one)).map(({ name }) => name)),
        ];
        // What takes nothing tells of something else, which all sessions of a copy have in common.
        expect(namesOf(true, ({ takes }) => takes === 0).filter((name) => !COMMON.includes(name))).toEqual([]);
        expect(
          namesOf(false, ({ name }) => !name.startsWith("pg_")).filter((name) => !UNSETTLED.includes(name)),
        ).toEqual([]);
        const doubtful = /^pg_.*(?:stat_get|xact|backend|file|lock|start|snapshot|slot|wal|numa|toast|setting|session)/;
        expect(namesOf(true, ({ name }) => doubtful.test(name))).toEqual([]);
      });
    });

    test("whatever refers to whatever, no reference dangles", async () => {
      await using fresh = await engine.fresh();
      await withTables(fresh, "select 1", async (database) => {
        let state = 42;
        const random = (below: number): number => {
          state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
          return Math.floor((state / 2_147_483_648) * below);
        };
        for (let round = 0; round < 8; round++) {
          const tables = Array.from({ length: 3 + random(4) }, (_, index) => `t${round}_${index}`);
          const edges = Array.from({ length: 2 + random(8) }, (_, index) => ({
            from: random(tables.length),
            to: random(tables.length),
            column: `r${index}`,
          }));
          const columnsOf = (index: number): string[] =>
            edges.filter(({ from }) => from === index).map(({ column }) => column);
          await database.execute(
            [
              ...tables.map(
                (table, index) =>
                  `create table public.${table} (id int primary key, v int${columnsOf(index)
                    .map((column) => `, ${column} int`)
                    .join("")})`,
              ),
              ...tables.map(
                (table, index) =>
                  `insert into public.${table} select n, n % 7${columnsOf(index)
                    .map((_, at) => `, case when n % ${4 + at} > 0 then 1 + (n * ${7 + at + random(9)}) % 60 end`)
                    .join("")} from generate_series(1, 60) n`,
              ),
              ...edges.map(
                ({ from, to, column }) =>
                  `alter table public.${tables[from]} add foreign key (${column}) references public.${tables[to]}`,
              ),
            ].join(";"),
          );
          const asked = tables.map((_, index) => (index === 0 || random(3) === 0 ? ", rows: 'v = 3'" : ""));
          const yaml = `tables:\n${tables.map((table, index) => `  ${table}: { keep: [id, v, ${columnsOf(index).join(", ")}]${asked[index]} }`).join("\n")}`;
          const plan = await planOf(database, yaml);
          const rows = new Map<string, Numbers[]>();
          for (const table of tables) rows.set(table, await rowsOf<Numbers>(database, plan, table));
          for (const [index, table] of tables.entries()) {
            const found = rows.get(table)!;
            expect(new Set(found.map(({ id }) => id)).size).toBe(found.length);
            if (asked[index] !== "") expect(found.length).toBeGreaterThan(0);
          }
          for (const { from, to, column } of edges) {
            const there = new Set(rows.get(tables[to]!)!.map(({ id }) => id!));
            const dangling = rows.get(tables[from]!)!.filter((row) => row[column] !== null && !there.has(row[column]!));
            expect({ round, column, dangling }).toEqual({ round, column, dangling: [] });
          }
          await database.execute(`drop table ${tables.map((table) => `public.${table}`).join(", ")} cascade`);
        }
      });
    });
  });
}
