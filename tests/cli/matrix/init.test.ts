import { tryEveryCell } from "./matrix.ts";
import { begun } from "./shapes.ts";

tryEveryCell(
  "init",
  begun,
  `
  build     behind: builds, records 003 | up: nothing
            ahead: builds | up: history_missing: migrate up --allow-missing > nothing
            merged: build_over: migrate up --allow-out-of-order > applies 002 > builds | up: nothing
            migration edited: builds, edited 001 | up: history_edited: migrate accept 001 > accept_refused: migrate accept 001 --different > done > nothing
            schema edited: build_over: migrate generate next > writes ~users.bio > build_behind | up: applies 004
            fresh, embedded: builds, records 001 003 | up: nothing
            *: builds | up: nothing
  up        behind: applies 003
            ahead: history_missing: migrate up --allow-missing > nothing
            merged: history_out_of_order: migrate up --allow-out-of-order > applies 002
            migration edited: history_edited: migrate accept 001 > accept_refused: migrate accept 001 --different > done > nothing
            fresh, embedded: applies base.sql 001 003
            *: nothing
  status    behind: 001 applied, 003 pending
            ahead: 001 applied, 003 missing
            merged: 001 applied, 002 out-of-order, 003 applied
            migration edited: 001 edited, 003 applied
            fresh, embedded: base.sql pending, 001 pending, 003 pending
            *: 001 applied, 003 applied
  drift     behind: none, pending 003
            ahead: +posts
            by hand: +handmade +users.hand
            merged: none, pending 002
            schema edited: ~users.bio
            fresh, embedded: -users, pending 001 003
            *: none
  generate  migration edited: writes +extra ~users.bio
            schema edited: writes +extra ~users.bio
            *: writes +extra
  verify    built, merged: proven, proven, proven
            *: proven, proven, disproven
  update    *: changed 10_tables/users.sql
  squash    built: squashes 001
            migration edited: squash_refused: migrate accept 001 > accept_refused: migrate accept 001 --different > done > squashes 001
  diff      merged: none
            schema edited: ~users.bio
`,
);
