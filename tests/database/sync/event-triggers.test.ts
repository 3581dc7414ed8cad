import { describe, expect, test } from "bun:test";
import { withDatabase } from "#database/open.ts";
import { serverEngines } from "../../support/engines.ts";
import { copy } from "./copying.ts";

const GUARDED = `
  create table noted (id serial primary key, tag text);
  create table here (name text);
  insert into here values (current_database());
  create function note() returns event_trigger language plpgsql as
    $$ begin insert into public.noted (tag) values (tg_tag); end $$;
  create function refuse() returns event_trigger language plpgsql as $$ begin raise exception 'not here'; end $$;
  create function enter() returns event_trigger language plpgsql as
    $$ begin if current_database() not in (select name from public.here) then insert into public.noted (tag) values ('login'); end if; end $$;
  create table hidden (id int primary key);
  insert into hidden values (1);
  alter table hidden enable row level security;
  alter table hidden force row level security;
  create materialized view seen as select count(*) from hidden;
  create event trigger noting on ddl_command_end execute function note();
  create event trigger noting_always on ddl_command_start execute function note();
  alter event trigger noting_always enable always;
  create event trigger refusing on ddl_command_start when tag in ('ALTER TABLE', 'REFRESH MATERIALIZED VIEW', 'CREATE INDEX') execute function refuse();
  create event trigger sleeping on ddl_command_end execute function refuse();
  alter event trigger sleeping disable;
  comment on event trigger noting is 'keeps a list';`;

const STATES = "select evtname::text as name, evtenabled::text as state from pg_event_trigger order by 1";

describe.each(serverEngines)("event triggers on $name", (engine) => {
  test("do nothing while a copy is made, and are in it as on the source", async () => {
    await using source = await engine.fresh();
    await using target = await engine.fresh();
    const states = await withDatabase(source.target, {}, async (database) => {
      await database.execute(GUARDED);
      // From 17 on they run for each session, also of the proof. On the source, this one writes nothing.
      if (engine.major >= 17) await database.execute("create event trigger entering on login execute function enter()");
      return await database.query(STATES);
    });
    await copy(source.target, target.target);
    // The session that asks is one as well.
    expect(await target.query("select tag from noted")).toEqual(engine.major >= 17 ? [{ tag: "login" }] : []);
    expect(await target.query("select count from seen")).toEqual([{ count: "1" }]);
    expect(await target.query(STATES)).toEqual(states);
  }, 60_000);
});
