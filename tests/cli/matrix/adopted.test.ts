import { tryEveryCell } from "./matrix.ts";
import { ADOPTED, adopted } from "./shapes.ts";

tryEveryCell(
  "adopted",
  async (origin) => await adopted(await origin(ADOPTED)),
  `
  build     fresh: builds, records 001 003 | up: nothing
            built: builds | up: nothing
            behind: build_over: migrate up > applies 003 > builds | up: nothing
            schema edited: build_over: migrate generate next > writes ~posts.title > build_behind | up: applies 004
  up        fresh: applies base.sql 001 003
            behind: applies 003
            *: nothing
  status    fresh: base.sql pending, 001 pending, 003 pending
            behind: 001 applied, 003 pending
            *: 001 applied, 003 applied
  drift     fresh: -paying -plan -users, pending 001 003
            built: none
            behind: none, pending 003
            schema edited: ~posts.title
  generate  built: writes +extra
            schema edited: writes +extra ~posts.title
  verify    built: proven, proven, proven
            schema edited: proven, proven, disproven
  update    *: changed 10_tables/users.sql
  squash    built: squashes 001
  diff      schema edited: ~posts.title
`,
);
