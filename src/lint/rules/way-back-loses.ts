import { lossOf } from "#sql/effects/loss.ts";
import type { Rule } from "../rule.ts";

export const wayBackLoses: Rule = {
  id: "way-back-loses",
  title: "A way back that takes away what was written since",
  group: "transactions",
  severity: "note",
  on: false,
  asks: ["syntax"],
  why: "A way back that drops a column or a table takes what applications have written into it since the migration. It is no way to undo a release that was in use.",
  instead: "Say so to whoever may need it; to undo a release in use, write a new migration that keeps the data.",
  wrong: "-- migrate:up\nALTER TABLE users ADD COLUMN bio text;\n-- migrate:down\nALTER TABLE users DROP COLUMN bio;",
  right:
    "-- migrate:up\nALTER TABLE users ALTER COLUMN bio SET DEFAULT '';\n-- migrate:down\nALTER TABLE users ALTER COLUMN bio DROP DEFAULT;",
  check({ file, statement }) {
    if (file.statements[0] !== statement) return [];
    const losses = (file.wayBack ?? []).flatMap((back) => lossOf(back) ?? []);
    return losses.length === 0
      ? []
      : [{ message: `Its way back ${losses.join(", ")}: what was written since is gone` }];
  },
};
