import { ConfitureError } from "#errors/error.ts";

/** What `work` failed with. Anything but a ConfitureError is a defect, and so is success. */
export async function failureOf(work: Promise<unknown> | (() => unknown)): Promise<ConfitureError> {
  let outcome: unknown;
  try {
    outcome = await (typeof work === "function" ? work() : work);
  } catch (error) {
    if (!(error instanceof ConfitureError)) throw error;
    return error;
  }
  throw new Error(`Expected a failure, got ${Bun.inspect(outcome)}`);
}

/** "db/schema/a.sql:3:14", as much as is known. */
export function placeOf(error: ConfitureError | undefined): string {
  const { file, line, column } = error?.location ?? {};
  return [file, line, column].filter((part) => part !== undefined).join(":");
}

/** The text of the source line from the reported column on: what the caret points at. */
export function caretOf(error: ConfitureError | undefined): string {
  const { sourceLine, column } = error?.location ?? {};
  if (sourceLine === undefined) throw new Error("The location has no source line");
  return [...sourceLine].slice((column ?? 1) - 1).join("");
}
