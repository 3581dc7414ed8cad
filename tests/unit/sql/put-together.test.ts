import { expect, test } from "bun:test";
import { nothingKnown, uncomparedEffects } from "#sql/effects/uncompared.ts";
import { loadParser } from "#sql/parser.ts";
import { splitStatements } from "#sql/split.ts";

const UNTOLD = "changes roles, databases or the server by SQL that it puts together";
const ROLE = "changes a role";

const effectsOf = async (sql: string): Promise<string[]> => {
  const effects = uncomparedEffects(splitStatements(sql).statements, await loadParser(), nothingKnown());
  return effects.map(({ what }) => what);
};

test.each([
  ["format('%s %I to bob', 'grant', 'alice')", ROLE],
  ["format('%s %s %I set work_mem=%L', 'alter', 'database', current_database(), '9MB')", "changes a database itself"],
  ["'alter ' || 'ro' || 'le bob createrole'", ROLE],
  ["concat('dr', 'op ro', 'le bob')", ROLE],
  ["format('%s %I to bob', verb, 'alice')", UNTOLD],
  ["format('alter %s %I set work_mem = 1', kind, name)", UNTOLD],
  ["format('grant all on %s to %I', what, whom)", UNTOLD],
  ["'create ' || kind || ' x'", UNTOLD],
  ["lower(words)", UNTOLD],
  ["chr(103) || 'rant alice to bob'", UNTOLD],
  ["'select 1; ' || more", UNTOLD],
  ["format('select %I(42)', name)", UNTOLD],
  ["format('copy t to %L', file)", "writes a file on the server"],
  // What is known of these tells what a comparison shows.
  ["format('alter table %I add column %I int', a, b)", undefined],
  ["'create index ' || name || ' on t (a)' using 1", undefined],
  ["format('insert into %I (a) values ($1)', a) using 1", undefined],
  ["('drop table ' || a)::text", undefined],
  ["format('update %s set a = 1', a::regclass)", undefined],
  ["format('grant select, insert on %s to %I', a, b)", undefined],
  ["format('grant usage on schema %I to %I', a, b)", undefined],
  ["format('revoke all on %I.%I from %I', a, b, c)", undefined],
  ["format('comment on table %s is %L', a, b)", undefined],
  ["E'drop table\\n' || quote_ident(a)", undefined],
  ["format($q$create or replace view %I as select 1$q$, a)", undefined],
  ["(select 'x')", UNTOLD],
])("EXECUTE %s", async (expression, expected) => {
  const body = `begin execute ${expression}; end`;
  const all = expected === undefined ? [] : [expected];
  expect(await effectsOf(`DO $body$${body}$body$`)).toEqual(all);
  const made = `CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $body$${body}$body$;`;
  expect(await effectsOf(made)).toEqual([]);
  expect(await effectsOf(`${made} SELECT f();`)).toEqual(all);
});

test.each([
  ["declare q text := 'drop table a'; begin execute q; end", []],
  ["declare q text; begin q := 'drop '; q := q || 'table a'; execute q; end", [UNTOLD]],
  ["declare q text; begin q := 'alter table a '; if b then q := q || 'add c int'; end if; execute q; end", []],
  ["declare r record; begin for r in select 'drop table ' || a as q from t loop execute r.q; end loop; end", []],
  ["begin for r in (select format('drop view %I', a) from t) loop execute r.format; end loop; end", []],
  ["begin for r in select a, b from t loop execute r.a; end loop; end", [UNTOLD]],
  ["begin foreach n in array array['a', 'b'] loop execute format('drop table %I', n); end loop; end", []],
  ["begin foreach n in array array['drop view v', 'analyze'] loop execute n; end loop; end", []],
  ["begin select 'drop table ' || a into q from t; execute q; end", []],
  ["begin execute q; end", [UNTOLD]],
  ["begin return query execute 'select ' || a; end", []],
  [
    "begin create trigger t before insert on t for each row execute function f(); grant execute on function f() to a; end",
    [],
  ],
  // Nobody runs it.
  ["begin raise notice 'execute %', q; end", []],
])("%s", async (body, expected) => {
  expect(await effectsOf(`DO $body$${body}$body$`)).toEqual(expected);
});
