import { tryEveryCell } from "./matrix.ts";
import { migrationsOnly } from "./shapes.ts";

tryEveryCell(
  "migrations only",
  migrationsOnly,
  `
  build     behind: schema_no_files: migrate up > applies 003 > schema_no_files | up: nothing
            ahead: schema_no_files: migrate up > history_missing: migrate up --allow-missing > nothing > schema_no_files | up: history_missing: migrate up --allow-missing > nothing
            merged: schema_no_files: migrate up > history_out_of_order: migrate up --allow-out-of-order > applies 002 > schema_no_files | up: nothing
            migration edited: schema_no_files: migrate up > history_edited: migrate accept 001 > accept_refused: migrate accept 001 --different > done > nothing > schema_no_files | up: nothing
            fresh, embedded: schema_no_files: migrate up > applies 001 003 > schema_no_files | up: nothing
            *: schema_no_files: migrate up > nothing > schema_no_files | up: nothing
  up        behind: applies 003
            ahead: history_missing: migrate up --allow-missing > nothing
            merged: history_out_of_order: migrate up --allow-out-of-order > applies 002
            migration edited: history_edited: migrate accept 001 > accept_refused: migrate accept 001 --different > done > nothing
            fresh, embedded: applies 001 003
            *: nothing
  status    behind: 001 applied, 003 pending
            ahead: 001 applied, 003 missing
            merged: 001 applied, 002 out-of-order, 003 applied
            migration edited: 001 edited, 003 applied
            fresh, embedded: 001 pending, 003 pending
            *: 001 applied, 003 applied
  drift     built: none
            behind: none, pending 003
            ahead: +posts
            by hand: +handmade +users.hand
            merged: none, pending 002
            migration edited: ~users.bio
            *: none, pending 001 003
  generate  *: generate_refused: schema update > schema_update_refused: schema update --yes > created 90_extra/posts.sql, created 90_extra/users.sql > writes +extra
  verify    *: proven
  update    built: schema_no_files: migrate up > applies 004 > schema_no_files
  squash    built: squashes 001
            migration edited: squash_refused: migrate accept 001 > accept_refused: migrate accept 001 --different > done > squashes 001
  diff      merged: schema_no_files: migrate up > history_out_of_order: migrate up --allow-out-of-order > applies 002 > schema_no_files
`,
);
