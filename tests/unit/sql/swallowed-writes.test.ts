import { expect, test } from "bun:test";
import { splitStatements } from "#sql/split.ts";
import { lossOfSwallowed, Triggers } from "#sql/effects/swallowed-writes.ts";

const returning = (body: string): string =>
  `CREATE OR REPLACE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${body} END $$`;
const trigger = (events: string, more = ""): string =>
  `CREATE TRIGGER x BEFORE ${events} ON app.t FOR EACH ROW ${more} EXECUTE FUNCTION f()`;

/** What the last statement swallows, after the others. */
function swallowed(...statements: readonly string[]): string[] {
  const triggers = new Triggers();
  const all = splitStatements(statements.join(";\n")).statements;
  for (const statement of all.slice(0, -1)) triggers.apply(statement);
  return triggers.swallowedBy(all.at(-1)!).map((one) => `${one.fate}: ${lossOfSwallowed(one)}`);
}

const ALL = "INSERT OR UPDATE OR DELETE";
const EVERY = "INSERT, UPDATE and DELETE on app.t write nothing (TRIGGER x)";

test.each([
  ["RETURN NULL;", ALL, [`swallowed: lets ${EVERY}`]],
  ["IF NEW.a THEN RAISE EXCEPTION 'no'; END IF; RAISE WARNING 'x'; RETURN NULL;", ALL, [`swallowed: lets ${EVERY}`]],
  ["IF NEW.a THEN RETURN NULL; ELSE RETURN NULL; END IF;", ALL, [`swallowed: lets ${EVERY}`]],
  ["RETURN NEW;", ALL, ["swallowed: lets DELETE on app.t write nothing (TRIGGER x)"]],
  ["RETURN OLD;", "INSERT OR DELETE", ["swallowed: lets INSERT on app.t write nothing (TRIGGER x)"]],
  ["RETURN coalesce(NEW, OLD);", ALL, []],
  [
    "INSERT INTO log VALUES (NEW.id); RETURN NULL;",
    "INSERT",
    ["perhaps: may let INSERT on app.t write nothing (TRIGGER x)"],
  ],
  [
    "PERFORM pg_notify('x', 'y'); RETURN NULL;",
    "UPDATE OF a",
    ["perhaps: may let UPDATE on app.t write nothing (TRIGGER x)"],
  ],
  ["NEW.id := save(NEW.name); RETURN NULL;", "INSERT", ["perhaps: may let INSERT on app.t write nothing (TRIGGER x)"]],
  // It raises an error, or writes the row itself.
  ["RAISE EXCEPTION 'append only'; RETURN NULL;", ALL, []],
  ["RAISE 'append only';", ALL, []],
  [
    "IF NEW.a > 1 THEN INSERT INTO t_1 VALUES (NEW.*); ELSE INSERT INTO t_0 VALUES (NEW.*); END IF; RETURN NULL;",
    "INSERT",
    [],
  ],
  ["UPDATE app.t SET gone = now() WHERE id = OLD.id; RETURN NULL;", "DELETE", []],
  ["EXECUTE format('INSERT INTO %I VALUES ($1.*)', 't_1') USING NEW; RETURN NULL;", "INSERT", []],
  // A way through it.
  [
    "IF NEW.a THEN RETURN NULL; END IF; RETURN NEW;",
    "INSERT",
    ["branch: may let INSERT on app.t write nothing (TRIGGER x)"],
  ],
  ["IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW;", "UPDATE", []],
  [
    "BEGIN NEW.a := CASE WHEN NEW.b THEN 1 END; EXCEPTION WHEN others THEN RETURN NULL; END; RETURN NEW;",
    "INSERT",
    ["branch: may let INSERT on app.t write nothing (TRIGGER x)"],
  ],
] as const)("%s on %s: %j", (body, events, expected) => {
  expect(swallowed(returning(body), trigger(events))).toEqual([...expected]);
  // The function of a trigger that is there already.
  expect(swallowed(returning("RAISE 'not yet';"), trigger(events), returning(body))).toEqual([...expected]);
});

test("what is no row trigger before or instead of a write, is off, new, or swallowed before", () => {
  const NULL = returning("RETURN NULL;");
  const insert = trigger("INSERT");
  expect(swallowed(NULL, insert.replace("BEFORE", "AFTER"))).toEqual([]);
  expect(swallowed(NULL, insert.replace("FOR EACH ROW", "FOR EACH STATEMENT"))).toEqual([]);
  expect(swallowed(NULL, insert.replace("BEFORE", "INSTEAD OF"))).toEqual([
    "swallowed: lets INSERT on app.t write nothing (TRIGGER x)",
  ]);
  expect(
    swallowed(returning("INSERT INTO u VALUES (NEW.a); RETURN NEW;"), insert.replace("BEFORE", "INSTEAD OF")),
  ).toEqual([]);
  expect(swallowed(returning("NEW.id := save(NEW.a); RETURN NEW;"), insert.replace("BEFORE", "INSTEAD OF"))).toEqual(
    [],
  );
  expect(swallowed(NULL, trigger("INSERT", "WHEN (NEW.a IS NULL)"))[0]).toStartWith("branch: ");
  expect(swallowed(NULL, "CREATE TABLE t (a int)", insert)).toEqual([]);
  expect(
    swallowed(
      NULL,
      "CREATE FUNCTION other() RETURNS trigger LANGUAGE sql AS 'RETURN NULL'",
      insert.replace("f()", "other()"),
    ),
  ).toEqual([]);

  const [f, x] = splitStatements(`${NULL};\n${insert}`).statements;
  const triggers = new Triggers();
  triggers.apply(f!);
  triggers.apply(x!);
  triggers.settle();
  expect(triggers.swallowedBy(x!)).toEqual([]);
  const off = new Triggers(
    [
      {
        name: "x",
        table: "app.t",
        events: ["INSERT"],
        isInstead: false,
        isConditional: false,
        routine: "public.f",
        body: "BEGIN RETURN NULL; END",
        isOn: false,
      },
    ],
    [],
  );
  const [one, other, all] = splitStatements(
    "ALTER TABLE t ENABLE TRIGGER x; ALTER TABLE t ENABLE TRIGGER y; ALTER TABLE app.t ENABLE ALWAYS TRIGGER ALL",
  ).statements;
  expect([one!, other!, all!].map((statement) => off.swallowedBy(statement).length)).toEqual([1, 0, 1]);
});
