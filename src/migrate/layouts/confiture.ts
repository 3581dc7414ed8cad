import { type MigrationFile, migrationId } from "../files/migration-file.ts";
import { findSections, isMarker } from "../files/sections.ts";
import { canonicalVersion } from "../files/version.ts";
import type { Folder } from "./folder.ts";
import { foreignProgram } from "./foreign-program.ts";
import { CONFITURE_PY, DBMATE, GOLANG_MIGRATE, SQLX } from "./histories.ts";
import type { Found, Ignored, Layout } from "./layout.ts";
import { duplicate } from "./names-and-versions.ts";
import { markedFile, newestSql, type NewFiles, type NewMigration, twoFiles } from "./new-files.ts";

const FILE_NAME = /^(\d+(?:\.\d+)*)(?:_(.*?))?(\.up\.sql|\.down\.sql|\.sql|\.ts)$/;
/** The copy that a command kept of what it replaced or removed. */
const KEPT = /\.bak\d*$/;

/** Whether a file's name is one that this layout reads. */
export function isOwnName(fileName: string): boolean {
  return FILE_NAME.test(fileName) && !fileName.endsWith(".d.ts");
}

/** This tool's own forms, which are those of dbmate, golang-migrate and sqlx as well. */
export const confiture: Layout = {
  title: "Confiture",
  names: "VERSION_name.sql or VERSION_name.ts",
  recognises: () => undefined,
  find,
  cut: findSections,
  reads: isMarker,
  creation: { versions: "number", write },
  hasWaysBack: true,
  histories: { dbmate: DBMATE, "golang-migrate": GOLANG_MIGRATE, sqlx: SQLX, "confiture-py": CONFITURE_PY },
};

const MARKS = { up: "-- migrate:up", down: "-- migrate:down" } as const;

/** Two files where the newest migration has two, or is one of such a pair; else one with sections. */
function write(migration: NewMigration): NewFiles {
  const id = migrationId(migration);
  const { options, up } = migration;
  const mark = options === undefined ? MARKS.up : `${MARKS.up} ${options}`;
  const outside = (line: string): string => `${line} transaction:false`;
  if (newestSql(migration.before)?.form === "sql-pair") {
    const files = twoFiles(migration, { up: `${id}.up.sql`, down: `${id}.down.sql` });
    const marked = { ...files.up, content: `${up.outside ? outside(mark) : mark}\n${up.sql}` };
    return { ...files, ...(options === undefined ? {} : { up: marked }), form: "sql-pair" };
  }
  return { ...markedFile(migration, { ...MARKS, up: mark }, { outside }), marks: MARKS };
}

function find(folder: Folder): Found {
  const found = new Map<string, MigrationFile>();
  const programs: MigrationFile[] = [];
  const downs: { version: string; path: string }[] = [];
  const ignored: Ignored[] = [];
  for (const fileName of folder.files) {
    const match = FILE_NAME.exec(fileName);
    const path = folder.pathOf(fileName);
    if (match === null || fileName.endsWith(".d.ts")) {
      const program = fileName.endsWith(".ts") ? undefined : foreignProgram(fileName, path, "confiture");
      if (program !== undefined) programs.push(program);
      else if (fileName.endsWith(".sql") || (/^\d/.test(fileName) && !KEPT.test(fileName)))
        ignored.push({ path, why: notItsName(fileName) });
      continue;
    }
    const [, version = "", name = "", extension = ""] = match;
    if (extension === ".down.sql") {
      downs.push({ version, path });
      continue;
    }
    const form = extension === ".ts" ? "typescript" : extension === ".sql" ? "sql" : "sql-pair";
    const other = found.get(canonicalVersion(version));
    if (other !== undefined) throw duplicate(version, other.path, path);
    found.set(canonicalVersion(version), { version, name, form, layout: "confiture", path });
  }
  for (const { version, path } of downs) {
    const up = found.get(canonicalVersion(version));
    if (up?.form !== "sql-pair") {
      ignored.push({ path, why: orphanDown(up) });
      continue;
    }
    if (up.downPath !== undefined) throw duplicate(version, up.downPath, path);
    found.set(canonicalVersion(version), { ...up, downPath: path });
  }
  for (const program of programs) {
    const version = canonicalVersion(program.version);
    if (found.has(version)) ignored.push({ path: program.path, why: `${found.get(version)!.path} has its version` });
    else found.set(version, program);
  }
  return { migrations: [...found.values()], ignored: [...ignored, ...foldersOfOthers(folder)] };
}

function notItsName(fileName: string): string {
  return fileName.endsWith(".sql") ? "names are VERSION_name.sql" : "names are VERSION_name.sql or VERSION_name.ts";
}

/** Folders that are migrations of Prisma, Diesel or Drizzle. */
function foldersOfOthers(folder: Folder): Ignored[] {
  return folder.folders.flatMap((name) => {
    const inside = folder.inside(name);
    const file = ["migration.sql", "up.sql"].find((candidate) => inside.has(candidate));
    return file === undefined
      ? []
      : [{ path: inside.path, why: `a folder with ${file} is a migration of another tool` }];
  });
}

function orphanDown(up: MigrationFile | undefined): string {
  return up === undefined
    ? "there is no .up.sql of its version"
    : `its version is ${up.path}, which has its way back in itself`;
}
