import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Major } from "../../support/servers.ts";
import { server, OLDEST_ALONE } from "../../support/servers.ts";
import { type Passing, tcpProxy, type TcpProxy, type Verdict } from "../../support/tcp-proxy.ts";
import { type Bench, bench } from "./bench.ts";

setDefaultTimeout(120_000);

const TYPESCRIPT = `import { Migration } from "confiture";
export default class B extends Migration {
  up() { this.execute("CREATE TABLE b (id int)"); this.execute("INSERT INTO b VALUES (1)"); }
  down() { this.execute("DROP TABLE b"); }
}
`;
// What begins its transaction in a way of its own is not sent before the answer to the migration before it.
const NOT_AHEAD = "SET TRANSACTION ISOLATION LEVEL READ COMMITTED;\n";
const SQL = "-- migrate:up\nCREATE TABLE b (id int);\nINSERT INTO b VALUES (1);\n-- migrate:down\nDROP TABLE b;\n";

/**
 * Cuts the first connection at a migration's COMMIT, which comes after its change to the ledger.
 * @param after the server has it, and the answer is lost; otherwise the COMMIT is
 */
function atCommit(after: boolean, change: RegExp): (passing: Passing) => Verdict {
  let isComing = false;
  let isSent = false;
  return ({ from, bytes, connection }) => {
    const text = bytes.toString("latin1");
    if (connection > 1) return "pass";
    if (from === "client") {
      isComing ||= change.test(text);
      if (!isComing || !/(?:Q....|;)commit\0/s.test(text)) return "pass";
      if (!after) return "cut";
      isSent = true;
    } else if (isSent && text.includes("COMMIT\0")) {
      return "cut";
    }
    return "pass";
  };
}

async function throughProxy(
  major: Major,
  files: Readonly<Record<string, string>>,
  judge: (passing: Passing) => Verdict,
): Promise<AsyncDisposable & { b: Bench; proxy: TcpProxy; url: string }> {
  const instance = await server(major);
  const proxy = await tcpProxy(instance, judge);
  const b = await bench(major, files);
  return {
    b,
    proxy,
    url: b.url.replace(`:${instance.port}/`, `:${proxy.port}/`),
    async [Symbol.asyncDispose]() {
      await b[Symbol.asyncDispose]();
      await proxy[Symbol.asyncDispose]();
    },
  };
}

for (const major of OLDEST_ALONE) {
  describe(`PostgreSQL ${major}`, () => {
    for (const [form, file, text] of [
      ["SQL", "002_b.sql", SQL.replace("CREATE", `${NOT_AHEAD}CREATE`)],
      ["TypeScript", "002_b.ts", TYPESCRIPT],
    ] as const) {
      const files = {
        "001_a.sql": "CREATE TABLE a (id int)",
        [file]: text,
        "003_c.sql": `${NOT_AHEAD}CREATE TABLE c (id int)`,
      };

      test.concurrent(`the answer to COMMIT is lost (${form}): it is said to be applied, and is not applied again`, async () => {
        await using setup = await throughProxy(major, files, atCommit(true, /insert into .*'002'/));
        const { b, proxy, url } = setup;
        const first = await b.json("migrate", "up", "--database-url", url);
        expect(first.error).toMatchObject({ code: "connection_lost", data: { recorded: "applied", kept: true } });
        expect(first.error.hint).toContain("Migration 002_b is applied: it was committed");
        expect(first.migrations.map(({ outcome }) => outcome)).toEqual(["done", "done", "not-run"]);
        expect(first.exitCode).toBe(1);
        // The one that was lost, and the one that looks the ledger up; a slow run has some more that look for what it waits for.
        expect(proxy.connections).toBeGreaterThan(1);
        expect(await b.ledger()).toEqual(["001 applied", "002 applied"]);
        const second = await b.json("migrate", "up", "--database-url", url);
        expect(second.migrations.map(({ version }) => version)).toEqual(["003"]);
        expect(await b.query("SELECT count(*)::int AS n FROM b")).toEqual([{ n: 1 }]);
      });

      test.concurrent(`COMMIT never arrives (${form}): it is said to be rolled back, and is applied next time`, async () => {
        await using setup = await throughProxy(major, files, atCommit(false, /insert into .*'002'/));
        const { b, url } = setup;
        const first = await b.json("migrate", "up", "--database-url", url);
        expect(first.error).toMatchObject({ code: "connection_lost", data: { recorded: null, kept: false } });
        expect(first.error.hint).toContain("Migration 002_b is not applied: it was rolled back");
        expect(first.migrations.map(({ outcome }) => outcome)).toEqual(["done", "failed", "not-run"]);
        expect(await b.has("b")).toBe(false);
        const second = await b.json("migrate", "up", "--database-url", url);
        expect(second.migrations.map(({ version }) => version)).toEqual(["002", "003"]);
        expect(await b.query("SELECT count(*)::int AS n FROM b")).toEqual([{ n: 1 }]);
      });
    }

    test.concurrent.each([
      [true, "rolled back: that much was committed", ["001 applied"]],
      [false, "still applied: rolling it back was undone", ["001 applied", "002 applied"]],
    ])("on the way back, with the COMMIT delivered: %p", async (delivered, truth, ledger) => {
      const files = { "001_a.sql": "CREATE TABLE a (id int)", "002_b.sql": SQL };
      await using setup = await throughProxy(major, files, atCommit(delivered, /delete from .*'002'/));
      const { b, url } = setup;
      expect((await b.migrate("up")).exitCode).toBe(0);
      const { error } = await b.json("migrate", "down", "--database-url", url);
      expect(error.hint).toContain(truth);
      expect(await b.ledger()).toEqual(ledger);
      expect(await b.has("b")).toBe(!delivered);
    });

    test.concurrent.each([true, false])("all in one transaction, with the COMMIT delivered: %p", async (delivered) => {
      const files = { "001_a.sql": "CREATE TABLE a (id int)", "002_b.sql": SQL };
      await using setup = await throughProxy(major, files, atCommit(delivered, /insert into .*'002'/));
      const { b, url } = setup;
      const { error, migrations } = await b.json("migrate", "up", "--single-transaction", "--database-url", url);
      expect(error.code).toBe("connection_lost");
      expect(migrations.map(({ outcome }) => outcome)).toEqual(delivered ? ["done", "done"] : ["not-run", "failed"]);
      expect([await b.has("a"), await b.has("b")]).toEqual([delivered, delivered]);
    });

    test.concurrent("between two statements outside a transaction: the ledger says how far it came", async () => {
      const files = {
        "001_a.sql":
          "-- migrate:up transaction:false\nCREATE TABLE a (id int);\nCREATE TABLE b (id int);\nCREATE TABLE c (id int);\n",
      };
      const cutAtB = ({ from, bytes, connection }: Passing): Verdict =>
        // The ledger keeps the text of the file, too.
        connection === 1 && from === "client" && bytes.includes("CREATE TABLE b") && !bytes.includes("CREATE TABLE a")
          ? "cut"
          : "pass";
      await using setup = await throughProxy(major, files, cutAtB);
      const { b, url } = setup;
      const { error } = await b.json("migrate", "up", "--database-url", url);
      expect(error).toMatchObject({ code: "connection_lost", data: { recorded: "applying", kept: false } });
      expect(error.hint).toContain("Migration 001_a stopped after statement 1");
      expect([await b.has("a"), await b.has("b")]).toEqual([true, false]);
      expect((await b.migrate("resolve", "001", "--continue")).exitCode).toBe(0);
      expect([await b.has("b"), await b.has("c")]).toEqual([true, true]);
    });

    test.concurrent.each([true, false])("of a build, with the COMMIT delivered: %p", async (delivered) => {
      const files = { "db/schema/a.sql": "CREATE TABLE a (id int);", "001_a.sql": "SELECT 1" };
      await using setup = await throughProxy(major, files, atCommit(delivered, /CREATE TABLE a/));
      const { b, url } = setup;
      const { error, exitCode } = await b.json("build", "--database-url", url);
      expect({ exitCode, code: error.code, data: error.data }).toEqual({
        exitCode: 1,
        code: "connection_lost",
        data: { built: delivered },
      });
      expect(error.hint).toContain(delivered ? "the build was committed" : "the build was rolled back");
      expect(await b.has("a")).toBe(delivered);
    });

    test.concurrent("of a build that nobody can ask about: what is not known is not claimed", async () => {
      const judge = atCommit(true, /CREATE TABLE a/);
      await using setup = await throughProxy(major, { "db/schema/a.sql": "CREATE TABLE a (id int);" }, (passing) =>
        passing.connection === 1 ? judge(passing) : "cut",
      );
      const { error } = await setup.b.json("build", "--database-url", setup.url);
      expect(error).toMatchObject({ code: "connection_lost", data: { built: null } });
      expect(error.hint).toContain("Whether the build was committed is not known");
      expect(await setup.b.has("a")).toBe(true);
    });

    test.concurrent("in the middle of a build: it was rolled back, for no COMMIT was sent", async () => {
      const files = { "db/schema/a.sql": "CREATE TABLE a (id int);", "db/schema/b.sql": "CREATE TABLE b (id int);" };
      const cutAtB = ({ from, bytes, connection }: Passing): Verdict =>
        // The ledger keeps the text of the file, too.
        connection === 1 && from === "client" && bytes.includes("CREATE TABLE b") && !bytes.includes("CREATE TABLE a")
          ? "cut"
          : "pass";
      await using setup = await throughProxy(major, files, cutAtB);
      const { error } = await setup.b.json("build", "--database-url", setup.url);
      expect(error).toMatchObject({ code: "connection_lost" });
      expect(error.hint).toContain("The build was rolled back");
      expect(await setup.b.has("a")).toBe(false);
    });

    /** Changes to the ledger alone send theirs with the COMMIT. */
    const atLedger =
      (after: boolean, change: RegExp) =>
      ({ from, bytes, connection }: Passing): Verdict => {
        if (connection > 1) return "pass";
        const text = bytes.toString("latin1");
        if (from === "client") {
          if (!change.test(text) || !text.includes("; commit\0")) return "pass";
          if (!after) return "cut";
          sent.add(change);
        } else if (sent.has(change) && text.includes("COMMIT\0")) return "cut";
        return "pass";
      };
    const sent = new Set<RegExp>();

    describe.each([true, false])("of the ledger alone, with the COMMIT delivered: %p", (delivered) => {
      const files = { "001_a.sql": "CREATE TABLE a (id int)", "002_b.sql": "CREATE TABLE b (id int)" };
      const truth = delivered ? "The change was committed" : "The change was rolled back";

      test.concurrent("baseline", async () => {
        await using setup = await throughProxy(
          major,
          files,
          atLedger(delivered, new RegExp("insert into .*'002'", "s")),
        );
        const { error } = await setup.b.json("migrate", "baseline", "--database-url", setup.url);
        expect(error).toMatchObject({ code: "connection_lost", data: { kept: delivered } });
        expect(error.hint).toContain(truth);
        expect((await setup.b.json("migrate", "status")).migrations.map(({ state }) => state)).toEqual(
          delivered ? ["applied", "applied"] : ["pending", "pending"],
        );
      });

      test.concurrent("resolve", async () => {
        await using setup = await throughProxy(
          major,
          files,
          atLedger(delivered, new RegExp("delete from .*'002'", "s")),
        );
        const { b, url } = setup;
        expect((await b.migrate("up")).exitCode).toBe(0);
        const resolved = await b.json("migrate", "resolve", "002", "--rolled-back", "--database-url", url);
        expect(resolved.error).toMatchObject({ code: "connection_lost", data: { kept: delivered } });
        expect(resolved.error.hint).toContain(truth);
        expect(await b.ledger()).toEqual(delivered ? ["001 applied"] : ["001 applied", "002 applied"]);
      });

      test.concurrent("a build with --baseline: the schema is said to be built", async () => {
        const both = { ...files, "db/schema/s.sql": "CREATE TABLE s (id int);" };
        await using setup = await throughProxy(
          major,
          both,
          atLedger(delivered, new RegExp("insert into .*'002'", "s")),
        );
        const { error } = await setup.b.json("build", "--baseline", "--database-url", setup.url);
        expect(error).toMatchObject({ code: "connection_lost", data: { built: true, kept: delivered } });
        expect(error.hint).toContain("The schema is built");
        expect(error.hint).toContain(truth);
        expect(await setup.b.has("s")).toBe(true);
      });
    });

    test.concurrent("nothing answers any more after the COMMIT: what is not known is not claimed", async () => {
      const judge = atCommit(true, /insert into .*'001'/);
      await using setup = await throughProxy(major, { "001_a.sql": "CREATE TABLE a (id int)" }, (passing) =>
        passing.connection === 1 ? judge(passing) : "cut",
      );
      const { b, url } = setup;
      const { error } = await b.json("migrate", "up", "--database-url", url);
      expect(error.code).toBe("connection_lost");
      expect(error.hint).toContain("Whether migration 001_a was committed is not known");
      expect(error.hint).toContain("migrate status");
      expect(await b.ledger()).toEqual(["001 applied"]);
      expect((await b.migrate("status", "--exit-code")).exitCode).toBe(0);
    });
  });
}
