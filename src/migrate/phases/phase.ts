import { ConfitureError, type Location } from "#errors/error.ts";
import { nearest } from "#errors/suggest.ts";
import { parseDuration } from "#sql/duration.ts";
import { parseQualifiedName, type QualifiedName } from "#sql/quote.ts";
import { canonicalVersion } from "../files/version.ts";

/** What a marker says about a migration's part in a change without downtime (docs/formats.md, "Phases"). */
export interface Marks {
  /** `expand` only adds; `contract` takes away what nobody needs any more, and is held until it is asked for. */
  readonly phase: "expand" | "contract" | undefined;
  /** The change that several migrations make together. */
  readonly change: string | undefined;
  /** Versions that have to be done before. */
  readonly after: readonly string[];
  readonly backfill: Backfill | undefined;
}

/** How one statement is run in batches. */
export interface Backfill {
  /** The table whose rows it goes through. */
  readonly table: QualifiedName;
  /** Columns of a unique index; `ctid` goes through the table's pages; undefined: the primary key. */
  readonly key: readonly string[] | "ctid" | undefined;
  /** Rows in a batch; `auto` follows the time that batches take. */
  readonly batch: number | "auto";
  /** Milliseconds between two batches. */
  readonly pause: number;
  /** Whether the user's triggers fire; undefined: they have to be none that an UPDATE fires. */
  readonly triggers: "on" | "off" | undefined;
  /** Whether it may write values that differ from run to run, such as random ones. */
  readonly once: boolean;
}

/** Everything that can stand behind a marker. */
export interface MarkerOptions {
  readonly transaction: boolean | undefined;
  /** Undefined where nothing of it is said. */
  readonly marks: Marks | undefined;
}

const OPTIONS = ["transaction", "phase", "change", "after", "backfill", "key", "batch", "pause", "triggers", "once"];

const OF_BACKFILL: ReadonlySet<string> = new Set(["key", "batch", "pause", "triggers", "once"]);

/** An option: a name, a colon, and a value that may have quoted names in it. */
const OPTION = /([^\s:"]+)(?::((?:"(?:[^"]|"")*"|[^\s"])*))?(?=\s|$)/y;

/**
 * Reads what stands behind a marker.
 * @param direction of the marker: the way back has only `transaction`
 * @throws ConfitureError `migration_invalid`
 */
export function readMarkerOptions(text: string, direction: "up" | "down", location: () => Location): MarkerOptions {
  const fail = (message: string, hint: string): ConfitureError =>
    new ConfitureError("migration_invalid", message, { location: location(), hint });
  const given = new Map<string, string>();
  for (const [word, name, value] of wordsOf(text)) {
    const isKnown = direction === "up" ? OPTIONS.includes(name) : name === "transaction";
    if (value === undefined || value === "" || !isKnown) {
      throw fail(`Unknown option "${word}" on a migrate comment`, hintForUnknown(name, direction, isKnown));
    }
    if (given.has(name)) throw fail(`The option ${name} is given twice`, "Give it once.");
    given.set(name, value);
  }
  const oneOf = <Value extends string>(name: string, values: readonly Value[]): Value | undefined => {
    const value = given.get(name);
    if (value === undefined || values.some((known) => known === value)) return value as Value | undefined;
    throw fail(
      `Unknown option "${name}:${value}" on a migrate comment`,
      `Write one of: ${values.map((known) => `${name}:${known}`).join(", ")}.`,
    );
  };
  const transaction = oneOf("transaction", ["true", "false"]);
  const isTransaction = transaction === undefined ? undefined : transaction === "true";
  if (given.size === (transaction === undefined ? 0 : 1)) return { transaction: isTransaction, marks: undefined };
  const phase = oneOf("phase", ["expand", "contract"]);
  const change = given.get("change");
  if (change !== undefined && !/^[\p{L}\p{N}_.-]+$/u.test(change)) {
    throw fail(`"${change}" is no name for a change`, "Use letters, digits, _ and -.");
  }
  const after = given.get("after")?.split(",") ?? [];
  const wrong = after.find((version) => !/^\d+(\.\d+)*$/.test(version));
  if (wrong !== undefined) throw fail(`"${wrong}" is no version`, "Write versions as in file names: after:005,006");
  if (phase === "contract" && after.length === 0 && change === undefined) {
    throw fail(
      "A contract does not say what has to be done before it",
      "Add change:NAME, as the migrations before it have, or after:VERSION with the version of the backfill.",
    );
  }
  const orphan = [...given.keys()].find((name) => OF_BACKFILL.has(name));
  const table = given.get("backfill");
  if (table === undefined && orphan !== undefined) {
    throw fail(`The option ${orphan} is for a backfill`, "Say which table is filled: backfill:TABLE");
  }
  if (table !== undefined && (phase !== undefined || transaction !== undefined)) {
    const other = phase === undefined ? "transaction" : "phase";
    throw fail(
      `backfill and ${other} do not go together`,
      "A backfill is a migration of its own, in transactions of its own.",
    );
  }
  return {
    transaction: isTransaction,
    marks: {
      phase,
      change,
      after: after.map(canonicalVersion),
      backfill: table === undefined ? undefined : readBackfill(table),
    },
  };

  function readBackfill(written: string): Backfill {
    const name = parseQualifiedName(written);
    if (name === undefined) throw fail(`"${written}" is no table`, "Write backfill:TABLE or backfill:SCHEMA.TABLE.");
    return {
      table: name,
      key: readKey(given.get("key")),
      batch: readBatch(given.get("batch") ?? "auto"),
      pause: readPause(given.get("pause") ?? "0"),
      triggers: oneOf("triggers", ["on", "off"]),
      once: oneOf("once", ["true", "false"]) === "true",
    };
  }

  function readKey(written: string | undefined): Backfill["key"] {
    if (written === undefined || written === "ctid") return written;
    // A comma in quotes belongs to a name.
    const parts = written.match(/(?:"(?:[^"]|"")*"|[^,"])+/g) ?? [];
    return parts.map((part) => {
      const name = parseQualifiedName(part);
      if (name === undefined || name.schema !== undefined) {
        throw fail(`"${part}" is no column`, "Write key:COLUMN, key:COLUMN,COLUMN or key:ctid.");
      }
      return name.name;
    });
  }

  function readBatch(written: string): number | "auto" {
    if (written === "auto") return written;
    const rows = Number(written);
    if (/^\d+$/.test(written) && rows > 0 && Number.isSafeInteger(rows)) return rows;
    throw fail(`"${written}" is no number of rows`, "Write batch:auto or batch:5000.");
  }

  function readPause(written: string): number {
    const pause = parseDuration(written);
    if (pause === undefined) throw fail(`"${written}" is no duration`, "Write pause:50ms or pause:1s.");
    return pause;
  }
}

function* wordsOf(text: string): Generator<readonly [word: string, name: string, value: string | undefined]> {
  const rest = text.trim();
  for (let at = 0; at < rest.length;) {
    OPTION.lastIndex = at;
    const match = OPTION.exec(rest);
    if (match === null) {
      const word = /^\S*/.exec(rest.slice(at))?.[0] ?? "";
      yield [word, word, undefined];
      at += word.length;
    } else {
      yield [match[0], match[1]!, match[2]];
      at += match[0].length;
    }
    at += /^\s*/.exec(rest.slice(at))![0].length;
  }
}

function hintForUnknown(name: string, direction: "up" | "down", isKnown: boolean): string {
  if (direction === "down") return "The one option of a way back is transaction:false.";
  if (isKnown) return `Write ${name}:VALUE.`;
  const near = nearest(name, OPTIONS);
  return near === undefined
    ? `Options are ${OPTIONS.join(", ")}, each with a colon and a value.`
    : `Did you mean ${near}:?`;
}
