/** Words of code that may write rows. */
export const WRITES = /\b(?:update|delete|merge|truncate|insert|call|execute|perform|select|refresh)\b/i;

const HARMLESS = /\b(?:set_config|setval)\s*\(/gi;
const always = (): boolean => true;
const callsFunctions = (text: string): boolean => text.replaceAll(HARMLESS, "").includes("(", 1);

/** First words of statements that may run code, each with whether that may change rows, by the text of the statement. */
export const RUNS_CODE: ReadonlyMap<string, (text: string) => boolean> = new Map([
  ["DO", (text) => WRITES.test(text)],
  ["CALL", always],
  ["EXECUTE", always],
  ["FETCH", always],
  ["MOVE", always],
  ["EXPLAIN", (text) => /\banaly[sz]e\b/i.test(text)],
  ["WITH", (text) => /\b(?:update|delete|merge|insert)\b/i.test(text)],
  ["SELECT", callsFunctions],
  ["VALUES", callsFunctions],
  ["TABLE", callsFunctions],
  ["(", callsFunctions],
]);
