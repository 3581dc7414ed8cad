import { tryEveryCell } from "./matrix.ts";
import { schemaOnly } from "./shapes.ts";

tryEveryCell(
  "schema only",
  schemaOnly,
  `
  build     schema edited: build_over: apply > unconfirmed: apply --yes local > done > done > builds
            *: builds
  up        *: migrations_missing: migrate new next > done > migration_empty
  status    *: none
  drift     built: none
            behind: -posts
            ahead: +posts
            by hand: +handmade +users.hand
            merged: -tags
            schema edited: ~posts.title
            *: -posts -users -users_id_seq
  generate  built: writes +extra
            behind: writes +extra +posts
            ahead: generate_refused: migrate generate extra --allow-drop > writes +extra -posts
            by hand: generate_refused: migrate generate extra --allow-drop > writes +extra -handmade -users.hand
            merged: writes +extra +tags
            schema edited: writes +extra ~posts.title
            *: writes +extra +posts +users +users_id_seq
  verify    *: proven
  update    *: changed users.sql
  squash    built: migration_unknown: migrate new next > done > squash_refused
  diff      merged: usage: drift > -tags > usage
            schema edited: usage: drift > ~posts.title > usage
`,
);
