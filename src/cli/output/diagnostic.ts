import { ConfitureError, type Location, type ServerReport } from "#errors/error.ts";
import type { Paint } from "./style.ts";
import { indented, inLine } from "./visible.ts";

/** Characters of a source line that are shown; of a longer one, those around the caret. */
const EXCERPT_WIDTH = 120;

/** An error for people: what happened, where, what PostgreSQL says of it, and what to do next. Pure. */
export function renderError(error: ConfitureError, paint: Paint): string {
  const lines = [`${paint("red", "error:")} ${paint("bold", indented(error.message))}`];
  if (error.location !== undefined) lines.push(...renderLocation(error.location, paint));
  if (error.server !== undefined) lines.push(...renderServer(error.server, paint));
  if (error.hint !== undefined) lines.push(...labelled("next", error.hint, paint));
  return `${lines.join("\n")}\n`;
}

/** The place, and the source line with a caret under it. */
export function renderLocation(location: Location, paint: Paint): string[] {
  const { file, line, column, sourceLine, sourceColumn = 1 } = location;
  const place = [inLine(file), line, column].filter((part) => part !== undefined).join(":");
  const lines = [`  ${paint("cyan", "-->")} ${place}`];
  if (line === undefined || column === undefined || sourceLine === undefined) return lines;
  const gutter = String(line);
  const { text, caret } = excerpt(sourceLine, column - sourceColumn + 1);
  lines.push(`${paint("dim", `${gutter} |`)} ${text}`);
  lines.push(`${paint("dim", `${" ".repeat(gutter.length)} |`)} ${caret}${paint("red", "^")}`);
  return lines;
}

/** The part of the line to show, and the white space that puts a caret under the column. */
function excerpt(sourceLine: string, column: number): { text: string; caret: string } {
  const points = Array.from(sourceLine);
  const start =
    points.length <= EXCERPT_WIDTH
      ? 0
      : Math.max(0, Math.min(column - 1 - EXCERPT_WIDTH / 2, points.length - EXCERPT_WIDTH));
  const text = points.slice(start, start + EXCERPT_WIDTH);
  // A tab stays a tab, a wide character is as wide below as above.
  const caret = text
    .slice(0, column - 1 - start)
    .map((point) => (point === "\t" ? "\t" : " ".repeat(Bun.stringWidth(cell(point)))))
    .join("");
  return { text: text.map(cell).join(""), caret };
}

/** A character as it is shown: one that a terminal would act upon takes the room of its name. */
function cell(point: string): string {
  return point === "\t" ? point : inLine(point);
}

function renderServer(server: ServerReport, paint: Paint): string[] {
  return [
    ...labelled("SQLSTATE", server.sqlstate, paint),
    ...(server.detail === undefined ? [] : labelled("DETAIL", server.detail, paint)),
    ...(server.hint === undefined ? [] : labelled("HINT", server.hint, paint)),
    ...(server.internalQuery === undefined ? [] : labelled("QUERY", server.internalQuery, paint)),
    ...(server.context === undefined ? [] : labelled("CONTEXT", server.context, paint)),
  ];
}

/** A label and what it stands before, of one or more lines. */
export function labelled(label: string, text: string, paint: Paint): string[] {
  const [first = "", ...rest] = text.split("\n");
  return [`  ${paint("dim", `${label}:`)} ${first}`, ...rest.map((line) => `  ${line}`)];
}

/** An error in the JSON document. Pure. */
export function errorToJson(error: ConfitureError): Record<string, unknown> {
  return {
    code: error.code,
    message: error.message,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    ...(error.location === undefined ? {} : { location: error.location }),
    ...(error.server === undefined ? {} : { server: error.server }),
    ...(error.data === undefined ? {} : { data: error.data }),
  };
}

/** Whatever was thrown, as the one error type. */
export function toConfitureError(thrown: unknown): ConfitureError {
  if (thrown instanceof ConfitureError) return thrown;
  const text = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  return new ConfitureError("internal", `This is a defect in confiture: ${text}`, {
    hint: "Please report it with the command line and the text above.",
    cause: thrown,
  });
}
