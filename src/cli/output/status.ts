import { languageOf } from "#migrate/layouts/foreign-program.ts";
import { migrationId } from "#migrate/files/migration-file.ts";
import type { Edit } from "#migrate/files/edits.ts";
import type { HistoryEntry } from "#migrate/history.ts";
import type { LedgerRow } from "#migrate/ledger/ledger.ts";
import { isAnother } from "#migrate/renamed.ts";
import { fillProgress, fillToJson } from "./fill.ts";
import { lineDiff } from "./line-diff.ts";
import { formatLocalTime } from "./local-time.ts";
import type { Paint } from "./style.ts";
import { padTo } from "./text.ts";
import { inLine } from "./visible.ts";

/** More applied migrations than this in front of the others are shown in short, but for the last of them. */
const SHOWN_WHOLE = 20;
const SHOWN_LAST = 5;

/**
 * One line a migration, as in the tutorial; of many that need no attention only the last. Pure.
 * @param options.edits shown below their lines
 * @param options.held what pending ones wait for, by version
 * @param options.all shows each of them
 * @param options.columns of a terminal: names and what is said of them stand below each other, where that fits
 */
export function renderStatus(
  history: readonly HistoryEntry[],
  {
    edits = [],
    held = new Map(),
    all = false,
    paint = (_, text) => text,
    columns = 0,
  }: {
    readonly edits?: readonly Edit[];
    readonly held?: ReadonlyMap<string, string>;
    readonly all?: boolean;
    readonly paint?: Paint;
    readonly columns?: number | undefined;
  } = {},
): string {
  const open = history.findIndex(({ standing }) => !CLOSED.has(standing));
  const done = open < 0 ? history.length : open;
  const folded = all || done <= SHOWN_WHOLE ? 0 : done - SHOWN_LAST;
  const last = history[folded - 1];
  const short =
    last === undefined ? "" : `✅ ${folded} more applied, up to ${inLine(migrationId(last))} (--all shows them)\n`;
  const shown = history.slice(folded).map((entry) => ({ entry, ...statusParts(entry, held.get(entry.version)) }));
  const widest = Math.max(0, ...shown.map(({ name }) => Bun.stringWidth(name)));
  const fits = shown.every(({ sign, said }) => Bun.stringWidth(`${sign}  (${said})`) + widest <= columns);
  const lines = shown.map(({ entry, sign, name, said }) => {
    const edit = edits.find(({ version }) => version === entry.version);
    const words = CLOSED.has(entry.standing) ? paint("dim", `(${said})`) : paint("yellow", `(${said})`);
    return `${sign} ${fits ? padTo(name, widest) : name} ${words}\n${edit === undefined ? "" : renderEdit(edit)}`;
  });
  return short + lines.join("");
}

/** How a migration stands that nothing is left to do for. */
export const CLOSED: ReadonlySet<HistoryEntry["standing"]> = new Set(["applied", "covered", "squashed"]);

/** What is different in an edited file, line by line. Pure. */
export function renderEdit({ path, before, after, isAltered }: Edit): string {
  if (isAltered === true) {
    return `    ${inLine(path)}: the checksum in the ledger does not fit the text beside it, which ${before === after ? "is that of the file: the checksum was changed" : "may not be what was applied"}\n`;
  }
  if (before === undefined || after === undefined) {
    const why = before === undefined ? "the ledger does not have the text that was applied" : "the file is no text";
    return `    ${inLine(path)}: what was edited cannot be shown: ${why}\n`;
  }
  const lines = lineDiff(before, after).map((line) => `    ${line}\n`);
  return `    ${inLine(path)}, - as it was applied, + as it is now:\n${lines.length === 0 ? "    (only ends of lines)\n" : lines.join("")}`;
}

interface StatusParts {
  readonly sign: string;
  readonly name: string;
  readonly said: string;
}

function statusParts(entry: HistoryEntry, waits?: string): StatusParts {
  const [sign, said] = standingOf(entry, waits);
  return { sign, name: inLine(migrationId(entry)), said };
}

function standingOf(entry: HistoryEntry, waits: string | undefined): readonly [sign: string, said: string] {
  const applied = entry.row === undefined ? "" : `applied ${appliedAt(entry.row)}`;
  switch (entry.standing) {
    case "applied":
      return ["✅", applied];
    case "pending":
      return ["⏳", `pending${foreign(entry)}${waits === undefined ? "" : `, waits: ${inLine(waits)}`}`];
    case "edited":
      if (isAnother(entry))
        return [
          "⚠️ ",
          `this database has another ${entry.version}: ${inLine(entry.row?.name ?? "")}, ${applied}${renamed(entry)}`,
        ];
      return ["⚠️ ", `${entry.row?.state === "applying" ? "begun, not done" : applied}, edited since`];
    case "changed":
      return ["⏳", `${applied}, changed since: runs again`];
    case "covered":
      return ["➖", "covered by the baseline"];
    case "squashed":
      return ["➖", `${applied}, squashed into the base`];
    case "lacking":
      return ["❌", "not applied, squashed into the base"];
    case "missing":
      return ["⚠️ ", `${applied}, file missing${renamed(entry)}`];
    case "out-of-order":
      return ["⚠️ ", `pending, out of order${foreign(entry)}`];
    case "filling":
      return ["⏳", filling(entry)];
    case "stopped":
      return ["❌", `stopped ${progress(entry)}`];
  }
}

function filling({ progress: come, worker }: HistoryEntry): string {
  const done = come === undefined ? "filling" : `filling: ${fillProgress(come)}`;
  if (worker === undefined) {
    const first = (come?.pausedBy ?? null) === null ? "" : "confiture migrate resume, then ";
    return `${done}; nobody works on it: ${first}confiture migrate up goes on`;
  }
  return `${done}; process ${worker.pid} works on it`;
}

function renamed(entry: HistoryEntry): string {
  const file = entry.renamed?.();
  return file === undefined ? "" : `, renamed since: ${inLine(file.path)}`;
}

function foreign({ file }: HistoryEntry): string {
  return file?.form === "foreign" ? `; ${languageOf(file.path)}, which cannot run here` : "";
}

function appliedAt({ appliedAt: time }: LedgerRow): string {
  if (time === null) return "at an unknown time";
  return typeof time === "string" ? inLine(time) : formatLocalTime(time);
}

function progress({ row, stoppedAt }: HistoryEntry): string {
  const way = row?.state === "reverting" ? " while rolling back" : "";
  const total = row?.statementsTotal ?? undefined;
  const at =
    stoppedAt === undefined
      ? ""
      : inLine(`, at ${stoppedAt.place.file}:${stoppedAt.place.line}: ${stoppedAt.firstLine}`);
  return `after statement ${row?.statementsDone ?? 0}${total === undefined ? "" : ` of ${total}`}${way}${at}`;
}

export function entryToJson(
  entry: HistoryEntry,
  held: ReadonlyMap<string, string> = new Map(),
): Record<string, unknown> {
  const { row } = entry;
  return {
    version: entry.version,
    name: entry.name,
    state: entry.standing,
    file: entry.file?.path ?? null,
    appliedAt: row?.appliedAt instanceof Date ? row.appliedAt.toISOString() : (row?.appliedAt ?? null),
    appliedBy: row?.appliedBy ?? null,
    executionMs: row?.executionMs ?? null,
    toolVersion: row?.toolVersion ?? null,
    checksum: row?.checksum ?? null,
    statementsDone: row?.statementsDone ?? null,
    statementsTotal: row?.statementsTotal ?? null,
    stoppedAt: entry.stoppedAt?.firstLine ?? null,
    stoppedPlace: entry.stoppedAt?.place ?? null,
    phase: entry.marks?.phase ?? (entry.marks?.backfill === undefined ? null : "backfill"),
    waits: held.get(entry.version) ?? null,
    backfill: entry.progress === undefined ? null : fillToJson(entry.progress, entry.worker),
  };
}
