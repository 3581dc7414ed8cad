import type { Database } from "#database/database.ts";
import { ConfitureError } from "#errors/error.ts";
import type { LeakAdvice } from "./leak-advice.ts";
import type { Proof } from "./proof.ts";
import { TOKEN_NAMES } from "./tokens.ts";

/**
 * Stops a copy that holds originals, with the rules that let them through and what to write there.
 * @param withAdvice gives what says that; not without rules
 * @throws ConfitureError `sync_unproven`
 */
export async function requireProof(
  { columns, leaks }: Proof,
  withAdvice: (work: (advice: LeakAdvice) => Promise<void>) => Promise<void>,
): Promise<void> {
  const unproven = columns.filter(({ holds }) => !holds);
  const lines = [
    ...unproven.map(({ column, transform, same, how }) =>
      how === "no value in common"
        ? `  ${column} (${transform}): originals are among the results`
        : `  ${column} (${transform}): ${same} values are originals`,
    ),
    ...leaks.map(
      ({ column, kind, rows, more }) =>
        `  ${column}: ${more === true ? "at least " : ""}${rows} ${rows === 1 ? "row holds" : "rows hold"} an original ${TOKEN_NAMES[kind]}`,
    ),
  ];
  if (lines.length === 0) return;
  const steps = new Set<string>();
  const unruled: string[] = [];
  const places = new Set([...unproven, ...leaks].map(({ column }) => column));
  let untried = "";
  try {
    await withAdvice(async (advice) => {
      for (const place of places) {
        const line = await advice.against(
          place,
          leaks.filter(({ column }) => column === place),
        );
        if (line === undefined) unruled.push(withoutRule(place));
        else steps.add(line);
      }
    });
  } catch (error) {
    // What was found has to be told, whatever becomes of the advice.
    untried = `\nWhat to write could not be tried: ${error instanceof Error ? error.message : String(error)}`;
  }
  throw new ConfitureError("sync_unproven", `Originals are in the copy:\n${lines.join("\n")}`, {
    hint: `${stepsOf([...steps], unruled)}${untried}`,
    data: { columns: unproven, leaks },
  });
}

function stepsOf(ruled: readonly string[], unruled: readonly string[]): string {
  if (ruled.length + unruled.length === 0) return "Transform or skip what holds them (db/sync), then run it again.";
  const title =
    ruled.length === 0
      ? "Change this on the source, then run it again:"
      : "Change the rules, or skip the table (`TABLE: skip`), then run it again:";
  return [title, ...ruled, ...unruled].join("\n");
}

/** What to do about an original where no rule reaches: a label of an enum, or a materialized view. */
function withoutRule(place: string): string {
  return place.endsWith(" (labels of the enum)")
    ? `${place}: no rule changes them; ALTER TYPE ... RENAME VALUE does`
    : `${place} is in no table: the rules of the tables that its query reads make its values, and what is written in the query itself has to change there`;
}

export function schemaDiffers(
  changes: readonly { readonly change: string; readonly kind: string; readonly name: string }[],
): ConfitureError {
  const lines = changes.map(({ change, kind, name }) => `  ${SIGNS[change] ?? change} ${kind} ${name}`);
  return new ConfitureError("sync_unproven", `The copy's schema is not that of the source:\n${lines.join("\n")}`, {
    data: { changes: changes.map(({ change, kind, name }) => ({ change, kind, name })) },
  });
}

const SIGNS: Readonly<Record<string, string>> = {
  added: "missing:",
  dropped: "only in the copy:",
  changed: "different:",
};

/** @returns how many foreign keys there are */
export async function requireValidKeys(database: Database): Promise<number> {
  const [row] = await database.query<{ number: number }>(
    "select pg_catalog.count(*)::pg_catalog.int4 as number from pg_catalog.pg_constraint c where c.contype operator(pg_catalog.=) 'f' and c.convalidated",
  );
  return row?.number ?? 0;
}
