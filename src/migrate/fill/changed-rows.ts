import type { ResultListener } from "#database/database.ts";

/** Counts the rows that a statement has changed, by what the server says of it ("UPDATE 3", "INSERT 0 3"). */
export class ChangedRows implements ResultListener {
  rows = 0;
  columns(): void {}
  row(): void {}
  copied(): void {}
  completed(tag: string): void {
    this.rows = Number(/(\d+)$/.exec(tag)?.[1] ?? 0);
  }
  ready(): void {}
}
