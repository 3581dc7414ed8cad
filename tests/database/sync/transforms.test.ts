import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { openDatabase } from "#database/open.ts";
import type { Database } from "#database/database.ts";
import { subkeyOf } from "#sync/transforms/digest.ts";
import { TRANSFORM_NAMES } from "#sync/transforms/registry.ts";
import { engines, type TestDatabase } from "../../support/engines.ts";
import { countLike, partsOf } from "#sync/run/written.ts";
import { KEY, planOf, rowsOf } from "../../support/sync.ts";

const SCHEMA = `
  create table people (
    id bigint primary key, small int2, middle int4, u uuid, mail text, login varchar(40), tok text, first text, last varchar(40),
    whole text, firm text, town char(12), phone text, zip text, card text, iban text, ssn text, seen timestamptz, born date, year date,
    ip inet, masked text, note varchar(60), bio text, password text, search tsvector, doc jsonb, old json, mails text[], numbers int4[],
    street text, code varchar(5), place varchar(15));
  insert into people
  select n, n, n * 1000, md5(n::text)::uuid, 'p' || n || '@corp.test', 'login' || n, 'tok' || n, 'Clara', 'Andersen' || n % 5,
    'Clara Andersen', 'Firm ' || n, 'Lisbon', '+49 30 ' || n, '10' || n, '4111111111111111', 'GB82WEST12345698765432', '123-45-6789',
    timestamptz '2024-01-01 12:00Z' + n * interval '1 hour', date '1980-05-05' + n, date '1980-05-05' + n, ('10.1.2.' || n % 250)::inet,
    'Secret 123-45', 'write to p' || n || '@corp.test or +49 30 1234567', 'Some text ' || n, 'hash' || n, to_tsvector('simple', 'clara'),
    jsonb_build_object('theme', 'dark', 'hidden', 'p', 'contact', jsonb_build_object('email', 'p' || n || '@corp.test', 'age', n),
      'friends', jsonb_build_array(jsonb_build_object('phone', '+49 30 1', 'x', 1), 7, jsonb_build_object('phone', null))),
    '{"a": {"b.c": "Secret"}, "z": 1}', array['p' || n || '@corp.test', null], array[n, null],
    'Andersen Street ' || n, (10000 + n)::text, case n % 2 when 0 then 'Lisbon' else 'ATHENS' end
  from generate_series(1, 400) n;
  insert into people (id) values (-5);`;

const RULES = `
tables:
  people:
    id: integer
    small: integer
    middle: integer
    u: uuid
    mail: email
    login: username
    tok: { token: { length: 20 } }
    first: first_name
    last: last_name
    whole: full_name
    firm: company
    town: city
    phone: phone
    zip: { postcode: { form: "@# #@@" } }
    card: card
    iban: iban
    ssn: ssn
    seen: { shift: { by: id, days: 10 } }
    born: { shift: { by: id, days: 10 } }
    year: year
    ip: network
    masked: { mask: { last: 2 } }
    note: { scrub: [email, phone] }
    bio: filler
    password: { value: "x" }
    search: { expr: "to_tsvector('simple', {first} || ' ' || last)" }
    doc: { json: { contact.email: { as: people.mail }, contact.age: integer, "friends[].phone": phone }, keep: [theme] }
    old: { json: { 'a."b.c"': mask } }
    mails: { as: people.mail }
    numbers: integer
    street: { address: { part: street, by: id } }
    code: { address: { part: postcode, by: id } }
    place: { address: { part: city, by: id } }
`;

type Person = Record<string, unknown>;

for (const engine of engines) {
  describe(`transforms on ${engine.name}`, () => {
    let test1: TestDatabase;
    let database: Database;
    let originals: Person[];
    let results: Person[];

    beforeAll(async () => {
      test1 = await engine.fresh();
      database = await openDatabase(test1.target);
      await database.execute(SCHEMA);
      originals = await database.query<Person>("select * from people order by ctid");
      results = await rowsOf<Person>(database, await planOf(database, RULES), "people");
    });

    afterAll(async () => {
      await database?.close();
      await test1?.drop();
    });

    const column = (name: string): unknown[] => results.slice(0, 400).map((row) => row[name]);

    test("the same key gives the same, another key, or none, something else; NULL stays NULL", async () => {
      expect(await rowsOf<Person>(database, await planOf(database, RULES), "people")).toEqual(results);
      for (const key of [Buffer.alloc(32, 8), Buffer.alloc(32, 9)]) {
        const other = await rowsOf<Person>(database, await planOf(database, RULES, key), "people");
        const same = Object.keys(other[0]!).filter(
          (name) => JSON.stringify(other.map((row) => row[name])) === JSON.stringify(results.map((row) => row[name])),
        );
        expect(same.toSorted()).toEqual(["bio", "ip", "masked", "note", "old", "password", "year"]);
      }
      const { id, ...empty } = results.at(-1)!;
      expect(Number(id)).toBeLessThan(0);
      expect(Object.entries(empty).filter(([, value]) => value !== null)).toEqual([]);
    });

    test("every result has the form of one, and originals have not", async () => {
      const plan = await planOf(database, RULES);
      const people = plan.tables.find(({ name }) => name === "people")!;
      await database.execute("create table public.copied (like people)");
      await rowsOf(
        database,
        { ...plan, tables: [{ ...people, query: `insert into public.copied ${people.query}` }] },
        "people",
      );
      const copied = { ...people, name: "copied" };
      const told: string[] = [];
      const alike: string[] = [];
      for (const part of people.columns.flatMap((one) => partsOf(people, one))) {
        if (part.mayBeResult === undefined) continue;
        told.push(part.transform);
        expect([part.name, await countLike(database, copied, part, false)]).toEqual([part.name, 0]);
        if ((await countLike(database, people, part, true)) === 400) alike.push(part.name);
      }
      expect(alike).toEqual(["first", "whole", "town", "street", "code"].map((name) => `public.people.${name}`));
      await database.execute("drop table public.copied");
      const untold = TRANSFORM_NAMES.filter((name) => !told.includes(name));
      expect(untold).toEqual(["integer", "shift", "scrub", "expr", "json", "hstore"]);
    });

    test("no row has its original", () => {
      const kept = Object.keys(results[0]!).flatMap((name) =>
        originals.some(
          (row, at) => row[name] !== null && JSON.stringify(row[name]) === JSON.stringify(results[at]![name]),
        )
          ? [name]
          : [],
      );
      // One is born on a January 1st.
      expect(kept).toEqual(["year"]);
    });

    test("digests are HMAC-SHA256, as other programs compute them", () => {
      const hmac = createHmac("sha256", subkeyOf(KEY, "public.people.mail")).update("p1@corp.test").digest("hex");
      expect(results[0]!["mail"]).toBe(`u${hmac.slice(0, 16)}@example.com`);
    });

    test("what is preserving or probable stays different for different originals", () => {
      for (const name of ["id", "small", "middle", "u", "mail", "login", "tok", "iban"]) {
        const different = new Set(originals.slice(0, 400).map((row) => String(row[name]))).size;
        expect([name, new Set(column(name).map(String)).size]).toEqual([name, different]);
      }
      expect(column("small").every((value) => Number(value) >= 0 && Number(value) < 2 ** 15)).toBe(true);
      expect(column("middle").every((value) => Number(value) >= 0 && Number(value) < 2 ** 31)).toBe(true);
      expect(column("id").every((value) => Number(value) >= 0 && Number(value) < 2 ** 53)).toBe(true);
    });

    // One engine adds as the others do.
    if (engine === engines[0]) {
      test("a permutation leaves out no number, and a number's sign and upper bits stay up to both ends of its type", async () => {
        const ends = [2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n, 2n ** 53n - 1n, 2n ** 53n + 1n, 2n ** 62n, 0n, -1n];
        await database.execute(
          `create table public.numbers (n int2, big int8, safe int8); insert into public.numbers select n from generate_series(-4096, 4095) n;
           insert into public.numbers select null, n, n from unnest('{${ends.join(",")}}'::int8[]) n`,
        );
        const all = await planOf(
          database,
          "tables: { people: skip, numbers: { n: { integer: { bits: 10 } }, big: { integer: { bits: 63 } }, safe: integer } }",
        );
        const numbers = await rowsOf<{ n: number | null; big: string | null; safe: string | null }>(
          database,
          all,
          "numbers",
        );
        const small = numbers.flatMap(({ n }) => (n === null ? [] : [n]));
        expect(small.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 8192 }, (_, at) => at - 4096));
        expect(small.filter((n, at) => n >> 10 !== (at - 4096) >> 10)).toEqual([]);
        const large = numbers.slice(-ends.length);
        expect(new Set(large.map(({ big }) => big)).size).toBe(ends.length);
        expect(large.map(({ safe }) => BigInt(safe!) >> 53n)).toEqual(ends.map((end) => end >> 53n));
        expect(large.map(({ big }) => BigInt(big!) < 0n)).toEqual(ends.map((end) => end < 0n));
        await database.execute("drop table public.numbers");
      });
    }

    test("card numbers pass Luhn's check, IBANs that of ISO 13616, UUIDs are of version 4", () => {
      const luhn = (text: string): number =>
        [...text].toReversed().reduce((sum, char, at) => {
          const digit = Number(char) * (at % 2 === 1 ? 2 : 1);
          return sum + (digit > 9 ? digit - 9 : digit);
        }, 0) % 10;
      expect(
        column("card").filter((value) => !/^400000\d{10}$/.test(String(value)) || luhn(String(value)) !== 0),
      ).toEqual([]);
      const rest = (iban: string): bigint => BigInt(`${iban.slice(4)}1314${iban.slice(2, 4)}`) % 97n;
      expect(column("iban").filter((value) => !/^DE\d{20}$/.test(String(value)) || rest(String(value)) !== 1n)).toEqual(
        [],
      );
      expect(
        column("u").filter((value) => !/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab]/.test(String(value))),
      ).toEqual([]);
    });

    test("texts have their form", () => {
      expect(column("phone").filter((value) => !/^\+1555\d{7}$/.test(String(value)))).toEqual([]);
      expect(column("zip").filter((value) => !/^[A-Z]\d \d[A-Z]{2}$/.test(String(value)))).toEqual([]);
      expect(column("ssn").filter((value) => !/^9\d\d-\d\d-\d{4}$/.test(String(value)))).toEqual([]);
      expect(column("tok").filter((value) => !/^[0-9a-f]{20}$/.test(String(value)))).toEqual([]);
      expect(column("whole").filter((value) => !/^[A-Z][a-z]+ [A-Z][a-z]+$/.test(String(value)))).toEqual([]);
      expect(results[0]!["masked"]).toBe("****** ***-45");
      expect(results[0]!["note"]).toBe("write to [email] or [phone]");
      expect(results[0]!["bio"]).toBe("Lorem ipsum".slice(0, 11));
      expect(results[0]!["password"]).toBe("x");
      expect(String(results[0]!["ip"])).toBe("10.1.2.0/24");
    });

    test("results have the shape that is said of them, and no original has", async () => {
      const [table] = (await planOf(database, RULES)).tables;
      const shapes = table!.columns.flatMap(({ name, shape }) => (shape === undefined ? [] : [{ name, shape }]));
      expect(shapes.map(({ name }) => name)).toEqual(["mail", "login", "tok", "phone", "zip", "card", "iban", "ssn"]);
      for (const { name, shape } of shapes) {
        const [row] = await database.query(
          `select count(*) filter (where r."${name}" not like $1)::int as odd, count(r."${name}")::int as results,
             (select count(*)::int from people where "${name}" like $1) as originals from (${table!.query}) r`,
          [shape],
        );
        expect([name, row]).toEqual([name, { odd: 0, results: 400, originals: 0 }]);
      }
    });

    test("all dates of one person are shifted alike, by the same days in every column", async () => {
      const days = (from: unknown, to: unknown): number =>
        (new Date(String(to)).getTime() - new Date(String(from)).getTime()) / 86_400_000;
      for (const at of [0, 1, 2, 50]) {
        const shift = days(originals[at]!["seen"], results[at]!["seen"]);
        expect(days(originals[at]!["born"], results[at]!["born"])).toBe(shift);
        expect(Math.abs(shift)).toBeLessThanOrEqual(10);
        expect(shift).not.toBe(0);
      }
      expect(new Date(String(results[0]!["year"])).getUTCMonth()).toBe(0);
    });

    test("the parts of an address go together", () => {
      const areas = new Map<string, Set<string>>();
      for (const { street, code, place } of results.slice(0, 400)) {
        expect(String(street)).toMatch(/^[A-Z][a-z]+ Street \d{1,3}$/);
        expect(String(code)).toMatch(/^[12]\d{4}$/);
        const area = String(code).slice(0, 3);
        areas.set(area, (areas.get(area) ?? new Set()).add(String(place)));
      }
      expect(areas.size).toBeGreaterThan(50);
      // Only where a row's own city would have come of it, its neighbour stands in its place.
      expect([...areas].flatMap(([, places]) => (places.size > 2 ? [places] : []))).toEqual([]);
      expect([...areas.values()].filter((places) => places.size > 1).length).toBeLessThan(3);
    });

    test("an expression reads what other columns became", () => {
      const { first, last, search } = results[0]! as { first: string; last: string; search: string };
      expect(search.match(/\w+(?=')/g)!.toSorted()).toEqual([first.toLowerCase(), last.toLowerCase()].toSorted());
    });

    test("in documents paths are transformed or kept, and everything else is left out; arrays go element by element", () => {
      const doc = results[0]!["doc"] as { contact: { email: string; age: number }; friends: unknown[] };
      expect(Object.keys(doc).toSorted()).toEqual(["contact", "friends", "theme"]);
      expect(doc.contact.email).toBe(results[0]!["mail"] as string);
      expect(doc.contact.age).not.toBe(1);
      expect(doc.friends).toEqual([{ phone: expect.stringMatching(/^\+1555/) }, null, { phone: null }]);
      expect(results[0]!["old"]).toEqual({ a: { "b.c": "******" } });
      expect(results[0]!["mails"]).toEqual([results[0]!["mail"], null]);
      expect((results[0]!["numbers"] as unknown[])[1]).toBeNull();
    });
  });
}

test("every transform is tried here", () => {
  const used = TRANSFORM_NAMES.filter((name) => !new RegExp(`\\b${name}\\b`).test(RULES));
  expect(used).toEqual(["hstore"]);
});
