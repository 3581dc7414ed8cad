import type { DangerKind } from "./danger-kinds.ts";
import { memberships } from "./memberships.ts";
import type { Statement } from "../statement.ts";

/** What a role of PostgreSQL itself lets its members do without a right on anything (manual, "Predefined Roles"). */
interface Predefined {
  /** Goes on from "exposes". */
  readonly shows?: string;
  /** Goes on from "lets ROLE web". */
  readonly may?: string;
}

/** Those that show or take nothing, such as `pg_checkpoint`, are there as well: what is not known is told. */
export const PREDEFINED: Readonly<Record<string, Predefined>> = {
  pg_read_all_data: { shows: "every table" },
  pg_write_all_data: { may: "add, change and delete rows of every table" },
  pg_read_all_settings: { shows: "every setting of the server" },
  pg_read_all_stats: { shows: "what every session runs, and every statistic" },
  pg_stat_scan_tables: { shows: "what functions that scan every table tell of it" },
  pg_monitor: { shows: "what every session runs, every setting and every statistic" },
  pg_read_server_files: { shows: "every file that the server can read" },
  pg_write_server_files: { may: "write any file that the server can write" },
  pg_execute_server_program: {
    shows: "whatever a program on the server can read",
    may: "run programs on the server",
  },
  pg_signal_backend: { may: "end what others are doing on the server" },
  pg_create_subscription: { may: "make subscriptions, which add, change and delete rows" },
  pg_maintain: { may: "lock and rewrite every table" },
  pg_checkpoint: {},
  pg_use_reserved_connections: {},
  pg_signal_autovacuum_worker: {},
  pg_database_owner: {},
};

/** GRANT pg_write_all_data TO web. Names that begin with `pg_` are PostgreSQL's own. Pure. */
export function dangersOfMembership(statement: Statement): DangerKind[] {
  if (!/\bpg_/i.test(statement.text)) return [];
  return memberships(statement).flatMap(({ role, members, how }): DangerKind[] => {
    const known = PREDEFINED[role];
    const may = known === undefined && role.startsWith("pg_") ? `do whatever ROLE ${role} may do` : known?.may;
    return may === undefined ? [] : [{ kind: "role-may", may, members, how }];
  });
}
