/** Where rules of further tables go: a file with a block of tables, one of the usual name first. */
export interface TablesBlock<File> {
  readonly file: File;
  /** Behind the line `tables:`. */
  readonly start: number;
  /** Behind the last line of the block that is not blank. */
  readonly end: number;
}

/** The block `tables:` that gets rules of further tables; undefined where no file has one. */
export function tablesBlock<File extends { readonly file: string; readonly text: string }>(
  files: readonly File[],
): TablesBlock<File> | undefined {
  const usual = files.toSorted(
    (a, b) => Number(b.file.endsWith("/tables.yaml")) - Number(a.file.endsWith("/tables.yaml")),
  );
  for (const file of usual) {
    const { text } = file;
    const head = /^tables:[ \t]*(?:#.*)?$/m.exec(text);
    if (head === null) continue;
    const start = head.index + head[0].length;
    const next = /\n(?=[^\s#])/.exec(text.slice(start));
    const block = text.slice(0, next === null ? text.length : start + next.index + 1);
    return { file, start, end: block.replace(/\n*$/, "").length };
  }
  return undefined;
}
