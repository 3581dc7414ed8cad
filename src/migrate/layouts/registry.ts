import { atlas } from "./atlas.ts";
import { confiture } from "./confiture.ts";
import { diesel } from "./diesel.ts";
import { drizzle } from "./drizzle.ts";
import { flyway } from "./flyway.ts";
import { goose } from "./goose.ts";
import type { ForeignTable, Layout } from "./layout.ts";
import type { LayoutName } from "./names.ts";
import { nodePgMigrate } from "./node-pg-migrate.ts";
import { prisma } from "./prisma.ts";
import { rails } from "./rails.ts";
import { separateFolders } from "./separate-folders.ts";
import { sqlMigrate } from "./sql-migrate.ts";
import { supabase } from "./supabase.ts";
import { tern } from "./tern.ts";

/**
 * Every layout. Where a folder looks like several, `detect.ts` refuses to choose; among those that it knows by their
 * content, the first one in `LAYOUT_NAMES` counts.
 */
export const LAYOUTS: Readonly<Record<LayoutName, Layout>> = {
  confiture,
  flyway,
  prisma,
  diesel,
  drizzle,
  "separate-folders": separateFolders,
  goose,
  "sql-migrate": sqlMigrate,
  tern,
  atlas,
  rails,
  supabase,
  // Its marks are words that people write for themselves as well.
  "node-pg-migrate": nodePgMigrate,
};

/** The tools whose history can be taken over, and where each keeps it. */
export const HISTORIES: Readonly<Record<string, ForeignTable>> = Object.assign(
  {},
  ...Object.values(LAYOUTS).map(({ histories }) => histories),
) as Readonly<Record<string, ForeignTable>>;
