/** Bytes that the backend reads between two collections. */
const COLLECT_AFTER = 16 * 1024 * 1024;

let read = 0;

/**
 * Collects garbage for every few megabytes that the backend reads. Each system call of it leaves some behind, and the
 * collector by itself waits for as much as PostgreSQL's whole memory, which it takes for the program's own.
 */
export function countRead(bytes: number): void {
  read += bytes;
  if (read < COLLECT_AFTER) return;
  read = 0;
  Bun.gc(true);
}
