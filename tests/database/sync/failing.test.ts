import { expect, test } from "bun:test";
import { withDatabase } from "#database/open.ts";
import { ConfitureError } from "#errors/error.ts";
import { newestServer } from "../../support/engines.ts";
import { server } from "../../support/servers.ts";
import type { Target } from "#database/target.ts";
import { renderProof } from "#cli/output/sync-proof.ts";
import { proposeRules } from "#sync/propose.ts";
import { checkRules, checkTableRules } from "#sync/check.ts";
import { keepEverything } from "#sync/plain.ts";
import { parseRules } from "#sync/rules/read.ts";
import type { SyncOptions } from "#sync/run/report.ts";
import { readsOfPlain, requireRights } from "#sync/run/rights.ts";
import { verifySync } from "#sync/run/verify.ts";
import { sampleRows } from "#sync/sample.ts";
import { readSource } from "#sync/source/read.ts";
import { createLedger } from "#migrate/ledger/change.ts";
import { allLedgers } from "#migrate/ledger/find.ts";
import { KEY } from "../../support/sync.ts";
import { copy, copyOptions, planned, ruled, transforming } from "./copying.ts";

const PEOPLE = `
  create table people (id int primary key, email text, note text);
  insert into people select g, 'person' || g || '@corp.example', 'called' from generate_series(1, 2000) g`;

async function failure(work: Promise<unknown>): Promise<ConfitureError> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof ConfitureError) return error;
  throw new Error("it did not fail as it should", { cause: error });
}

for (const engine of newestServer) {
  test("a copy that fails leaves the target as it was, and nothing of the source's values is said", async () => {
    await using source = await engine.fresh();
    await using target = await engine.fresh();
    await withDatabase(source.target, {}, (database) => database.execute(PEOPLE));
    await withDatabase(target.target, {}, (database) => database.execute("create table old as select 1 as id"));
    const expectOld = async (): Promise<void> => {
      expect(await withDatabase(target.target, {}, (database) => database.query("select * from old"))).toEqual([
        { id: 1 },
      ]);
      const name = target.target.engine === "server" ? target.target.database : "";
      expect(
        await (
          await server(engine.major)
        ).sql("select datname from pg_database where datname like $1", [`${name}_sync%`]),
      ).toEqual([]);
    };

    // The error of PostgreSQL would quote a value.
    const cast = planned((plan) => transforming(plan, "people", "note", { expression: "source.email::int::text" }));
    const refused = await failure(copy(source.target, target.target, { plan: cast }));
    expect(refused.code).toBe("sync_source_failed");
    expect(refused.hint).toContain("The target was not replaced");
    expect(JSON.stringify(refused) + refused.message + String(refused.hint)).not.toContain("corp.example");
    expect(refused.cause).toBeUndefined();
    await expectOld();

    // Two rows with the same value: here the target's error would.
    const same = planned((plan) => transforming(plan, "people", "id", { expression: "source.id / 2" }));
    const duplicate = await failure(copy(source.target, target.target, { plan: same }));
    expect(duplicate.code).toBe("sync_target_failed");
    expect(duplicate.data).toMatchObject({ sqlstate: "23505" });
    await expectOld();

    // A transform that does nothing for one row, whatever shape its results are said to have, and an address in a note that is kept.
    for (const shape of [undefined, "x%@anon.example", "%@%.example"]) {
      const leaky = planned((plan) =>
        transforming(plan, "people", "email", {
          expression: "case source.id when 7 then source.email else 'x' || source.id || '@anon.example' end",
          proof: { kind: "disjoint" },
          tokens: ["email"],
          ...(shape === undefined ? {} : { shape }),
        }),
      );
      const unproven = await failure(copy(source.target, target.target, { plan: leaky }));
      expect([shape, unproven.code]).toEqual([shape, "sync_unproven"]);
      expect(unproven.data?.["columns"]).toMatchObject([{ column: "public.people.email", holds: false, same: 1 }]);
      await expectOld();
    }

    await withDatabase(source.target, {}, (database) =>
      database.execute("update people set note = 'write to PERSON12@corp.example' where id < 4"),
    );
    const replaced = planned((plan) =>
      transforming(plan, "people", "email", {
        expression: "'x' || source.id || '@anon.example'",
        proof: { kind: "disjoint" },
        tokens: ["email"],
      }),
    );
    const leak = await failure(copy(source.target, target.target, { plan: replaced }));
    expect(leak.data?.["leaks"]).toEqual([{ column: "public.people.note", kind: "email", rows: 3 }]);
    await expectOld();

    await withDatabase(source.target, {}, (database) =>
      database.execute("update people set note = 'none'; select lo_create(0)"),
    );
    expect((await failure(copy(source.target, target.target, { plan: replaced }))).code).toBe("sync_large_objects");
    await expectOld();
    const report = await copy(source.target, target.target, { plan: replaced, skipLargeObjects: true });
    expect(report.proof.columns).toMatchObject([
      { column: "public.people.email", holds: true, originals: 2000, same: 0 },
    ]);
    expect((await failure(copy(source.target, source.target, { skipLargeObjects: true }))).code).toBe(
      "sync_not_allowed",
    );
    const instance = await server(engine.major);
    await instance.sql("create database narrow template template0 encoding 'LATIN1' locale 'C'");
    expect(await failure(copy(source.target, instance.target("narrow"), { skipLargeObjects: true }))).toMatchObject({
      code: "sync_not_allowed",
      message: expect.stringContaining("The target has the encoding LATIN1 and the source UTF8"),
    });
    await instance.sql("create database bytes template template0 encoding 'SQL_ASCII' locale 'C'");
    const bytes = instance.target("bytes");
    expect(await failure(copy(source.target, bytes, { skipLargeObjects: true }))).toMatchObject({
      code: "sync_not_allowed",
      message: expect.stringContaining("The target has the encoding SQL_ASCII and the source UTF8"),
    });
    await withDatabase(bytes, {}, (database) =>
      database.execute(
        `create table people (email text, doc jsonb); insert into people select 'a@corp.example', '{"mail": "a@corp.example"}' from generate_series(1, 2)`,
      ),
    );
    const mails = ruled("tables:\n  people: { email: email, doc: { json: { mail: email } } }\n");
    const { proof } = await copy(bytes, target.target, { plan: mails });
    // Equal values are counted each, whether they have a shape or are compared by digest.
    expect(proof.columns.filter(({ how }) => how === "no value in common")).toMatchObject([
      { column: "public.people.email", originals: 2, results: 2 },
      { column: "public.people.doc mail", originals: 2, results: 2 },
    ]);
    expect(renderProof(proof, "quiet").concat(renderProof(proof, "normal"))).toEqual(
      expect.arrayContaining([expect.stringContaining("Not searched: characters outside ASCII")]),
    );
  }, 120_000);

  test("what a role may not read, or a policy would hide from it, stops a copy and a proof with the side and what to run", async () => {
    await using source = await engine.fresh();
    await using target = await engine.fresh();
    const instance = await server(engine.major);
    await source.query("create schema billing");
    await withDatabase(source.target, {}, (database) =>
      database.execute(`${PEOPLE}; alter table people enable row level security; create policy few on people using (id < 10);
        create table billing."Cards" (id serial, email text); create table dull (id serial); insert into billing."Cards" values (1, 'person1@corp.example')`),
    );
    const as = (one: Target, user: string): Target => ({ ...one, user }) as Target;
    await instance.sql("create role sync_reader login password 'postgres'");
    await instance.sql("create role sync_owner login password 'postgres'");
    const plan = ruled(
      "tables:\n  people: { keep: [id, note], email: email }\n  billing.Cards: { keep: [id], email: email }\n  dull: skip\n",
    );
    const refused = async (user: string): Promise<ConfitureError> =>
      await failure(copy(as(source.target, user), target.target, { plan }));
    // With a plan that nobody has tried, the query itself fails.
    await source.query("grant select on people to sync_reader");
    expect(
      await failure(copy(as(source.target, "sync_reader"), target.target, { plan: planned((it) => it) })),
    ).toMatchObject({
      code: "sync_source_failed",
      message: expect.stringContaining("from the source failed"),
      data: { sqlstate: "42501" },
    });
    // First rules count values, and one statement is for all tables of a schema.
    await source.query("create table billing.more (line text)");
    const proposed = withDatabase(as(source.target, "sync_reader"), {}, async (database) =>
      proposeRules(database, await readSource(database), "db/sync/tables.yaml"),
    );
    expect((await failure(proposed)).hint?.split("\n").slice(2)).toEqual([
      'GRANT USAGE ON SCHEMA "billing" TO "sync_reader";',
      'GRANT SELECT ON "billing"."Cards", "billing"."more" TO "sync_reader";',
      'GRANT SELECT ON SEQUENCE "billing"."Cards_id_seq" TO "sync_reader";',
      'GRANT SELECT ON "public"."dull" TO "sync_reader";',
      'GRANT SELECT ON SEQUENCE "public"."dull_id_seq" TO "sync_reader";',
      'ALTER ROLE "sync_reader" BYPASSRLS;',
    ]);
    await source.query("drop table billing.more");
    expect(await refused("sync_reader")).toMatchObject({
      code: "sync_source_failed",
      message:
        "On the source, the role sync_reader may not read billing.Cards, billing.Cards_id_seq, and row-level security would hide rows of public.people from the role sync_reader",
      hint: [
        "A table that the rules skip (`TABLE: skip` in db/sync) takes no right.",
        "Run on the source, as a role that may:",
        'GRANT USAGE ON SCHEMA "billing" TO "sync_reader";',
        'GRANT SELECT ON "billing"."Cards" TO "sync_reader";',
        'GRANT SELECT ON SEQUENCE "billing"."Cards_id_seq" TO "sync_reader";',
        'ALTER ROLE "sync_reader" BYPASSRLS;',
      ].join("\n"),
      data: { side: "source", role: "sync_reader", tables: ["billing.Cards", "billing.Cards_id_seq", "public.people"] },
    });
    // An owner sees every row, unless that is taken away as well.
    await source.query("alter table people owner to sync_owner");
    await source.query("grant usage on schema billing to sync_owner, sync_reader");
    await source.query('grant select on billing."Cards" to sync_owner, sync_reader');
    await source.query('grant select on sequence billing."Cards_id_seq" to sync_owner, sync_reader');
    // The proof reads every table of the target.
    await source.query("grant select on dull to sync_owner");
    await source.query("alter table people force row level security");
    expect(await refused("sync_owner")).toMatchObject({
      hint: expect.stringContaining('\nALTER ROLE "sync_owner" BYPASSRLS;'),
    });
    await source.query("alter table people no force row level security");
    await instance.sql("alter role sync_reader bypassrls");
    for (const user of ["sync_owner", "sync_reader"]) {
      const report = await copy(as(source.target, user), target.target, { plan });
      expect(report.tables.map(({ rowsWritten }) => rowsWritten).toSorted((a, b) => a - b)).toEqual([1, 2000]);
      // Nothing is in that table.
      expect(report.sequences.unreadable).toEqual(['"public"."dull_id_seq"']);
      await source.query("alter table people force row level security");
    }
    const verified = await failure(
      verifySync(copyOptions(as(source.target, "sync_reader"), as(target.target, "sync_owner"), { plan })),
    );
    expect(verified).toMatchObject({
      code: "sync_target_failed",
      hint: expect.stringContaining("Run on the target"),
      data: { side: "target", role: "sync_owner", tables: ["public.people"] },
    });
    await source.drop();
    await target.drop();
    for (const role of ["sync_reader", "sync_owner"]) await instance.sql(`drop role ${role}`);
  }, 60_000);

  test("every command names all rights that it lacks, of partitions, sequences, ledgers and what conditions name too, and what it prints is enough", async () => {
    await using source = await engine.fresh();
    await using target = await engine.fresh();
    const instance = await server(engine.major);
    await instance.sql("create role sync_lacking login password 'postgres'");
    await withDatabase(source.target, {}, async (database) => {
      await createLedger(database, { schema: "public", table: "confiture_migrations", exists: false, keeps: "any" });
      await database.execute(`create schema "Far"; create schema types; create domain types.mail as text;
        create table plain (id serial primary key, note text, mail types.mail);
        create table parted (id int, note text, plain int references plain, at int) partition by range (at);
        create table "Far".low partition of parted for values from (0) to (10);
        create table high partition of parted for values from (10) to (20) partition by list (id);
        create table leaf partition of high default;
        create table bare (id int) partition by range (id);
        create table "Far"."Vip" (id int); create view chosen as select id from plain;
        create function "Far".wanted(int) returns bool language sql immutable as 'select true';
        insert into plain (note) values ('a'); insert into parted values (1, 'x', 1, 2), (2, 'y', 1, 12)`);
    });
    const poor: Target = { ...source.target, user: "sync_lacking" } as Target;
    const rules = `tables:
  plain: { keep: [id, note], mail: { expr: "upper({note})" }, rows: '"Far".wanted(id) and id not in (select id from "Far"."Vip") and id in (select id from chosen)' }
  parted: { keep: [id, plain, at], note: token }
  bare: { keep: [id] }
  Far.Vip: skip
`;
    const checked = async (table?: string): Promise<unknown> =>
      await withDatabase(poor, {}, async (database) => {
        const read = await parseRules([{ file: "db/sync/rules.yaml", text: rules }]);
        const ledgers = await allLedgers(database, "confiture_migrations");
        if (table === undefined) return await checkRules(database, ledgers, read, KEY);
        const shown = await checkTableRules(database, ledgers, read, KEY, table);
        return shown.kind === "plan" ? await sampleRows(database, shown.plan, 5) : shown;
      });
    const plainPlan: SyncOptions["plan"] = async (database) => {
      const catalogue = await readSource(database, await allLedgers(database, "confiture_migrations"));
      const kept = keepEverything(catalogue);
      await requireRights(database, "source", readsOfPlain(kept, catalogue));
      return kept;
    };
    const far = ["usage Far", 'select "Far"."Vip", "Far"."low"'];
    const types = "usage types";
    const all = [
      ...["bare", "chosen", "confiture_migrations", "leaf", "parted", "plain"].map((name) => `select ${name}`),
      "sequence plain_id_seq",
    ];
    const commands: readonly (readonly [string, () => Promise<unknown>, readonly string[]])[] = [
      [
        "init",
        async () =>
          await withDatabase(poor, {}, async (database) =>
            proposeRules(
              database,
              await readSource(database, await allLedgers(database, "confiture_migrations")),
              "db/sync/tables.yaml",
            ),
          ),
        [...far, ...all.filter((one) => one !== "select chosen")],
      ],
      ["check", async () => await checked(), [...far, types, ...all]],
      [
        "show",
        async () => await checked("parted"),
        [...far, ...all.filter((one) => !/bare|migrations|sequence/.test(one))],
      ],
      ["run", async () => await copy(poor, target.target, { plan: ruled(rules) }), [...far, types, ...all]],
      [
        "run --plain",
        async () => await copy(poor, target.target, { plan: plainPlan }),
        [...far, ...all.filter((one) => !/bare|chosen|parted/.test(one))],
      ],
    ];
    for (const [command, run, wanted] of commands) {
      const { hint = "" } = await failure(run());
      const statements = hint.split("\n").filter((line) => line.startsWith("GRANT "));
      const said = statements.flatMap((line) => {
        const [, kind, names = ""] =
          /^GRANT (USAGE ON SCHEMA|SELECT ON SEQUENCE|SELECT ON) (.*) TO "sync_lacking";$/.exec(line)!;
        if (kind === "USAGE ON SCHEMA") return [`usage ${names.replaceAll('"', "")}`];
        if (names.startsWith('"Far"')) return [`select ${names}`];
        const word = kind === "SELECT ON" ? "select" : "sequence";
        return names.split(", ").map((name) => `${word} ${name.replace(/^"public"\./, "").replaceAll('"', "")}`);
      });
      expect([command, ...said.toSorted()]).toEqual([command, ...wanted.toSorted()]);
      expect(hint).toContain("partition by partition");
      for (const statement of statements) await source.query(statement);
      await run();
      await source.query('revoke all on all tables in schema public, "Far" from sync_lacking');
      await source.query('revoke all on all sequences in schema public, "Far" from sync_lacking');
      await source.query('revoke all on schema "Far", types from sync_lacking');
    }
    await source.drop();
    await target.drop();
    await instance.sql("drop role sync_lacking");
  }, 60_000);

  test("a stream that is cut is repeated under the same snapshot", async () => {
    await using source = await engine.fresh();
    await using target = await engine.fresh();
    await withDatabase(source.target, {}, (database) =>
      database.execute("create table t as select g as id, repeat('x', 500) as filler from generate_series(1, 40000) g"),
    );
    const instance = await server(engine.major);
    let cuts = 0;
    let cutting: Promise<unknown> = Promise.resolve();
    const report = await copy(source.target, target.target, {
      jobs: 1,
      onEvent: (event) => {
        if (event.type !== "step" || event.step !== "Copying rows" || cuts++ > 0) return;
        cutting = cutOnce(instance, "COPY%TO STDOUT%");
      },
    });
    await cutting;
    expect(report.tables).toMatchObject([{ rowsRead: 40_000, rowsWritten: 40_000 }]);
    expect(
      await withDatabase(target.target, {}, (database) => database.query("select count(*)::int as n from t")),
    ).toEqual([{ n: 40_000 }]);
  }, 60_000);
}

/** Ends the first session that runs such a query, if there is one while anybody copies. */
async function cutOnce(instance: Awaited<ReturnType<typeof server>>, query: string): Promise<void> {
  for (let i = 0; i < 300; i++) {
    const cut = await instance.sql(
      "select pg_terminate_backend(pid) from pg_stat_activity where query like $1 and state = 'active' and pid <> pg_backend_pid()",
      [query],
    );
    if (cut.length > 0) return;
  }
}
