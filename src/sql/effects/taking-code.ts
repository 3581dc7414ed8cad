/** Words of code that may delete, change or drop something, as a regular expression that PostgreSQL takes as well. */
export const TAKING_WORDS = String.raw`(delete\s+from|truncate|drop|merge\s+into|execute|update\s+(only\s+)?\S+\s+(as\s+)?(\S+\s+)?set)`;
