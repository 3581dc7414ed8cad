import { tryEveryCell } from "./matrix.ts";
import { tutorial } from "./shapes.ts";

tryEveryCell(
  "tutorial",
  tutorial,
  `
  build     behind: build_behind: migrate up > applies 003 > builds | up: nothing
            ahead: builds | up: history_missing: migrate up --allow-missing > nothing
            merged: build_behind: migrate up --allow-out-of-order > applies 002 > builds | up: nothing
            migration edited: builds, edited 001 | up: history_edited: migrate accept 001 > accept_refused: migrate accept 001 --different > done > nothing
            schema edited: build_over: migrate generate next > writes ~users.bio > build_over | up: applies 004
            fresh, embedded: builds, records 001 003 | up: nothing
            *: builds | up: nothing
  up        behind: applies 003
            ahead: history_missing: migrate up --allow-missing > nothing
            merged: history_out_of_order: migrate up --allow-out-of-order > applies 002
            migration edited: history_edited: migrate accept 001 > accept_refused: migrate accept 001 --different > done > nothing
            fresh, embedded: sql_failed: build > builds, records 001 003 > nothing
            *: nothing
  status    behind: 001 applied, 003 pending
            ahead: 001 applied, 003 missing
            merged: 001 applied, 002 out-of-order, 003 applied
            migration edited: 001 edited, 003 applied
            fresh, embedded: 001 pending, 003 pending
            *: 001 applied, 003 applied
  drift     behind: none, pending 003
            ahead: +posts
            by hand: +handmade +users.hand
            merged: none, pending 002
            schema edited: ~users.bio
            fresh, embedded: -users, pending 001 003
            *: none
  generate  built: writes +extra
            behind: generate_refused: migrate up > applies 003 > writes +extra
            by hand: generate_refused: migrate generate extra --allow-drop > writes +extra -handmade -users.hand
            merged: generate_refused: migrate up --allow-out-of-order > applies 002 > writes +extra
            migration edited: generate_refused: migrate base > done > writes ~users.bio
            schema edited: writes +extra ~users.bio
            *: generate_refused: migrate base > done > nothing
  verify    built, merged: proven, proven, proven
            *: proven, proven, disproven
  update    *: changed 10_tables/users.sql
  squash    built: squash_refused: migrate base > done > squashes 001
            migration edited: squash_refused: migrate accept 001 > accept_refused: migrate accept 001 --different > done > squash_refused
  diff      merged: sql_failed: migrate base > done > none
            schema edited: sql_failed: migrate base > done > ~users.bio
`,
);
