/** Every layout, by the name that `migrations.layout` takes; each is a file of this folder. */
export const LAYOUT_NAMES = [
  "confiture",
  "flyway",
  "prisma",
  "diesel",
  "drizzle",
  "separate-folders",
  "goose",
  "sql-migrate",
  "tern",
  "atlas",
  "rails",
  "supabase",
  "node-pg-migrate",
] as const;

export type LayoutName = (typeof LAYOUT_NAMES)[number];
