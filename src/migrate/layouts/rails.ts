import { DBMATE } from "./histories.ts";
import type { Layout } from "./layout.ts";
import { plainFile } from "./new-files.ts";
import { isPlainSql, numberedFiles } from "./numbered-files.ts";
import { wholeFile } from "./whole-file.ts";

/**
 * Rails (https://guides.rubyonrails.org/active_record_migrations.html): Ruby files, which are listed, also those in folders
 * below, and beside them SQL files with the same kind of names.
 */
export const rails: Layout = {
  title: "Rails",
  names: "TIMESTAMP_name.sql",
  recognises: (folder) => {
    const hasRuby = folder.files.some((name) => /^\d+_\w+\.rb$/.test(name));
    const hasOwn = folder.files.some((name) => name.endsWith(".sql")) && !isPlainSql(folder);
    return hasRuby && !hasOwn ? "content" : undefined;
  },
  find: (folder) => numberedFiles(folder, "rails", folder.below()),
  readsBelow: true,
  cut: wholeFile,
  reads: () => false,
  creation: { versions: "timestamp", write: plainFile },
  hasWaysBack: false,
  // A row a version, nothing else.
  histories: { rails: DBMATE },
};
