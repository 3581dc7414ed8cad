import { ConfitureError } from "#errors/error.ts";
import { shellWord } from "#errors/shell.ts";
import { type MigrationFile, migrationId } from "./files/migration-file.ts";
import type { HistoryEntry } from "./history.ts";
import type { LedgerRow } from "./ledger/ledger.ts";
import { compareVersions, isBase, isRepeatable, nextVersionAfter } from "./files/version.ts";

/** Whether the ledger's migration of this version is another one, by its name: two branches have used one number. */
export function isAnother({ row, file, name, standing }: HistoryEntry): boolean {
  if (standing !== "edited" || row === undefined || file === undefined) return false;
  return row.version === file.version && row.name !== "" && name !== "" && row.name !== name;
}

/** For a file whose number another migration has taken in the ledger, with the name to give it. */
export function numberTaken(entry: HistoryEntry, history: readonly HistoryEntry[]): ConfitureError {
  const { version, row, file } = entry;
  const moved = entry.renamed?.();
  const others = history.filter((one) => moved === undefined || one.file !== moved);
  const last = others.findLast((one) => !isRepeatable(one.version) && /^\d/.test(one.version));
  const rename = file === undefined ? "" : renaming(file, nextVersionAfter(last?.version ?? version));
  return new ConfitureError(
    "history_edited",
    `This database has another ${version} (${row?.name ?? ""}) than ${migrationId(entry)}`,
    {
      hint:
        moved === undefined
          ? [
              `Two branches have used one number. Give this file the next free number: rename ${rename}.`,
              `If it is the same migration under another name: confiture migrate accept ${shellWord(version)}`,
            ].join("\n")
          : renamedBack(entry, moved, history, `, and ${rename}`).join("\n"),
      location: file === undefined ? undefined : { file: file.path },
      data: { version },
    },
  );
}

/** A migration that is applied, as it is told of. */
export type Applied = Pick<HistoryEntry, "version" | "name"> & Partial<Pick<HistoryEntry, "row" | "renamed">>;

/**
 * What helps where an applied migration got another number.
 * @param file its file, as it is called now
 * @param andRename what else has to be renamed then
 */
export function renamedBack(
  { version, name, row }: Applied,
  file: MigrationFile,
  history: readonly HistoryEntry[],
  andRename = "",
): string[] {
  const id = migrationId(row ?? { version, name });
  const [from, to] = [version, file.version].map(shellWord);
  const applied = history.filter((one) => one.row !== undefined && !isBase(one.version) && !isRepeatable(one.version));
  const isLast = applied.at(-1)?.row === row;
  // What comes before a number that is recorded has to be asked for.
  const newest = [file, ...applied.filter((one) => one.row !== row)]
    .map((one) => one.version)
    .toSorted(compareVersions);
  const isLate = history.some(
    (one) =>
      one.file !== undefined &&
      one.file !== file &&
      (one.row === undefined || one.row === row) &&
      compareVersions(one.version, newest.at(-1) ?? "") < 0,
  );
  const up = `confiture migrate up${isLate ? " --allow-out-of-order" : ""}`;
  const order = orderChange({ version, row }, file, history);
  const numbers = `Or keep the new ${andRename === "" ? "number" : "numbers"}`;
  const anew = `\`confiture migrate resolve ${from} --rolled-back\`, \`confiture migrate resolve ${to} --applied\`, then \`${up}\``;
  return [
    `${file.path} has exactly the text that was applied here as ${id}: it was renamed afterwards.`,
    `${order === undefined ? "Rename" : "Best rename"} it back: ${renaming(file, version)}${andRename}.`,
    order === undefined
      ? `${numbers}, and record it under its own, which runs nothing: ${anew}`
      : `${numbers}, which changes the order: ${order}, so the two may differ. Recording it under its own runs nothing: ${anew}, and \`confiture drift --against migrations\` for what differs in the schema (it does not compare rows)`,
    ...(isLast
      ? [
          "Or, where only a database of your own has it, run it anew: `confiture migrate down --recorded` rolls it back, with its rows; then `confiture migrate up`",
        ]
      : []),
  ];
}

/** Where a new number has an applied migration run in another order in new databases than it did here: how; undefined where not. */
function orderChange(
  { version, row }: Pick<Applied, "version" | "row">,
  file: MigrationFile,
  history: readonly HistoryEntry[],
): string | undefined {
  const isLater = compareVersions(file.version, version) > 0;
  const overtaken = history.filter((one) => {
    if (one.file === undefined || one.file === file || isBase(one.version) || isRepeatable(one.version)) return false;
    if (one.standing === "covered" || compareVersions(one.version, file.version) > 0 === isLater) return false;
    // The other one of its own number runs behind it, as does whatever is still to run.
    if (one.row === undefined || one.row === row) return isLater && compareVersions(one.version, version) >= 0;
    return compareVersions(one.version, version) > 0 === isLater && ranBefore(row, one.row) !== !isLater;
  });
  const [first] = overtaken;
  if (first === undefined) return undefined;
  const others = `${migrationId(first)}${overtaken.length === 1 ? "" : ` and ${overtaken.length - 1} more`}`;
  const [here, anew] = isLater ? ["before", "after"] : ["after", "before"];
  return `this database ran it ${here} ${others}, and a new one runs it ${anew}`;
}

/** Undefined where the ledger does not tell. */
function ranBefore(one: LedgerRow | undefined, other: LedgerRow): boolean | undefined {
  const [time, otherTime] = [one?.appliedAt, other.appliedAt];
  return time instanceof Date && otherTime instanceof Date && +time !== +otherTime ? time < otherTime : undefined;
}

/** "m/001_a.sql to 002_a.sql": the new names of a migration's files, with another version. */
export function renaming(file: MigrationFile, version: string): string {
  const settings = file.layout === "flyway" && file.transaction === false ? `${file.path}.conf` : undefined;
  return [file.path, settings, file.downPath]
    .flatMap((path) => (path === undefined ? [] : [`${path} to ${renumbered(path, file.version, version)}`]))
    .join(", and ");
}

/** The last part of a path that has the version in it, with another one: that of a file, or of its folder. */
function renumbered(path: string, from: string, to: string): string {
  const parts = path.split("/");
  // Flyway takes V1_2 for V1.2.
  const version = new RegExp(
    from
      .split(".")
      .map((part) => RegExp.escape(part))
      .join("[._]"),
  );
  const at = parts.findLastIndex((part) => version.test(part));
  const renamed = parts[at]?.replace(version, () => to) ?? path;
  return at < 0 ? path : [renamed, ...parts.slice(at + 1)].join("/");
}
