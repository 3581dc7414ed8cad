import { rowsOf } from "./histories.ts";
import type { Layout } from "./layout.ts";
import { plainFile } from "./new-files.ts";
import { isPlainSql, numberedFiles } from "./numbered-files.ts";
import { requireOneOrder } from "./names-and-versions.ts";
import { wholeFile } from "./whole-file.ts";

/** Supabase (https://supabase.com/docs/guides/deployment/database-migrations): timestamps, and no way back. */
export const supabase: Layout = {
  title: "Supabase",
  names: "TIMESTAMP_name.sql",
  recognises: (folder) =>
    /(^|\/)supabase\/migrations$/.test(folder.path) && isPlainSql(folder) ? "content" : undefined,
  find(folder) {
    const found = numberedFiles(folder, "supabase");
    requireOneOrder(
      found.migrations.filter(({ form }) => form === "sql"),
      "Supabase",
    );
    return found;
  },
  cut: wholeFile,
  reads: () => false,
  creation: { versions: "timestamp", write: plainFile },
  hasWaysBack: false,
  histories: { supabase: rowsOf(["supabase_migrations.schema_migrations"], ["version"], "version::text as key") },
};
