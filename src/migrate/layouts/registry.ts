import { confiture } from "./confiture.ts";
import type { ForeignTable, Layout } from "./layout.ts";
import type { LayoutName } from "./names.ts";
import { prisma } from "./prisma.ts";

/** Every layout. Where the names in a folder fit one layout alone, or its marks do, `detect.ts` takes that one. */
export const LAYOUTS: Readonly<Record<LayoutName, Layout>> = {
  confiture,
  prisma,
};

/** The tools whose history can be taken over, and where each keeps it. */
export const HISTORIES: Readonly<Record<string, ForeignTable>> = Object.assign(
  {},
  ...Object.values(LAYOUTS).map(({ histories }) => histories),
) as Readonly<Record<string, ForeignTable>>;
