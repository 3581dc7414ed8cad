import { afterAll, describe, expect, test } from "bun:test";
import { withoutUsing } from "#compare/plan/automatic.ts";
import { EmptiedDatabase, build } from "../../support/golden.ts";
import { ConfitureError } from "#errors/error.ts";
import { MAJORS, server } from "../../support/servers.ts";

const TYPES: readonly string[] = `
  text, character varying, character varying(3), character(3), character varying(3)[], text[],
  smallint, integer, bigint, numeric, numeric(4,1), real, double precision, money, integer[],
  date, timestamp without time zone, timestamp(0) with time zone, timestamp with time zone,
  time without time zone, interval, boolean, json, jsonb, uuid, xml, bytea, oid, "char", name,
  bit(3), bit(5), bit varying, bit varying(2), inet, cidr, macaddr, macaddr8, int4range, point,
  public.short, public.short[], public.mood`
  .trim()
  .split(/,\s+/);

describe.each([...new Set([MAJORS[0], MAJORS.at(-1)])])("PostgreSQL %d", (major) => {
  const emptied = new EmptiedDatabase(async () => {
    const instance = await server(major);
    return instance.target(await instance.createDatabase("automatic"));
  });
  afterAll(() => emptied.close());

  test("converts by itself where a plan leaves USING out", async () => {
    const database = await emptied.empty();
    const { facts } = await build(
      database,
      "CREATE DOMAIN short AS varchar(3); CREATE TYPE mood AS ENUM ('a'); CREATE TABLE t (a int);",
    );
    const wrong: string[] = [];
    let left = 0;
    for (const before of TYPES) {
      for (const after of TYPES) {
        const head = `ALTER TABLE t ALTER a TYPE ${after}`;
        const sql = withoutUsing(`${head} USING "a"::${after}`, before, facts, after, facts);
        if (before === after || sql !== head) continue;
        left++;
        await database.execute(`DROP TABLE t; CREATE TABLE t (a ${before})`);
        await database.execute(sql).catch((error: unknown) => {
          if (!(error instanceof ConfitureError)) throw error;
          wrong.push(`${before} -> ${after}: ${error.message}`);
        });
      }
    }
    expect(wrong).toEqual([]);
    expect(left).toBeGreaterThan(200);
  });

  test.each([
    ["text", "character varying(3)"],
    ["text", "character(3)"],
    ["text", "public.short"],
    ["text[]", "character varying(3)[]"],
    ["bit varying", "bit varying(3)"],
    ["bit(5)", "bit(3)"],
    ["integer", "character varying(3)"],
  ])("refuses what is too long instead of cutting it: %s to %s", async (before, after) => {
    const database = await emptied.empty();
    const { facts } = await build(database, `CREATE DOMAIN short AS varchar(3); CREATE TABLE t (a ${before});`);
    const value = before.endsWith("[]") ? "{10101}" : "10101";
    await database.execute(`INSERT INTO t VALUES ('${value}')`);
    const head = `ALTER TABLE t ALTER a TYPE ${after}`;
    const sql = withoutUsing(`${head} USING "a"::${after}`, before, facts, after, facts);
    const refusal = await database.execute(sql).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: "sql_failed" });
  });
});
