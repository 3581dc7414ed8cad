import { dirname } from "node:path";
import { queryCatalogue } from "#database/catalogue.ts";
import type { ConfitureError } from "#errors/error.ts";
import type { MigrationFile } from "../files/migration-file.ts";
import { canonicalVersion } from "../files/version.ts";
import { isOwnName } from "./confiture.ts";
import type { Folder } from "./folder.ts";
import { languageOf } from "./foreign-program.ts";
import { type HistoryRow, toRecord, unfinished } from "./histories.ts";
import type { ForeignRecord, ForeignTable, Found, Ignored, Layout } from "./layout.ts";
import { duplicate } from "./names-and-versions.ts";
import { newestSql, type NewFiles, type NewMigration, twoFiles } from "./new-files.ts";
import { refuseTemplate } from "./template.ts";
import { wholeFile } from "./whole-file.ts";

/** V1__name.sql, V1.2__name.sql, V1_2__name.sql, U1__name.sql, B1__name.sql, R__name.sql, V1__name.java */
const FILE_NAME = /^([VUB])(\d+(?:[._]\d+)*)(?:__(.*))?\.(sql|java|kt|scala|groovy|py|ps1|sh|bash|cmd|bat)$/;
/** Its bytes, each a character. */
const BYTE_ORDER_MARK = "\xef\xbb\xbf";
const REPEATABLE_NAME = /^R__(.+)\.(sql|java|kt|scala|groovy|py|ps1|sh|bash|cmd|bat)$/;

/**
 * Flyway (https://documentation.red-gate.com/fd/migrations-184127470.html): V files in the order of their dotted
 * versions, U files that undo them, B files with which an empty database begins, and R files that run again, after all
 * others, whenever they change.
 */
export const flyway: Layout = {
  title: "Flyway",
  names: "V1__name.sql, R__name.sql",
  recognises,
  readsBelow: true,
  find,
  cut(source) {
    refuseTemplate(source, /\$\{[^}\s]+\}/, "a placeholder of Flyway");
    return wholeFile(source);
  },
  template: "${",
  reads: () => false,
  creation: { versions: "number", write },
  hasWaysBack: true,
  wayBackOf: (path) => (/(?:^|\/)V[^/]*$/.test(path) ? path.replace(/(^|\/)V([^/]*)$/, "$1U$2") : undefined),
  histories: { flyway: flywayTable() },
};

/** With a file that undoes it where the newest migration has one: not every edition of Flyway runs these. */
function write(migration: NewMigration): NewFiles {
  const { version, name, up, down, before } = migration;
  const hasUndo = newestSql(before)?.downPath !== undefined;
  const path = `V${version}__${name}.sql`;
  const files = twoFiles(
    { ...migration, up: { ...up, outside: false }, down: hasUndo ? down : undefined },
    { up: path, down: `U${version}__${name}.sql` },
  );
  if (!up.outside) return files;
  return { ...files, others: [{ path: `${path}.conf`, content: "executeInTransaction=false\n" }] };
}

/** Folders below count as if their files were in this one: all versions are in one order. */
function find(folder: Folder): Found {
  const versioned = new Map<string, MigrationFile>();
  const others = new Map<string, MigrationFile>();
  const undos: { version: string; path: string }[] = [];
  const ignored: Ignored[] = [];
  const add = (known: Map<string, MigrationFile>, key: string, file: MigrationFile): void => {
    const other = known.get(key);
    if (other !== undefined) throw duplicateIn(folder, file.version, other.path, file.path);
    known.set(key, file);
  };
  for (const inner of folder.below()) {
    const isMixed = inner === folder || inner.files.some(isNamed);
    // One that holds nothing but callbacks is named as a whole.
    if (!isMixed && inner.files.some((name) => CALLBACK.test(name)))
      ignored.push({ path: inner.path, why: NO_CALLBACKS });
    for (const fileName of inner.files) {
      const path = inner.pathOf(fileName);
      const repeatable = REPEATABLE_NAME.exec(fileName);
      const [, prefix, dotted = "", name = "", extension] = FILE_NAME.exec(fileName) ?? [];
      const options = { layout: "flyway", path, ...scriptConfig(inner, fileName) } as const;
      if (repeatable !== null) {
        const version = `R__${repeatable[1]}`;
        const form = repeatable[2] === "sql" ? "sql" : "foreign";
        add(others, version, { version, name: "", form, ...options });
        continue;
      }
      if (prefix === undefined) {
        if (isMixed && fileName.endsWith(".sql")) ignored.push({ path, why: whyNot(fileName) });
        continue;
      }
      const version = dotted.replaceAll("_", ".");
      const form = extension === "sql" ? "sql" : "foreign";
      if (prefix === "U") {
        if (form === "sql") undos.push({ version, path });
        else ignored.push({ path, why: `it is ${languageOf(path)}, which cannot run here` });
      } else if (prefix === "B") {
        add(others, `B${canonicalVersion(version)}`, { version, name, form, ...options, baseline: true });
      } else add(versioned, canonicalVersion(version), { version, name, form, ...options });
    }
  }
  for (const { version, path } of undos) {
    const key = canonicalVersion(version);
    const up = versioned.get(key);
    if (up?.downPath !== undefined) throw duplicateIn(folder, version, up.downPath, path);
    if (up?.form === "sql") versioned.set(key, { ...up, form: "sql-pair", downPath: path });
    else ignored.push({ path, why: `there is no V${version}__*.sql that it undoes` });
  }
  return { migrations: [...versioned.values(), ...others.values()], ignored };
}

function isNamed(fileName: string): boolean {
  return FILE_NAME.test(fileName) || REPEATABLE_NAME.test(fileName);
}

/** Flyway's files may all lie in folders below; where others lie in the folder itself, those are older or something else. */
function recognises(folder: Folder): "names" | undefined {
  if (folder.files.some(isNamed)) return "names";
  if (folder.files.some(isOwnName)) return undefined;
  // What cannot be read is told by whoever reads the folder as what it is.
  for (const inner of folder.below(() => {})) if (inner.files.some(isNamed)) return "names";
  return undefined;
}

/** Two files in two folders may be meant for two databases, of which Flyway is told by its locations. */
function duplicateIn(folder: Folder, version: string, first: string, second: string): ConfitureError {
  const error = duplicate(version, first, second);
  if (dirname(first) === dirname(second)) return error;
  const meant = [first, second].map((path) => dirname(path)).find((path) => path !== folder.path);
  return error.with({
    hint: `${error.hint}\nAs Flyway does, Confiture reads all folders below ${folder.path}. If only one of them is meant, say in the environment file which one:\n  migrations:\n    dir: ${meant}`,
  });
}

/** Callbacks of Flyway, which run before or after others: "beforeMigrate.sql", "afterEachMigrate__grants.sql". */
const CALLBACK = /^(before|after)[A-Z]\w*\.sql$/;

const NO_CALLBACKS = "callbacks of Flyway do not run here";

function whyNot(fileName: string): string {
  return CALLBACK.test(fileName) ? NO_CALLBACKS : "names are V1__name.sql or R__name.sql";
}

/** "V1__x.sql.conf": the one setting of it that is about the file alone. */
function scriptConfig(folder: Folder, fileName: string): { readonly transaction?: false } {
  const config = `${fileName}.conf`;
  if (!folder.has(config)) return {};
  const text = new TextDecoder().decode(folder.bytes(config));
  return /^\s*executeInTransaction\s*=\s*false\s*$/m.test(text) ? { transaction: false } : {};
}

function flywayTable(): ForeignTable {
  return {
    // The second name is that of Flyway before version 5.
    tables: ["flyway_schema_history", "schema_version"],
    columns: ["installed_rank", "version", "script", "checksum", "installed_on", "success"],
    async read(database, table) {
      const rows = await queryCatalogue<HistoryRow & { success: boolean; type: string; checksum: number | null }>(
        database,
        `select coalesce(version, 'R__' || regexp_replace(script, '^(.*/)?R__(.*)[.]sql$', '\\2'))::text as key,
                installed_on::timestamptz as applied_at, installed_by::text as applied_by,
                execution_time::float8 as execution_ms, success, type::text, checksum
           from ${table}
          where version is not null or script ~ '(^|/)R__.*[.]sql$'
          order by installed_rank`,
      );
      const failed = rows.find((row) => !row.success);
      if (failed !== undefined) throw unfinished(`Flyway recorded that version ${failed.key} failed`);
      const records = new Map<string, ForeignRecord>();
      let baseline: string | undefined;
      for (const row of rows) {
        // `flyway undo`, and `flyway repair` for a migration whose file is gone.
        if (row.type.startsWith("UNDO") || row.type === "DELETE") records.delete(row.key);
        // `flyway baseline`, or a baseline migration: what is older was never looked at.
        else if (row.type === "BASELINE" || row.type === "SQL_BASELINE") baseline = row.key;
        else records.set(row.key, toRecord(row, isChecksum(row.checksum)));
      }
      return { kind: "records", records: [...records.values()], baseline };
    },
    sumsOf: (pieces) => [String(flywayChecksum(pieces()))],
  };
}

/** Null for what is no file of SQL. */
function isChecksum(checksum: number | null): ForeignRecord["isSum"] {
  return checksum === null ? undefined : (sum) => sum === String(checksum);
}

/**
 * CRC-32 of the lines without their ends and without a byte order mark, as a signed number of 32 bits.
 * @param pieces of the file, the first not shorter than such a mark
 */
export function flywayChecksum(pieces: Iterable<Uint8Array>): number {
  let sum = 0;
  let isFirst = true;
  for (const piece of pieces) {
    const text = Buffer.from(piece).toString("latin1");
    const own = isFirst && text.startsWith(BYTE_ORDER_MARK) ? text.slice(BYTE_ORDER_MARK.length) : text;
    isFirst = false;
    sum = Bun.hash.crc32(Buffer.from(own.replaceAll(/[\r\n]/g, ""), "latin1"), sum);
  }
  return sum | 0;
}
