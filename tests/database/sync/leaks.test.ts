import { expect, test } from "bun:test";
import { withDatabase } from "#database/open.ts";
import { newestServer } from "../../support/engines.ts";
import { copy, ruled } from "./copying.ts";

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
};

for (const engine of newestServer) {
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
        create table people as select g as id, 'person' || g || '@corp.example' as email from generate_series(1, 10) g;
        create table notes (id serial, ${names.map((name) => `"${name}" ${TYPES[name]}`).join(", ")});
        ${names.map((name) => `insert into notes ("${name}") values (${PLACES[name]})`).join(";\n")};
        create view seen as select * from notes;
        create materialized view copies as select body from notes where body is not null`),
    );
    const plan = ruled(
      `tables:\n  people: { keep: [id], email: email }\n  notes: { keep: [id, ${names.join(", ")}] }\n`,
    );
    const failed: unknown = await copy(source.target, target.target, { plan }).catch((error: unknown) => error);
    const { leaks } = (failed as { data: { leaks: { column: string; kind: string; rows: number }[] } }).data;
    const found = leaks.toSorted((a, b) => (a.column < b.column ? -1 : 1));
    expect(found).toEqual(
      ["public.copies.body", ...names.map((name) => `public.notes.${name}`)]
        .toSorted()
        .map((column) => ({ column, kind: "email", rows: 1 })),
    );
    expect(String(failed) + JSON.stringify(failed)).not.toMatch(/person7/i);
    // Without them the same copy goes well.
    await source.query("delete from notes");
    await source.query("refresh materialized view copies");
    expect((await copy(source.target, target.target, { plan })).proof).toMatchObject({
      leaks: [],
      scanned: { kinds: ["email"], columns: names.length + 1 },
    });
  }, 60_000);
}
