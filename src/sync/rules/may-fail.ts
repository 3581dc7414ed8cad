/** A constant with its type: what is wrong with one is found when it is parsed. */
const CONSTANTS = /'(?:[^']|'')*'(?:\s*::\s*[\w. "()[\]]+)?|\b(?:now|current_timestamp|current_date)\b\s*(?:\(\))?/gi;

const MAY_FAIL = /::|\bcast\b|[/%]|\bto_(?:date|timestamp|number)\b|\b(?:sqrt|ln|log|power|mod|div)\b/i;

/**
 * Whether SQL may fail because of what is in a row, as a cast of a text to a number does: it has to be tried on every row before
 * the first one is copied. Functions of the user's own are not looked into. Pure.
 */
export function mayFailOnRows(sql: string): boolean {
  return MAY_FAIL.test(sql.replaceAll(CONSTANTS, "''"));
}
