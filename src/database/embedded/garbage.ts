/** Bytes that the backend reads and writes between two collections. */
const COLLECT_AFTER = 32 * 1024 * 1024;

let count = 0;

/**
 * Collects garbage for every few megabytes that the backend reads or writes. Each system call of it leaves some behind, and
 * the collector by itself waits for as much as PostgreSQL's whole memory, which it takes for the program's own.
 */
export function countBytes(bytes: number): void {
  count += bytes;
  if (count < COLLECT_AFTER) return;
  count = 0;
  Bun.gc(true);
}
