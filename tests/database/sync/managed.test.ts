import { expect, test } from "bun:test";
import { withDatabase } from "#database/open.ts";
import type { ServerTarget, Target } from "#database/target.ts";
import { verifySync } from "#sync/run/verify.ts";
import { serverEngines } from "../../support/engines.ts";
import { few } from "../../support/long.ts";
import { server } from "../../support/servers.ts";
import { copy, copyOptions, ruled } from "./copying.ts";

const SCHEMA = `
  create collation german (provider = icu, locale = 'de-DE', deterministic = false);
  create table towns (name text collate german);
  create table people (id int generated always as identity primary key, email text not null unique, boss int, changed int not null default 0);
  create table teams (id serial primary key, lead int not null references people deferrable initially deferred, seats int check (seats > 0));
  alter table people add column team int references teams, add foreign key (boss) references people;
  create function count_changes() returns trigger language plpgsql as $$ begin new.changed = new.changed + 1; return new; end $$;
  create trigger people_changed before insert or update on people for each row execute function count_changes();
  create function forbid() returns trigger language plpgsql as $$ begin raise exception 'nobody joins'; end $$;
  create constraint trigger teams_closed after insert on teams deferrable for each row execute function forbid();
  alter table people enable row level security;
  alter table people force row level security;
  create policy everybody on people using (true);
  create materialized view numbers as select count(*)::int as people from people;
  begin;
  alter table teams disable trigger teams_closed;
  insert into teams (lead, seats) select g, 5 from generate_series(1, 20) g;
  insert into people (email, boss, team) select 'person' || g || '@corp.example', nullif(g - 1, 0), g from generate_series(1, 20) g;
  refresh materialized view numbers;
  set constraints all immediate;
  alter table teams enable trigger teams_closed;
  commit`;

const RULES = `tables:
  towns: { keep: [name] }
  people: { keep: [id, boss, changed, team], email: email }
  teams: { keep: [id, lead, seats] }
`;

const STATE = `
  select (select count(*)::int from people where email like '%@example.com' and changed = 1) as people,
    (select count(*)::int from people a join people b on b.id = a.boss) as bosses, (select count(*)::int from teams) as teams,
    (select people from numbers) as seen, (select count(*)::int from pg_trigger where not tgisinternal and tgenabled = 'O') as triggers,
    (select count(*)::int from pg_policy) as policies, (select count(*)::int from pg_constraint where contype = 'f' and convalidated) as keys`;

const WHOLE = { people: 20, bosses: 19, teams: 20, seen: 20, triggers: 2, policies: 1, keys: 3 };

for (const engine of few(1, serverEngines)) {
  test(`on ${engine.name} no superuser is needed: a role that reads, and one that makes databases or owns one`, async () => {
    await using source = await engine.fresh();
    await using target = await engine.fresh();
    const instance = await server(engine.major);
    const at = (one: Target, user: string): ServerTarget => {
      if (one.engine !== "server") throw new Error("a server is needed");
      return { ...one, user };
    };
    const name = at(target.target, "").database;
    await withDatabase(source.target, {}, (database) => database.execute(SCHEMA));
    await instance.sql("create role sync_reads login bypassrls password 'postgres'");
    await instance.sql("create role sync_makes login nosuperuser createdb password 'postgres'");
    await source.query("grant select on all tables in schema public to sync_reads");
    await source.query("grant select on all sequences in schema public to sync_reads");
    const refused = await copy(at(source.target, "sync_reads"), at(target.target, "sync_reads"), {
      plan: ruled(RULES),
    }).catch((error: unknown) => error);
    expect(refused).toMatchObject({
      code: "sync_target_failed",
      message: expect.stringContaining(
        `On the target, the role sync_reads may neither replace the database "${name}" nor`,
      ),
      hint: expect.stringContaining(`ALTER DATABASE "${name}" OWNER TO "sync_reads";`),
    });
    await instance.sql(`alter database "${name}" owner to sync_makes`);
    if (engine.major === 14) {
      await instance.sql("alter role sync_makes nocreatedb");
      const owner = await copy(at(source.target, "sync_reads"), at(target.target, "sync_makes"), {
        plan: ruled(RULES),
      }).catch((error: unknown) => error);
      expect((owner as { hint?: string }).hint?.split("\n").slice(0, 4)).toEqual([
        `Run in "${name}" on the target, as a superuser, either, for a new database that takes its place:`,
        'ALTER ROLE "sync_makes" CREATEDB;',
        "or, to empty the one there is:",
        'ALTER SCHEMA "public" OWNER TO "sync_makes";',
      ]);
      await instance.sql("alter role sync_makes createdb");
    }
    for (const place of ["new database", "in place"] as const) {
      if (place === "in place") {
        await instance.sql("alter role sync_makes nocreatedb");
        // Before version 15 it is not the database's owner's.
        await withDatabase(target.target, {}, (database) =>
          database.execute("alter schema public owner to sync_makes"),
        );
      }
      const report = await copy(at(source.target, "sync_reads"), at(target.target, "sync_makes"), {
        plan: ruled(RULES),
      });
      expect(report.place).toBe(place);
      // From now on the owner would see what the policy lets it see, and a proof of that would be none.
      const verified = async (user: string): Promise<unknown> =>
        await verifySync(
          copyOptions(at(source.target, "sync_reads"), at(target.target, user), { plan: ruled(RULES) }),
        ).catch((error: unknown) => error);
      expect(await verified("postgres")).toMatchObject({ holds: true });
      expect(await verified("sync_makes")).toMatchObject({
        message: "On the target, row-level security would hide rows of public.people from the role sync_makes",
        hint: 'Run on the target, as a role that may:\nALTER ROLE "sync_makes" BYPASSRLS;',
        data: { sqlstate: "42501", side: "target" },
      });
      expect(await withDatabase(target.target, {}, (database) => database.query(STATE))).toEqual([WHOLE]);
    }
    await source.drop();
    await target.drop();
    await instance.sql("drop role sync_reads");
    await instance.sql("drop role sync_makes");
  }, 120_000);
}
