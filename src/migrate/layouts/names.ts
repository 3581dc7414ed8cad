/** Every layout, by the name that `migrations.layout` takes; each is a file of this folder. */
export const LAYOUT_NAMES = ["confiture", "prisma"] as const;

export type LayoutName = (typeof LAYOUT_NAMES)[number];
