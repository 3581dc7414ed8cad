import { inside } from "#sql/parser.ts";
import type { LintStatement } from "../file.ts";
import type { Rule } from "../rule.ts";
import { settingsSet } from "../settings-set.ts";
import { alterations } from "#sql/alterations.ts";
import { milliseconds } from "./no-lock-timeout.ts";

export const timeoutKillsConcurrently: Rule = {
  id: "timeout-kills-concurrently",
  title: "A timeout of the file that ends CONCURRENTLY or VALIDATE half way",
  group: "locks",
  severity: "warning",
  asks: ["syntax", "neighbours"],
  why: "`CREATE INDEX CONCURRENTLY` waits for every transaction that was open before it, and takes long by design. A short `lock_timeout` or `statement_timeout` ends it and leaves an invalid index behind.",
  instead: "Set no timeout in a file with such a statement. Nobody waits for it, so none is needed.",
  wrong:
    "-- migrate:up transaction:false\nSET lock_timeout = '2s';\nCREATE INDEX CONCURRENTLY users_email_idx ON users (email);",
  right: "CREATE INDEX CONCURRENTLY users_email_idx ON users (email);",
  check({ node, file, statement }) {
    // VALIDATE asks for its lock once, before it reads anything: only a limit of the statement ends it half way.
    const isValidation = alterations(node, "AT_ValidateConstraint").length > 0;
    const isLong =
      isValidation ||
      inside(node, "IndexStmt")?.concurrent === true ||
      inside(node, "DropStmt")?.concurrent === true ||
      (inside(node, "ReindexStmt")?.params ?? []).some((param) => inside(param, "DefElem")?.defname === "concurrently");
    if (!isLong) return [];
    const before = file.statements.slice(0, file.statements.indexOf(statement));
    const inForce = new Map(before.flatMap(timeoutsOf).map((set) => [set.name, set]));
    if (isValidation) inForce.delete("lock_timeout");
    const value = [...inForce.values()].find(({ limit }) => limit !== 0);
    if (value === undefined) return [];
    return [
      {
        message: `${value.name} is ${value.limit} ms here, which ends this statement half way`,
        fix: `Remove the SET ${value.name}: nobody waits for this statement`,
      },
    ];
  },
};

function timeoutsOf({ node }: LintStatement): { readonly name: string; readonly limit: number }[] {
  return settingsSet(node).flatMap(({ kind, name, args }) => {
    if (name !== "lock_timeout" && name !== "statement_timeout") return [];
    return [{ name, limit: kind === "VAR_SET_VALUE" ? (milliseconds(args?.[0]) ?? 0) : 0 }];
  });
}
