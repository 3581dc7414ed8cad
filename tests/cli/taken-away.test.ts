import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdir, rm } from "node:fs/promises";
import { runHere } from "../support/in-process.ts";
import type { RunResult } from "../support/cli.ts";
import { commitAll } from "../support/git.ts";
import { few, long } from "../support/long.ts";
import { temporaryProject, type TemporaryProject } from "../support/project.ts";
import { atTerminal } from "../support/terminal.ts";
import { readDocument } from "./document.ts";

// Many processes in a row, each with an engine.
setDefaultTimeout(300_000);

const EMBEDDED = "database:\n  engine: embedded\n  path: .confiture/local\n";
const USERS = "CREATE TABLE users (id int PRIMARY KEY, owner text NOT NULL DEFAULT 'me');\n";
const SECURITY = `-- migrate:up
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON users USING (owner = current_user);
ALTER TABLE users ADD CONSTRAINT owner_given CHECK (owner <> '');
CREATE INDEX users_owner ON users (owner);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER touched BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch();
CREATE VIEW owners AS SELECT owner FROM users;
GRANT SELECT ON users TO PUBLIC;
COMMENT ON TABLE users IS 'People';
`;
const FILES = {
  "db/environments/local.yaml": EMBEDDED,
  "db/migrations/001_users.sql": USERS,
  "db/migrations/002_security.sql": SECURITY,
  "db/schema/users.sql": "CREATE TABLE users (id int PRIMARY KEY, owner text, bio text NOT NULL);\n",
};

const WHERE = [
  ["row security public.users", 2],
  ["policy public.users.own_rows", 3],
  ["constraint public.users.owner_given", 4],
  ["index public.users_owner", 5],
  ["function public.touch()", 6],
  ["trigger public.users.touched", 7],
  ["view public.owners", 8],
  ["grants on table public.users to PUBLIC", 9],
] as const;
const OTHERS = ["not null public.users.owner", "default public.users.owner", "comment on table public.users"];

const generate = (project: TemporaryProject, ...args: string[]): Promise<RunResult> =>
  runHere(["migrate", "generate", "next", ...args], { cwd: project.dir });
const written = async (project: TemporaryProject): Promise<string[]> =>
  (await readdir(project.path("db/migrations"))).filter((name) => name.includes("next"));

/** What a refusal lists, without the places that made it. */
function listedIn(stderr: string): string[] {
  const lines = stderr.replaceAll(/, made by \S+,/g, "").matchAll(/^ {2}(\S.*)$/gm);
  const others = /^(?:The migration|next: |If )/;
  return [...lines].flatMap(([, line = ""]) => (others.test(line) ? [] : [line])).toSorted();
}

describe("nothing is taken away without a word", () => {
  long("NOT NULL of a domain is one thing, in a form that every version knows", async () => {
    await using project = await temporaryProject({
      "db/environments/local.yaml": EMBEDDED,
      "db/migrations/001_size.sql": "CREATE DOMAIN size AS int NOT NULL;\n",
      "db/schema/size.sql": "CREATE DOMAIN size AS int;\n",
    });
    const { exitCode, stderr } = await generate(project);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("  not null public.size");
    expect(stderr).not.toContain("constraint public.size");
    expect(await generate(project, "--allow-drop=not null:public.size")).toMatchObject({ exitCode: 0 });
    const [file = ""] = await written(project);
    expect(await Bun.file(project.path(`db/migrations/${file}`)).text()).toContain("  DROP NOT NULL;");
  });

  test.each([
    [
      "CREATE TABLE t (a text) PARTITION BY LIST (a);\nCREATE TABLE one PARTITION OF t DEFAULT;\n",
      "CREATE TABLE t (a text, b int) PARTITION BY RANGE (b);\nCREATE TABLE one (a text);\n",
      ["partition public.one is detached"],
    ],
    [
      "CREATE TABLE base (id int, notes text);\nCREATE TABLE orders (total numeric(10,2)) INHERITS (base);\n",
      "CREATE TABLE base (id int, notes text);\nCREATE TABLE orders (id int, total numeric(8,0));\n",
      [
        "table public.orders no longer inherits from public.base",
        "ALTER TABLE public.orders DROP COLUMN notes;",
        "ALTER TABLE public.orders ALTER COLUMN total TYPE numeric(8,0);",
      ],
    ],
  ])(
    "what shows only as the plan is made is listed with the rest, and asked for once: %s",
    async (before, after, all) => {
      await using project = await temporaryProject({
        "db/environments/local.yaml": EMBEDDED,
        "db/migrations/001_all.sql": before,
        "db/schema/all.sql": after,
      });
      const refused = await generate(project);
      expect(refused.exitCode).toBe(1);
      const listed = listedIn(refused.stderr);
      for (const line of all) expect(listed.some((one) => one.startsWith(line))).toBe(true);
      const { exitCode, stderr } = await generate(project, "--allow-drop");
      expect(exitCode).toBe(0);
      expect(stderr.match(/^.*aken away by this migration:$/gm)).toEqual(["Taken away by this migration:"]);
      const [, allowed = ""] = /^Taken away by this migration:\n((?: {2}- .*\n)+)/m.exec(stderr) ?? [];
      expect(listedIn(allowed.replaceAll(/^ {2}- /gm, "  "))).toEqual(listed);
    },
  );

  test("what a sequence was given that an identity takes the place of, and the other way round", async () => {
    const [serial, identity] = ["serial PRIMARY KEY", "int GENERATED ALWAYS AS IDENTITY PRIMARY KEY"];
    const tables = (a: string, b: string): string => `CREATE TABLE a (id ${a});\nCREATE TABLE b (id ${b});\n`;
    const given = ["a", "b"].map(
      (table) =>
        `GRANT SELECT, USAGE ON SEQUENCE ${table}_id_seq TO PUBLIC;\nCOMMENT ON SEQUENCE ${table}_id_seq IS 'its numbers';\n`,
    );
    await using project = await temporaryProject({
      "db/environments/local.yaml": EMBEDDED,
      "db/migrations/001_all.sql": tables(serial, identity) + given.join(""),
      "db/schema/all.sql": `${tables(identity, serial)}GRANT SELECT ON SEQUENCE a_id_seq TO PUBLIC;\n`,
    });
    const { exitCode, stderr } = await generate(project);
    expect(exitCode).toBe(1);
    expect(listedIn(stderr)).toEqual([
      "comment on sequence public.a_id_seq is not in the schema files",
      "comment on sequence public.b_id_seq is not in the schema files",
      "grants on sequence public.a_id_seq to PUBLIC no longer include USAGE",
      "grants on sequence public.b_id_seq to PUBLIC is not in the schema files",
    ]);
  });

  test("of rights of which some stay, those are named that go", async () => {
    const users = "CREATE TABLE users (id int);\n";
    await using project = await temporaryProject({
      "db/environments/local.yaml": EMBEDDED,
      "db/migrations/001_users.sql": `${users}GRANT SELECT, INSERT, UPDATE ON users TO PUBLIC;\n`,
      "db/schema/users.sql": `${users}GRANT SELECT ON users TO PUBLIC;\n`,
    });
    const { exitCode, stderr } = await generate(project);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(
      "grants on table public.users to PUBLIC, made by db/migrations/001_users.sql:2, no longer include INSERT, UPDATE\n",
    );
  });

  test.each(
    few(1, [
      [
        "to columns of a view",
        "CREATE VIEW v AS SELECT 1 AS a;\nGRANT SELECT (a), UPDATE (a) ON v TO PUBLIC;\n",
        "CREATE VIEW v AS SELECT 1 AS a;\nGRANT SELECT (a) ON v TO PUBLIC;\n",
        "column grants public.v.a no longer include UPDATE to PUBLIC",
      ],
      [
        "with the grant option",
        "CREATE VIEW v AS SELECT 1 AS a;\nGRANT SELECT (a) ON v TO pg_monitor WITH GRANT OPTION;\n",
        "CREATE VIEW v AS SELECT 1 AS a;\nGRANT SELECT (a) ON v TO pg_monitor;\n",
        "column grants public.v.a no longer include the grant option of SELECT to pg_monitor",
      ],
      [
        "of one role to a language",
        "REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC;\nGRANT USAGE ON LANGUAGE plpgsql TO pg_monitor;\n",
        "REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC;\n",
        "language grants plpgsql no longer include USAGE to pg_monitor",
      ],
      [
        "of everybody to a language",
        "SELECT 1;\n",
        "REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC;\n",
        "language grants plpgsql no longer include USAGE to PUBLIC",
      ],
      [
        "to the sequence of an identity",
        "CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY);\nGRANT USAGE, SELECT ON SEQUENCE t_a_seq TO PUBLIC;\n",
        "CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY);\nGRANT USAGE ON SEQUENCE t_a_seq TO PUBLIC;\n",
        "sequence grants public.t_a_seq.PUBLIC no longer include SELECT to PUBLIC",
      ],
    ]),
  )("so are rights %s", async (_what, before, after, line) => {
    await using project = await temporaryProject({
      "db/environments/local.yaml": EMBEDDED,
      "db/migrations/001_all.sql": before,
      "db/schema/all.sql": after,
    });
    const { exitCode, stderr } = await generate(project);
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("would take away") });
    expect(listedIn(stderr)).toEqual([line]);
    expect(await generate(project, "--allow-drop")).toMatchObject({ exitCode: 0 });
    // Nothing of it is asked for where it is the other way round.
    await rm(project.path("db/migrations"), { recursive: true });
    await project.write("db/migrations/001_all.sql", after);
    await project.write("db/schema/all.sql", before);
    const back = await generate(project);
    const isUsual = before === "SELECT 1;\n";
    expect(back).toMatchObject({ exitCode: isUsual ? 1 : 0 });
  });

  test("tables that refer to each other lose their rows, a column that comes from a parent stays", async () => {
    const kept = "CREATE TABLE m (id int NOT NULL) PARTITION BY RANGE (id);\nCREATE TABLE mx (id int NOT NULL);\n";
    await using project = await temporaryProject({
      "db/environments/local.yaml": EMBEDDED,
      "db/migrations/001_all.sql": `CREATE TABLE a (id int PRIMARY KEY, b int);
CREATE TABLE b (id serial PRIMARY KEY, a int REFERENCES a);
ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b;
${kept}`,
      "db/schema/all.sql": `${kept}ALTER TABLE m ATTACH PARTITION mx FOR VALUES FROM (1) TO (2);\n`,
    });
    const { exitCode, stdout } = await generate(project, "--format", "json");
    expect(exitCode).toBe(1);
    const { error } = JSON.parse(stdout) as { error: { data: { removals: object[] } } };
    expect(error.data.removals).toEqual([
      { kind: "table", name: "public.a", loss: "its rows are gone", madeBy: "db/migrations/001_all.sql:1" },
      { kind: "table", name: "public.b", loss: "its rows are gone", madeBy: "db/migrations/001_all.sql:2" },
      { kind: "sequence", name: "public.b_id_seq", loss: null, madeBy: null },
    ]);
  });

  test("everything is listed with what made it, and nothing is written", async () => {
    await using project = await temporaryProject(FILES);
    const { exitCode, stdout, stderr } = await generate(project);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
    for (const [what, line] of WHERE) {
      expect(stderr).toContain(`${what}, made by db/migrations/002_security.sql:${line}, is not in the schema files\n`);
    }
    for (const what of OTHERS) expect(stderr).toContain(`  ${what}, made by db/migrations/`);
    expect(stderr).toContain("; `confiture schema update` adds what migrations made.\n");
    expect(await written(project)).toEqual([]);
  });

  long("what stays and protects no longer, too", async () => {
    const protectedBy = `CREATE TABLE t (a int) PARTITION BY LIST (a);
CREATE TABLE one PARTITION OF t FOR VALUES IN (1);
CREATE TABLE u (a int, b text);
ALTER TABLE u ENABLE ROW LEVEL SECURITY;
CREATE POLICY narrow ON u AS RESTRICTIVE USING (a > 0);
CREATE POLICY wide ON u USING (a > 1) WITH CHECK (b <> '');
CREATE VIEW v WITH (security_invoker = true, security_barrier = true) AS SELECT a FROM u WHERE a > 2 WITH CHECK OPTION;
CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS 'SELECT 1';
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER touched BEFORE UPDATE ON u FOR EACH ROW EXECUTE FUNCTION touch();
ALTER TABLE u ADD CONSTRAINT positive CHECK (a > 0);
CREATE UNIQUE INDEX u_b ON u (b);
CREATE UNIQUE INDEX u_a ON u (a) NULLS NOT DISTINCT;
ALTER TABLE u ADD CONSTRAINT alone EXCLUDE USING btree (a WITH =);
ALTER TABLE u ADD CONSTRAINT once UNIQUE NULLS NOT DISTINCT (a, b);
CREATE TABLE r (id int PRIMARY KEY, o int CONSTRAINT kept REFERENCES r ON DELETE RESTRICT, p int CONSTRAINT held REFERENCES r);
CREATE TRIGGER checked BEFORE INSERT OR UPDATE OR DELETE ON r FOR EACH ROW EXECUTE FUNCTION touch();
CREATE TRIGGER watched BEFORE UPDATE ON r FOR EACH ROW EXECUTE FUNCTION touch();
`;
    const open = protectedBy
      .replace("CHECK (a > 0)", "CHECK (a > 0) NOT ENFORCED")
      .replace("CREATE UNIQUE INDEX u_b", "CREATE INDEX u_b")
      .replace("(a) NULLS NOT DISTINCT", "(a) WHERE a > 0")
      .replace("(a WITH =)", "(a WITH =) WHERE (a < 0)")
      .replace("UNIQUE NULLS NOT DISTINCT", "UNIQUE")
      .replace("ON DELETE RESTRICT", "ON DELETE CASCADE")
      .replace("held REFERENCES r", "held REFERENCES r ON DELETE SET NULL")
      .replace("INSERT OR UPDATE OR DELETE ON r FOR EACH ROW", "INSERT ON r FOR EACH ROW WHEN (new.o > 0)")
      .replace("UPDATE ON r", "UPDATE OF o ON r")
      .replace(" PARTITION OF t FOR VALUES IN (1)", " (a int)")
      .replace(" AS RESTRICTIVE", "")
      .replace(" WITH CHECK (b <> '')", "")
      .replace("USING (a > 1)", "USING (true)")
      .replace(" WITH (security_invoker = true, security_barrier = true)", "")
      .replace(" WITH CHECK OPTION", "")
      .replace(" SET search_path = pg_catalog", "");
    await using project = await temporaryProject({
      "db/environments/local.yaml": EMBEDDED,
      "db/migrations/001_all.sql": protectedBy,
      "db/schema/all.sql": `${open}ALTER TABLE u DISABLE TRIGGER touched;\n`,
    });
    const { exitCode, stderr } = await generate(project);
    expect(exitCode).toBe(1);
    const listed = stderr.replaceAll(/, made by \S+,/g, "");
    for (const line of [
      "partition public.one is detached, with its rows",
      "policy public.u.narrow no longer restricts what other policies let through",
      "policy public.u.wide lets every row through",
      "policy public.u.wide no longer has a WITH CHECK",
      "view public.v reads with the rights of its owner again (security_invoker)",
      "view public.v no longer keeps rows from functions of its readers (security_barrier)",
      "view public.v takes rows that it does not show (CHECK OPTION)",
      "function public.f() no longer has a search_path of its own, and runs with the rights of its owner",
      "trigger public.u.touched is switched off",
      "constraint public.u.positive is no longer enforced",
      "index public.u_b is no longer unique",
      "index public.u_a holds for some rows alone (WHERE)",
      "index public.u_a takes NULL in more than one row (NULLS NOT DISTINCT)",
      "constraint public.u.alone holds for some rows alone (WHERE)",
      "constraint public.u.once takes NULL in more than one row (NULLS NOT DISTINCT)",
      "constraint public.r.kept no longer keeps rows that others refer to (ON DELETE CASCADE)",
      "constraint public.r.held no longer keeps rows that others refer to (ON DELETE SET NULL)",
      "trigger public.r.checked no longer runs for DELETE, UPDATE",
      "trigger public.r.checked runs for some rows alone (WHEN)",
      "trigger public.r.watched no longer runs for UPDATE of all columns",
    ]) {
      expect(listed).toContain(`  ${line}\n`);
    }
    expect(await written(project)).toEqual([]);
    // Nothing of it is asked for where it is the other way round.
    await project.write("db/migrations/001_all.sql", `${open}ALTER TABLE u DISABLE TRIGGER touched;\n`);
    await project.write("db/schema/all.sql", protectedBy.replace(" PARTITION OF t FOR VALUES IN (1)", " (a int)"));
    const back = await generate(project);
    expect(back).toMatchObject({ exitCode: 0 });
  });

  long("what holds for less, and what a table had from a parent that it leaves, too", async () => {
    const strict = `CREATE TABLE p (a int NOT NULL DEFAULT 3, CONSTRAINT ck CHECK (a > 0));
CREATE TABLE c () INHERITS (p);
CREATE TABLE declares (CONSTRAINT ck CHECK (a > 0)) INHERITS (p);
CREATE TABLE q (a int);
CREATE TABLE two () INHERITS (p, q);
CREATE TABLE parts (a int PRIMARY KEY, CONSTRAINT low CHECK (a < 9)) PARTITION BY LIST (a);
CREATE TABLE one PARTITION OF parts FOR VALUES IN (1);
CREATE TABLE logged (a int);
CREATE TABLE pair (a int, b int, PRIMARY KEY (a, b));
CREATE TABLE full_key (a int, b int, CONSTRAINT whole FOREIGN KEY (a, b) REFERENCES pair MATCH FULL);
CREATE TABLE above (a int CONSTRAINT positive CHECK (a > 0), b int CONSTRAINT given NOT NULL);
CREATE TABLE soon (a int CONSTRAINT once UNIQUE, b int CONSTRAINT small CHECK (b < 5));
CREATE TABLE numbers (a int GENERATED ALWAYS AS IDENTITY, b int, c int GENERATED ALWAYS AS (b + 1) STORED);
CREATE TABLE sent (a int, b int);
CREATE PUBLICATION events FOR TABLE sent;
CREATE PUBLICATION cells FOR TABLE sent (a, b);
CREATE PUBLICATION few FOR TABLE sent WHERE (a > 0);
CREATE PUBLICATION everything FOR ALL TABLES;
CREATE FUNCTION ev() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER some_tags ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'DROP TABLE') EXECUTE FUNCTION ev();
CREATE EVENT TRIGGER all_tags ON ddl_command_end EXECUTE FUNCTION ev();
CREATE EVENT TRIGGER early ON ddl_command_start EXECUTE FUNCTION ev();
CREATE VIEW v AS SELECT a FROM sent WHERE a > 0;
CREATE VIEW arms AS SELECT a FROM sent UNION SELECT b FROM sent WHERE b > 0;
CREATE VIEW other AS SELECT a FROM sent WHERE a > 1;
CREATE SEQUENCE next_one;
`;
    const [declares, declaring] = [
      "declares (CONSTRAINT ck CHECK (a > 0)) INHERITS (p)",
      "declares (a int NOT NULL DEFAULT 3, CONSTRAINT ck CHECK (a > 0))",
    ];
    const loose = strict
      .replace("c () INHERITS (p)", "c (a int)")
      .replace(declares, declaring)
      .replace("two () INHERITS (p, q)", "two () INHERITS (p)")
      .replace("one PARTITION OF parts FOR VALUES IN (1)", "one (a int)")
      .replace("TABLE logged", "UNLOGGED TABLE logged")
      .replace(" MATCH FULL", "")
      .replace(
        "CHECK (a > 0), b int CONSTRAINT given NOT NULL",
        "CHECK (a > 0) NO INHERIT, b int CONSTRAINT given NOT NULL NO INHERIT",
      )
      .replace("once UNIQUE", "once UNIQUE DEFERRABLE INITIALLY DEFERRED")
      .replace("CHECK (b < 5)", "CHECK (true)")
      .replace("a int GENERATED ALWAYS AS IDENTITY", "a int GENERATED BY DEFAULT AS IDENTITY")
      .replace("c int GENERATED ALWAYS AS (b + 1) STORED", "c int")
      .replace("events FOR TABLE sent", "events FOR TABLE sent WITH (publish = 'insert, update')")
      .replace("sent (a, b);\nCREATE PUBLICATION few", "sent (a);\nCREATE PUBLICATION few")
      .replace("WHERE (a > 0)", "WHERE (a > 0 AND b > 0)")
      .replace(" FOR ALL TABLES", "")
      .replace("'CREATE TABLE', 'DROP TABLE'", "'CREATE TABLE'")
      .replace("all_tags ON ddl_command_end", "all_tags ON ddl_command_end WHEN TAG IN ('CREATE TABLE')")
      .replace("early ON ddl_command_start", "early ON ddl_command_end")
      .replace("v AS SELECT a FROM sent WHERE a > 0", "v AS SELECT a FROM sent")
      .replace(" WHERE b > 0;", ";")
      .replace("sent WHERE a > 1", "sent WHERE a > 2")
      .replace("CREATE SEQUENCE", "CREATE UNLOGGED SEQUENCE");
    await using project = await temporaryProject({
      "db/environments/local.yaml": EMBEDDED,
      "db/migrations/001_all.sql": strict,
      "db/schema/all.sql": loose,
    });
    const listed = async (): Promise<string[]> => {
      const { exitCode, stderr } = await generate(project);
      expect(exitCode).toBe(1);
      return listedIn(stderr);
    };
    expect(await listed()).toEqual(
      [
        "column public.numbers.a takes any number that is written (GENERATED BY DEFAULT)",
        "column public.numbers.c is no longer computed (DROP EXPRESSION)",
        "constraint public.above.given holds in no table that inherits from its own (NO INHERIT)",
        "constraint public.above.positive holds in no table that inherits from its own (NO INHERIT)",
        "constraint public.c.ck does not hold without public.p",
        "constraint public.full_key.whole takes keys that are NULL in part (MATCH FULL)",
        "constraint public.one.low does not hold without public.parts",
        "constraint public.soon.once is checked at COMMIT alone (INITIALLY DEFERRED)",
        "constraint public.soon.small lets everything through (true)",
        "default public.c.a does not hold without public.p",
        "event trigger all_tags runs for some commands alone (WHEN TAG IN)",
        "event trigger early no longer runs at ddl_command_start",
        "event trigger some_tags no longer runs for DROP TABLE",
        "not null public.c.a does not hold without public.p",
        "not null public.one.a does not hold without public.parts",
        "partition public.one is detached, with its rows",
        "publication events no longer publishes delete, truncate",
        "publication everything no longer publishes all tables",
        "published table cells.public.sent no longer sends b",
        "published table few.public.sent sends fewer rows (WHERE)",
        "sequence public.next_one begins anew after a crash of the server (UNLOGGED)",
        "table public.two no longer inherits from public.q, whose readers no longer see its rows",
        "table public.c no longer inherits from public.p, whose readers no longer see its rows",
        "table public.declares no longer inherits from public.p, whose readers no longer see its rows",
        "table public.logged is empty after a crash of the server (UNLOGGED)",
        "table public.one no longer has PRIMARY KEY (a)",
        "view public.arms no longer leaves any row out (WHERE)",
        "view public.v no longer leaves any row out (WHERE)",
      ].toSorted(),
    );
    expect(await written(project)).toEqual([]);
    // The other way round, only what goes is asked for.
    await project.write("db/migrations/001_all.sql", loose);
    await project.write("db/schema/all.sql", strict.replace(declares, declaring));
    expect(await listed()).toEqual([
      "ALTER TABLE public.numbers DROP COLUMN c; -- what it held is gone",
      "event trigger early no longer runs at ddl_command_end",
      "not null constraint public.above.given is not in the schema files",
      "sequence persistence public.next_one is not in the schema files",
    ]);
  });

  long("what keeps its name and is written otherwise, too", async () => {
    const strict = `CREATE DOMAIN filled AS text NOT NULL CHECK (VALUE <> '');
CREATE DOMAIN email AS filled CONSTRAINT at CHECK (VALUE LIKE '%@%');
CREATE DOMAIN mail AS text NOT NULL CHECK (VALUE LIKE '%@%') CHECK (VALUE <> '');
CREATE DOMAIN anything AS text;
CREATE TYPE address AS (m filled);
CREATE TABLE people (a filled, b email, c email, d email, e filled, f filled[], g anything);
CREATE TABLE t (a int PRIMARY KEY, b int);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE VIEW written AS SELECT a, b FROM t;
CREATE TRIGGER before BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION touch();
CREATE TRIGGER each AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION touch();
CREATE TRIGGER narrow BEFORE UPDATE OF a, b ON t FOR EACH ROW EXECUTE FUNCTION touch();
CREATE TRIGGER emptied BEFORE DELETE OR TRUNCATE ON t EXECUTE FUNCTION touch();
CREATE TRIGGER instead INSTEAD OF INSERT ON written FOR EACH ROW EXECUTE FUNCTION touch();
CREATE TRIGGER replica AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION touch();
CREATE RULE keep AS ON DELETE TO t DO INSTEAD NOTHING;
CREATE RULE instead AS ON UPDATE TO t DO INSTEAD NOTHING;
CREATE RULE every AS ON INSERT TO t DO INSTEAD NOTHING;
GRANT SELECT, INSERT, UPDATE ON t TO pg_monitor WITH GRANT OPTION;
CREATE VIEW shown AS SELECT a, b AS c FROM t UNION ALL SELECT b, a FROM t;
CREATE MATERIALIZED VIEW stored AS SELECT a, b + 1 AS next FROM t;
CREATE VIEW listed AS VALUES (1, 2);
`;
    const loose = strict
      .replace("(m filled)", "(m text)")
      .replace(
        "(a filled, b email, c email, d email, e filled, f filled[], g anything)",
        "(a text, b filled, c mail, d text NOT NULL CHECK (d LIKE '%@%' AND d <> ''), e varchar NOT NULL, f text[], g text)",
      )
      .replace("before BEFORE", "before AFTER")
      .replace("INSERT ON t FOR EACH ROW", "INSERT ON t FOR EACH STATEMENT")
      .replace("OF a, b", "OF a")
      .replace("DELETE OR TRUNCATE", "DELETE")
      .replace("INSTEAD OF INSERT ON written FOR EACH ROW", "BEFORE INSERT ON written")
      .replace("DELETE TO t DO INSTEAD NOTHING", "DELETE TO t WHERE old.a > 1 DO INSTEAD NOTHING")
      .replace("ON UPDATE TO t DO INSTEAD NOTHING", "ON UPDATE TO t DO NOTHING")
      .replace("every AS ON INSERT", "every AS ON DELETE")
      .replace(
        "SELECT, INSERT, UPDATE ON t TO pg_monitor WITH GRANT OPTION",
        "SELECT ON t TO pg_monitor WITH GRANT OPTION;\nGRANT INSERT ON t TO pg_monitor",
      )
      .replace("SELECT a, b AS c FROM t UNION ALL SELECT b, a", "SELECT a FROM t UNION ALL SELECT b")
      .replace("b + 1 AS next", "b AS following")
      .replace("VALUES (1, 2)", "VALUES (1)");
    await using project = await temporaryProject({
      "db/environments/local.yaml": EMBEDDED,
      "db/migrations/001_all.sql": strict,
      "db/schema/all.sql": `${loose}ALTER TABLE t ENABLE REPLICA TRIGGER replica;\n`,
    });
    const { exitCode, stderr } = await generate(project);
    expect(exitCode).toBe(1);
    expect(listedIn(stderr)).toEqual(
      [
        "column public.people.a no longer has the constraints of the domain public.filled: NOT NULL, CHECK ((VALUE <> ''::text))",
        "column public.people.b no longer has the constraints of the domain public.email: CHECK (((VALUE)::text ~~ '%@%'::text))",
        "column public.people.e no longer has the constraints of the domain public.filled: CHECK ((VALUE <> ''::text))",
        "column public.people.f no longer has the constraints of the domain public.filled: NOT NULL, CHECK ((VALUE <> ''::text))",
        "column public.listed.column2 is no longer in the view",
        "column public.shown.c is no longer in the view",
        "column public.stored.next is no longer in the view",
        "grants on table public.t to pg_monitor no longer include UPDATE",
        "grants on table public.t to pg_monitor no longer include the grant option of INSERT",
        "rule public.t.every no longer applies to INSERT",
        "rule public.t.instead lets UPDATE itself run as well (DO ALSO)",
        "rule public.t.keep applies to some rows alone (WHERE)",
        "trigger public.t.before no longer runs before rows are written",
        "trigger public.t.each no longer runs for each row",
        "trigger public.t.emptied no longer runs for TRUNCATE",
        "trigger public.t.replica runs for replicated rows alone (ENABLE REPLICA)",
        "trigger public.t.narrow no longer runs for UPDATE of b",
        "trigger public.written.instead no longer takes the place of what is written (INSTEAD OF)",
        "trigger public.written.instead no longer runs for each row",
        "type attribute public.address.m no longer has the constraints of the domain public.filled: NOT NULL, CHECK ((VALUE <> ''::text))",
      ].toSorted(),
    );
    expect(await written(project)).toEqual([]);
    expect(stderr).toContain("column public.shown.c, made by db/migrations/001_all.sql:20, is");
    // The words that the refusal offers allow all of it, and nothing less does.
    const [, words = ""] = /for this alone '(--allow-drop=[^']*(?:'\\''[^']*)*)'/.exec(stderr) ?? [];
    const one = "column:public.shown.c";
    expect(words).toContain(`,${one},`);
    expect(await generate(project, words.replace(`,${one}`, ""))).toMatchObject({ exitCode: 1 });
    expect(await generate(project, words)).toMatchObject({ exitCode: 0 });
    await Bun.file(project.path("db/migrations/002_next.sql")).delete();
    // The other way round, nothing is weaker but what is in the place of something else.
    await project.write("db/migrations/001_all.sql", loose);
    await project.write("db/schema/all.sql", strict);
    const back = await generate(project);
    expect(back.exitCode).toBe(1);
    expect(listedIn(back.stderr)).toEqual([
      "column public.stored.following is no longer in the view",
      "constraint public.people.people_d_check is not in the schema files",
      "not null public.people.d is not in the schema files",
      "not null public.people.e is not in the schema files",
      "rule public.t.every no longer applies to DELETE",
    ]);
  });

  // What somebody made by hand; and the line that lists it, without its place.
  const GIVEN = [
    [
      "ALTER TABLE t REPLICA IDENTITY FULL",
      "table public.t no longer tells subscribers which rows change, as its REPLICA IDENTITY did",
    ],
    [
      "ALTER TABLE t SET (fillfactor = 70, autovacuum_enabled = false)",
      "table public.t no longer has autovacuum_enabled=false, fillfactor=70",
    ],
    ["ALTER INDEX t_b SET (fillfactor = 70)", "index public.t_b no longer has fillfactor='70'"],
    ["ALTER TABLE t ALTER b SET STORAGE EXTERNAL", "storage public.t.b is not in the schema files"],
    ["ALTER TABLE t ALTER b SET COMPRESSION pglz", "compression public.t.b is not in the schema files"],
    ["ALTER TABLE t ALTER b SET STATISTICS 500", "statistics target public.t.b is not in the schema files"],
    ["COMMENT ON STATISTICS s IS 'what'", "comment on statistics object public.s is not in the schema files"],
    ["ALTER STATISTICS s SET STATISTICS 7", "statistics object public.s no longer has a target of its own"],
    ["COMMENT ON OPERATOR === (int, int) IS 'x'", "comment on operator public.===(integer, integer)"],
    ["ALTER TABLE t ALTER b SET (n_distinct = 5)", "column options public.t.b is not in the schema files"],
    ["ALTER TABLE t CLUSTER ON t_b", "clustered index public.t is not in the schema files"],
    ["ALTER TYPE mood ADD VALUE 'sad'", "type public.mood no longer has the value 'sad'"],
    ["ALTER FUNCTION f() SECURITY DEFINER", "function public.f() no longer has SECURITY DEFINER"],
    ["ALTER FUNCTION f() SET work_mem = '1MB'", "function public.f() no longer has SET work_mem TO '1MB'"],
    [
      "ALTER FUNCTION f() SET search_path = pg_catalog",
      "function public.f() no longer has SET search_path TO 'pg_catalog'",
    ],
    [
      "ALTER FUNCTION f() IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE COST 7",
      "function public.f() no longer has IMMUTABLE, PARALLEL SAFE, STRICT, LEAKPROOF, COST 7",
    ],
    ["COMMENT ON COLUMN t.b IS 'what'", "comment on column public.t.b is not in the schema files"],
    ["ALTER TABLE t ALTER b SET NOT NULL", "not null public.t.b"],
    ["ALTER TABLE t ALTER b SET DEFAULT 'x'", "default public.t.b is not in the schema files"],
  ] as const;
  test("what stays and loses what somebody gave it is listed", async () => {
    const schema =
      "CREATE TYPE mood AS ENUM ('ok');\nCREATE TABLE t (a int PRIMARY KEY, b text);\nCREATE INDEX t_b ON t (b);\nCREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';\nCREATE STATISTICS s ON a, b FROM t;\nCREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq);\n";
    // Each in a schema of its own, with the same objects.
    const own = GIVEN.map((_, index) => `CREATE SCHEMA s${index};\nSET search_path = s${index};\n${schema}`);
    const byHand = GIVEN.map(([sql], index) => `SET search_path = s${index};\n${sql};\n`);
    await using project = await temporaryProject({
      "db/environments/local.yaml": EMBEDDED,
      "db/migrations/001_all.sql": own.join(""),
      "db/migrations/002_hand.sql": byHand.join(""),
      "db/schema/all.sql": own.join(""),
    });
    const { exitCode, stderr } = await generate(project);
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 1 });
    const listed = stderr.replaceAll(/, made by \S+,/g, "");
    for (const [index, [, line]] of GIVEN.entries()) {
      expect(listed).toContain(`  ${line.replaceAll("public.", `s${index}.`)}`);
    }
    expect(listedIn(stderr)).toHaveLength(GIVEN.length);
    expect(await written(project)).toEqual([]);
    expect(await generate(project, "--allow-drop")).toMatchObject({ exitCode: 0 });
  });

  long(
    "a constraint without a name of its own is found, values are apart, and what to say names what was listed",
    async () => {
      await using project = await temporaryProject({
        "db/environments/local.yaml": EMBEDDED,
        "db/migrations/001_users.sql":
          "CREATE TABLE users (\n  id serial,\n  email text UNIQUE,\n  born timestamp\n);\n",
        // The identity goes on from the number that the default is at.
        "db/schema/users.sql": "CREATE TABLE users (id int GENERATED ALWAYS AS IDENTITY, email text, born date);\n",
      });
      const { stderr } = await generate(project);
      expect(stderr).toContain(
        "would take away what is there:\n  constraint public.users.users_email_key, made by db/migrations/001_users.sql:3, is not",
      );
      expect(stderr).toMatch(/would lose values:\n +ALTER TABLE .* TYPE date/);
      expect(stderr).toContain("--allow-drop=constraint:public.users.users_email_key,data:ALTER TABLE ");
      const all = await generate(project, "--allow-drop=public.users.users_email_key,data");
      expect(all.exitCode).toBe(0);
    },
  );

  test("what a TypeScript migration made is found by the statements in its strings, or else by its name", async () => {
    await using project = await temporaryProject({
      "db/environments/local.yaml": EMBEDDED,
      "db/migrations/001_users.sql": USERS,
      "db/migrations/002_security.ts": `import { Migration } from "confiture";
const VIEW = "owners";
export default class extends Migration {
  down() {
    this.execute("CREATE POLICY own_rows ON users");
  }
  up() {
    this.execute("ALTER TABLE users ENABLE ROW LEVEL SECURITY");
    this.execute(\`
      CREATE POLICY own_rows ON users USING (owner = 'x')
    \`);
    this.execute(\`CREATE VIEW \${VIEW} AS SELECT owner FROM users\`);
  }
}
`,
      "db/schema/users.sql": USERS,
    });
    const { stderr } = await generate(project);
    for (const what of [
      "row security public.users, made by :8",
      "policy public.users.own_rows, made by :10",
      "view public.owners, made by :2",
    ]) {
      expect(stderr).toContain(what.replace(":", "db/migrations/002_security.ts:"));
    }
  });

  long("what goes with a whole schema is listed, each by itself, and has to be allowed", async () => {
    await using project = await temporaryProject({
      "db/environments/local.yaml": EMBEDDED,
      "db/migrations/001_app.sql": `CREATE SCHEMA app;
COMMENT ON SCHEMA app IS 'All of it';
CREATE TABLE app.jobs (id int);
CREATE VIEW app.open AS SELECT id FROM app.jobs;
CREATE FUNCTION app.touch() RETURNS int LANGUAGE sql AS 'SELECT 1';
`,
      "db/schema/users.sql": USERS,
    });
    const { exitCode, stderr } = await generate(project, "--allow-drop=schema,table,data");
    expect(exitCode).toBe(1);
    for (const [what, line] of [
      ["view app.open", 4],
      ["function app.touch()", 5],
    ] as const) {
      expect(stderr).toContain(`  ${what}, made by db/migrations/001_app.sql:${line}, is not in the schema files\n`);
    }
    expect(stderr).not.toContain("comment");
    expect(stderr).not.toContain("jobs, made");
    expect((await generate(project, "--allow-drop=schema,table,view,function")).exitCode).toBe(0);
  });

  test("a lone value that is cut is no object to put into the schema files", async () => {
    await using project = await temporaryProject({
      "db/environments/local.yaml": EMBEDDED,
      "db/migrations/001_users.sql": "CREATE TABLE users (born timestamp);\n",
      "db/schema/users.sql": "CREATE TABLE users (born date);\n",
    });
    const { stderr } = await generate(project);
    expect(stderr).toContain("--allow-drop=data:ALTER TABLE ");
    expect(stderr).not.toContain("add it to the schema files");
  });

  test("--allow-drop allows kinds, names, or all; the plan is shown in short, with what can hurt", async () => {
    await using project = await temporaryProject(FILES);
    const some = await generate(
      project,
      "--allow-drop=policy,row security,public.users_*,constraint:*,not null,default,veiw",
    );
    expect(some.exitCode).toBe(1);
    expect(some.stderr.match(/--allow-drop: .*/g)).toEqual([
      '--allow-drop: nothing that is taken away is "veiw", by its kind or name',
    ]);
    expect(some.stderr).not.toContain("own_rows");
    for (const what of ["view public.owners", "trigger public.users.touched"]) expect(some.stderr).toContain(what);
    expect(await written(project)).toEqual([]);

    // A word that is nothing of it is told also where all the others are enough.
    const kinds = "policy,row security,constraint,index,function,trigger,view,grants,not null,default,comment,";
    const enough = await generate(project, `--allow-drop=${kinds}veiw`);
    expect(enough).toMatchObject({ exitCode: 0 });
    expect(enough.stderr.match(/--allow-drop: .*/g)).toEqual([
      '--allow-drop: nothing that is taken away is "veiw", by its kind or name',
    ]);
    await Bun.file(project.path("db/migrations/003_next.sql")).delete();

    const all = await generate(project, "--allow-drop");
    expect(all.exitCode).toBe(0);
    // What is proven is proven without rows.
    const [created, ...rows] = all.stdout.trimEnd().split("\n");
    expect(created).toBe("✅ Created db/migrations/003_next.sql, proven: up to the schema files, and back");
    expect(rows[0]).toMatch(/^ {3}With rows: ALTER TABLE .*bio text NOT NULL fails on a table that has any/);
    for (const [what] of WHERE) expect(all.stderr).toContain(`  - ${what}`);
    expect(all.stderr).toContain("Compared with: 2 migrations\n");
    for (const line of ["    + column bio text NOT NULL\n", "    - policy own_rows\n", "- view public.owners\n"]) {
      expect(all.stderr).toContain(line);
    }
    expect(all.stderr).toMatch(/! ALTER TABLE .*bio text NOT NULL\n +ROWS: fails on a table that has any/);
  });

  // Bun opens no pseudo-terminals on Windows.
  test.skipIf(process.platform === "win32")("on a terminal it is asked", async () => {
    await using project = await temporaryProject(FILES);
    const question = /own_rows, made by [^]*Remove them\? \[y\/N\] $/;
    const no = await atTerminal(project.dir, ["migrate", "generate", "next"], [[question, "n\r"]]);
    expect(no.exitCode).toBe(1);
    expect(await written(project)).toEqual([]);
    const yes = await atTerminal(project.dir, ["migrate", "generate", "next"], [[question, "y\r"]]);
    expect(yes.exitCode).toBe(0);
    expect(await written(project)).toEqual(["003_next.sql"]);
  });

  long("verify shows what the schema files lack, and no DROP; drift takes it for nobody's work by hand", async () => {
    await using project = await temporaryProject({
      ...FILES,
      "db/schema/users.sql": `${USERS}ALTER TABLE users ADD CONSTRAINT owner_given CHECK (owner <> '');\n`,
    });
    const { exitCode, stdout } = await runHere(["verify"], { cwd: project.dir });
    expect(exitCode).toBe(3);
    expect(stdout).toContain("What the schema files lack, as SQL:");
    expect(stdout).toContain("CREATE POLICY own_rows");
    expect(stdout).not.toContain("DROP ");
    const run = (...args: string[]): Promise<RunResult> => runHere(args, { cwd: project.dir });
    expect((await run("migrate", "up")).exitCode).toBe(0);
    const drift = await run("drift", "--sql", "--format", "json");
    expect(readDocument(drift)).toMatchObject({ exitCode: 3, isOfMigrations: true });
    expect(drift.stderr).toContain("`confiture schema update`");
    expect((await run("db", "sql", "CREATE TABLE by_hand ()")).exitCode).toBe(0);
    const byHand = await run("drift", "--format", "json");
    expect(readDocument(byHand)).toMatchObject({ exitCode: 3, isOfMigrations: false });
    const { ofMigrations } = readDocument(byHand) as { readonly ofMigrations?: readonly string[] };
    expect(ofMigrations?.join()).toContain("policy public.users.own_rows");
    expect(ofMigrations?.join()).not.toContain("by_hand");
    expect(byHand.stderr).toMatch(
      /changed by recorded migrations and not by hand: view public\.owners.*`confiture schema update`/,
    );
    expect(byHand.stderr).toContain("`confiture drift --sql` prints what makes the database what it should be");
  });
});

describe("what it compares with by itself", () => {
  const BIO = "-- migrate:up\nALTER TABLE users ADD bio text;\n-- migrate:down\nALTER TABLE users DROP bio;\n";
  const project = (files: Record<string, string> = {}): Promise<TemporaryProject> =>
    temporaryProject({
      "db/environments/local.yaml": EMBEDDED,
      "db/schema/users.sql": "CREATE TABLE users (id int PRIMARY KEY, bio text);\n",
      "db/migrations/001_bio.sql": BIO,
      ...files,
    });
  const edit = (at: TemporaryProject): Promise<void> =>
    at.write("db/schema/users.sql", "CREATE TABLE users (id int PRIMARY KEY, bio text, age int);\n");
  const compared = async (at: TemporaryProject): Promise<unknown> => {
    const document = readDocument(await generate(at, "--format", "json"));
    return document.error?.code ?? document["comparedWith"];
  };

  test("base and migrations", async () => {
    await using at = await project({ "db/migrations/base.sql": "CREATE TABLE users (id int PRIMARY KEY);\n" });
    await edit(at);
    expect(await compared(at)).toBe("base.sql and 1 migration");
  });

  long(
    "the environment's database, where exactly these are applied there; else the last commit; else an error",
    async () => {
      await using at = await project();
      const nothing = await generate(at);
      expect(nothing.exitCode).toBe(1);
      expect(nothing.stderr).toContain("confiture migrate base");

      commitAll(at, "one");
      await edit(at);
      expect(await compared(at)).toBe("the schema files of git:HEAD");
      // The commit lacks what this one does, which would be planned once more.
      await at.write("db/schema/zoo.sql", "CREATE TABLE zoo (id int PRIMARY KEY);\n");
      const again = await generate(at);
      expect(again.exitCode).toBe(1);
      expect(again.stderr).toContain("git:HEAD would tell if it had db/migrations/002_next.sql as it is");
      await Bun.file(at.path("db/schema/zoo.sql")).delete();
      await Bun.file(at.path("db/migrations/002_next.sql")).delete();

      await at.write("db/schema/users.sql", "CREATE TABLE users (id int PRIMARY KEY, bio text);\n");
      expect((await runHere(["build"], { cwd: at.dir })).stderr).toContain("recorded as applied");
      await edit(at);
      expect(await compared(at)).toBe("the database of environment local, where the migration is applied");
      expect((await runHere(["migrate", "up"], { cwd: at.dir })).exitCode).toBe(0);
    },
  );

  long(
    "what is planned from something else, and could not run behind the other migrations, is written with a warning",
    async () => {
      await using at = await project({ "db/migrations/base.sql": "CREATE TABLE users (id int PRIMARY KEY);\n" });
      const run = (...args: string[]): Promise<RunResult> => runHere(args, { cwd: at.dir });
      expect((await run("migrate", "up")).exitCode).toBe(0);
      const lacking = "does not run behind base.sql and 1 migration: ";
      await edit(at);
      const fits = await generate(at, "--from", "env:local");
      expect(fits).toMatchObject({ exitCode: 0, stderr: expect.not.stringContaining(lacking) });
      await Bun.file(at.path("db/migrations/002_next.sql")).delete();
      expect((await run("db", "sql", "ALTER TABLE users ADD by_hand int")).exitCode).toBe(0);
      const other = await generate(at, "--from", "env:local", "--allow-drop");
      expect(other.exitCode).toBe(0);
      expect(other.stderr).toContain(`planned from env:local, this ${lacking}column "by_hand"`);
      expect(await run("verify")).toMatchObject({ exitCode: 3 });
    },
  );

  test.each(["", "/", "..."])(
    "a name of which no file can be made, %p, is refused before anything is compared",
    async (name) => {
      await using at = await project({ "db/migrations/base.sql": "CREATE TABLE users (id int PRIMARY KEY);\n" });
      const { exitCode, stderr } = await runHere(["migrate", "generate", name], { cwd: at.dir });
      expect({ exitCode, stderr }).toMatchObject({ exitCode: 2, stderr: expect.not.stringContaining("Compared with") });
    },
  );

  test("what could not run on the environment's own database is written with a warning", async () => {
    await using at = await project({ "db/migrations/base.sql": "CREATE TABLE users (id int PRIMARY KEY);\n" });
    expect((await runHere(["migrate", "up"], { cwd: at.dir })).exitCode).toBe(0);
    await at.write("db/by-hand.sql", "ALTER TABLE users ADD age int;\n");
    await at.write("db/environments/by-hand.yaml", `${EMBEDDED}include_dirs:\n  - path: db\n    recursive: false\n`);
    expect((await runHere(["build", "-e", "by-hand", "--no-baseline"], { cwd: at.dir })).exitCode).toBe(0);
    await edit(at);
    const { exitCode, stderr } = await generate(at);
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(/on the database of environment local this would fail: .*"age".* already exists/);
  });
});
