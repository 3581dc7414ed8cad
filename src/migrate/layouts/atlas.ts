import { queryCatalogue } from "#database/catalogue.ts";
import { ConfitureError } from "#errors/error.ts";
import type { Sections } from "../files/sections.ts";
import type { Folder } from "./folder.ts";
import { type HistoryRow, toRecord, unfinished } from "./histories.ts";
import type { ForeignTable, Found, Layout } from "./layout.ts";
import { isPlainSql, numberedFiles } from "./numbered-files.ts";
import { requireOneOrder } from "./names-and-versions.ts";
import type { SqlSource } from "./source.ts";
import { wholeFile } from "./whole-file.ts";

const DIRECTIVE = /^--\s*atlas:(\w+)(?:\s+(.*?))?\s*$/;
const SUM = "atlas.sum";

/** Atlas (https://atlasgo.io/concepts/migration-directory-integrity): files whose hashes are in atlas.sum. */
export const atlas: Layout = {
  title: "Atlas",
  names: "VERSION_name.sql",
  recognises: (folder) => (folder.has(SUM) && isPlainSql(folder) ? "content" : undefined),
  find,
  cut,
  reads: (comment) => DIRECTIVE.test(comment),
  creation: { byItsTool: "atlas migrate new NAME" },
  hasWaysBack: false,
  histories: { atlas: atlasTable() },
};

function find(folder: Folder): Found {
  if (folder.has(SUM)) checkSum(folder);
  const { migrations, ignored } = numberedFiles(folder, "atlas");
  requireOneOrder(
    migrations.filter(({ form }) => form === "sql"),
    "Atlas",
  );
  return {
    // A checkpoint is what an empty database begins with.
    migrations: migrations.map((migration) =>
      migration.form === "sql" &&
      /^--\s*atlas:checkpoint\b/m.test(folder.head(migration.path.slice(folder.path.length + 1)))
        ? { ...migration, baseline: true }
        : migration,
    ),
    ignored,
  };
}

/**
 * Each line of atlas.sum is a file and the hash of everything up to its end: names and contents, in the order of the
 * names.
 */
function checkSum(folder: Folder): void {
  const lines = new TextDecoder()
    .decode(folder.bytes(SUM))
    .split(/\r?\n/)
    .filter((line) => line !== "");
  const recorded = new Map(
    lines.slice(1).map((line) => {
      const at = line.lastIndexOf(" h1:");
      return [line.slice(0, at), line.slice(at + 4)] as const;
    }),
  );
  const hash = new Bun.CryptoHasher("sha256");
  for (const name of folder.files.filter((file) => file.endsWith(".sql"))) {
    hash.update(name);
    if (/^[ -~]*atlas:sum +ignore/.test(folder.head(name))) continue;
    for (const piece of folder.pieces(name)) hash.update(piece);
    if (recorded.get(name) === hash.copy().digest("base64")) {
      recorded.delete(name);
      continue;
    }
    const why = recorded.has(name) ? "it, or a file before it, was edited" : "it is not in there";
    throw doesNotFit(folder, `${folder.pathOf(name)} does not fit ${SUM}: ${why}`, name);
  }
  const [gone] = recorded.keys();
  if (gone !== undefined) throw doesNotFit(folder, `${SUM} lists ${gone}, which is not here`, SUM);
}

function doesNotFit(folder: Folder, message: string, name: string): ConfitureError {
  return new ConfitureError("migration_invalid", message, {
    location: { file: folder.pathOf(name) },
    hint: "Put the file back as it was, or, if the change is right, update the sums with `atlas migrate hash`.",
  });
}

function cut(source: SqlSource): Sections {
  const { file, text } = source;
  const sections = wholeFile(source);
  let { transaction } = sections.main;
  if (text.includes("atlas:")) {
    for (const { start, end } of source.comments) {
      const [, name, value = ""] = DIRECTIVE.exec(text.slice(start, end)) ?? [];
      if (name === "txmode" && value === "none") transaction = false;
      if (name !== "delimiter" && name !== "txtar") continue;
      throw new ConfitureError("migration_invalid", `${file} is cut by atlas:${name}, which is not understood`, {
        location: source.locate(start),
        hint: "Statements end with a semicolon. Remove the line and the separator that it sets.",
      });
    }
  }
  const howToRunOutside = "begin the file with the line: -- atlas:txmode none";
  return { main: { ...sections.main, transaction, howToRunOutside }, down: undefined };
}

/** `type` is a set of bits, the first one for a baseline; versions with a dot in front are Atlas' own. */
function atlasTable(): ForeignTable {
  return {
    tables: ["atlas_schema_revisions.atlas_schema_revisions", "atlas_schema_revisions"],
    columns: ["version", "applied", "total", "executed_at", "execution_time"],
    async read(database, table) {
      const rows = await queryCatalogue<HistoryRow & { done: boolean; is_baseline: boolean }>(
        database,
        `select version::text as key, executed_at::timestamptz as applied_at,
                (execution_time / 1000000)::float8 as execution_ms, type & 1 = 1 as is_baseline,
                applied = total and coalesce(error, '') = '' as done
           from ${table} where version !~ '^[.]' order by version`,
      );
      const failed = rows.find((row) => !row.done && !row.is_baseline);
      if (failed !== undefined) throw unfinished(`Atlas recorded that version ${failed.key} is not whole`);
      const baseline = rows.findLast((row) => row.is_baseline)?.key;
      const records = rows.filter((row) => !row.is_baseline).map((row) => toRecord(row));
      return { kind: "records", records, baseline };
    },
  };
}
