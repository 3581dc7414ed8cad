/**
 * The little of psql that the tutorial needs, for machines that have none:
 *
 *     node_modules/.bin/bun scripts/sql.ts DATABASE "SELECT ..."      rows as a table
 *     node_modules/.bin/bun scripts/sql.ts DATABASE "INSERT ..."      any other statements
 *     node_modules/.bin/bun scripts/sql.ts DATABASE "\d users"        a table's columns and indexes
 *     node_modules/.bin/bun scripts/sql.ts DATABASE "\dt"             the tables
 *
 * DATABASE is the data folder of an embedded database, or the URL of a server.
 */
import { resolve } from "node:path";
import type { Database } from "#database/database.ts";
import { withDatabase } from "#database/open.ts";
import { Secret, type Target } from "#database/target.ts";

/** What psql would print. */
export async function runSql(target: Target, sql: string): Promise<string> {
  return await withDatabase(target, {}, async (database) => {
    const [command = "", name = ""] = sql.trim().split(/\s+/);
    if (command === "\\dt") return await listTables(database);
    if (command === "\\d") return await describeTable(database, name);
    if (/^(select|values|table|with)$/i.test(command)) return await showRows(database, sql);
    await database.execute(sql);
    return "";
  });
}

/** A view knows the names of its columns even when there is no row, and every type can be shown as text. */
async function showRows(database: Database, sql: string): Promise<string> {
  await database.execute(`create temporary view shown as ${sql}`);
  const columns = await database.query<{ name: string }>(
    `select attname::text as name from pg_attribute where attrelid = 'pg_temp.shown'::regclass and attnum > 0 order by attnum`,
  );
  const cells = columns.map(({ name }) => `coalesce("${name.replaceAll('"', '""')}"::text, '')`);
  const rows = await database.query<{ cells: string[] }>(
    `select array[${cells.join(", ")}] as cells from pg_temp.shown`,
  );
  return table(
    columns.map(({ name }) => name),
    rows.map((row) => row.cells),
  );
}

async function listTables(database: Database): Promise<string> {
  return await showRows(
    database,
    `select n.nspname as "Schema", c.relname as "Name", 'table' as "Type", r.rolname as "Owner"
       from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_roles r on r.oid = c.relowner
      where c.relkind = 'r' and n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema' order by 1, 2`,
  );
}

async function describeTable(database: Database, name: string): Promise<string> {
  const columns = await database.query<{ cells: string[] }>(
    `select array[a.attname, format_type(a.atttypid, a.atttypmod),
                  case when a.attcollation <> t.typcollation then l.collname else '' end,
                  case when a.attnotnull then 'not null' else '' end,
                  coalesce(pg_get_expr(d.adbin, d.adrelid), '')]::text[] as cells
       from pg_attribute a join pg_type t on t.oid = a.atttypid
       left join pg_collation l on l.oid = a.attcollation
       left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
      where a.attrelid = $1::text::regclass and a.attnum > 0 and not a.attisdropped order by a.attnum`,
    [name],
  );
  const indexes = await database.query<{ line: string }>(
    `select format('"%s" %s%s', i.relname, coalesce(case k.contype when 'p' then 'PRIMARY KEY, ' when 'u' then 'UNIQUE CONSTRAINT, ' end, ''),
                   substring(pg_get_indexdef(i.oid) from 'USING (.*)')) as line
       from pg_index x join pg_class i on i.oid = x.indexrelid
       left join pg_constraint k on k.conindid = i.oid and k.contype in ('p', 'u')
      where x.indrelid = $1::text::regclass order by not x.indisprimary, i.relname`,
    [name],
  );
  const [owner] = await database.query<{ name: string }>(
    `select format('%s.%s', n.nspname, c.relname) as name
       from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = $1::text::regclass`,
    [name],
  );
  const lines = table(
    ["Column", "Type", "Collation", "Nullable", "Default"],
    columns.map(({ cells }) => cells),
  ).split("\n");
  // psql leaves the number of rows out here.
  return [
    centred(`Table "${owner?.name ?? name}"`, lines[0]?.length ?? 0),
    ...lines.slice(0, -2),
    ...(indexes.length === 0 ? [] : ["Indexes:", ...indexes.map(({ line }) => `    ${line}`)]),
    "",
  ].join("\n");
}

/** Rows as psql aligns them. */
function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map((name, at) =>
    Math.max(...[name, ...rows.map((row) => row[at]!)].map((text) => Bun.stringWidth(text))),
  );
  const line = (cells: readonly string[]): string => cells.map((cell) => ` ${cell} `).join("|");
  return [
    line(columns.map((name, at) => centred(name, widths[at]!).padEnd(widths[at]!))),
    widths.map((width) => "-".repeat(width + 2)).join("+"),
    ...rows.map((row) => line(row.map((cell, at) => cell.padEnd(widths[at]!)))),
    `(${rows.length} row${rows.length === 1 ? "" : "s"})`,
    "",
  ].join("\n");
}

function centred(text: string, width: number): string {
  return " ".repeat(Math.max(0, Math.floor((width - Bun.stringWidth(text)) / 2))) + text;
}

function readTarget(text: string): Target {
  if (!/^postgres(ql)?:\/\//.test(text)) return { engine: "embedded", path: resolve(text) };
  const url = new URL(text);
  return {
    engine: "server",
    host: url.hostname,
    port: Number(url.port || 5432),
    database: decodeURIComponent(url.pathname.slice(1)),
    user: decodeURIComponent(url.username),
    password: new Secret(decodeURIComponent(url.password)),
    tls: { mode: "prefer" },
    connectTimeout: 10_000,
    applicationName: "confiture-sql",
  };
}

if (import.meta.main) {
  const [database, sql] = process.argv.slice(2);
  if (database === undefined || sql === undefined) {
    console.error('Usage: node_modules/.bin/bun scripts/sql.ts FOLDER|URL "SQL"');
    process.exitCode = 2;
  } else {
    try {
      process.stdout.write(await runSql(readTarget(database), sql));
    } catch (error) {
      console.error((error as Error).message);
      process.exitCode = 1;
    }
  }
}
