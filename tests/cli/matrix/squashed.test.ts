import { tryEveryCell } from "./matrix.ts";
import { begun, squashed } from "./shapes.ts";

tryEveryCell(
  "squashed",
  async () => squashed(await begun()),
  `
  build     built: builds | up: nothing
            merged: build_over: migrate up --allow-out-of-order > applies 002 > builds | up: nothing
            migration edited: builds, edited 003 | up: history_edited: migrate accept 003 > accept_refused: migrate accept 003 --different > done > nothing
            fresh: builds, records 001 003 | up: nothing
            *: builds, records 003 | up: nothing
  up        fresh: applies base.sql 003
            built: nothing
            behind: applies 003
            merged: history_out_of_order: migrate up --allow-out-of-order > applies 002
            migration edited: history_edited: migrate accept 003 > accept_refused: migrate accept 003 --different > done > nothing
  status    fresh: base.sql pending, 003 pending
            built: 001 squashed, 003 applied
            behind: 001 squashed, 003 pending
            merged: 001 squashed, 002 out-of-order, 003 applied
            migration edited: 001 squashed, 003 edited
  drift     fresh: -users, pending 003
            behind: none, pending 003
            merged: none, pending 002
            *: none
  generate  built: writes +extra
            migration edited: writes +extra ~posts.title
  verify    migration edited: proven, proven, disproven
            *: proven, proven, proven
  update    built: changed 10_tables/users.sql
  squash    built: squash_refused: migrate status > 001 squashed, 003 applied > squash_refused
            migration edited: squash_refused: migrate status > 001 squashed, 003 edited > squash_refused
  diff      merged: none
`,
);
