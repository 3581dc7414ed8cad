import { describe, expect, test } from "bun:test";
import { rolesIfMissing } from "#sql/effects/missing-roles.ts";
import { loadParser } from "#sql/parser.ts";

const parser = await loadParser();
const inDo = (code: string): string => `DO $$ ${code} $$;`;

describe("roles that code makes where they are missing", () => {
  test.each([
    ["BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname='app') THEN CREATE ROLE app; END IF; END", ["app"]],
    [
      `BEGIN
        -- the reader
        IF NOT EXISTS (SELECT 1 FROM pg_catalog.pg_roles r WHERE r.rolname = 'reader') THEN
          CREATE ROLE reader NOLOGIN IN ROLE pg_monitor;
        END IF;
        if not exists (select usename from pg_user where usename = 'App') then create user "App" password 'x'; end if;
      END;`,
      ["reader", "App"],
    ],
    ["BEGIN CREATE ROLE app; EXCEPTION WHEN duplicate_object THEN NULL; END", ["app"]],
    [
      "BEGIN BEGIN CREATE ROLE a; EXCEPTION WHEN duplicate_object THEN RAISE NOTICE 'there'; END; BEGIN CREATE ROLE b; EXCEPTION WHEN duplicate_object THEN NULL; END; END",
      ["a", "b"],
    ],
  ])("%s", (code, roles) => {
    expect(rolesIfMissing(inDo(code), parser)).toEqual(roles);
  });

  test.each([
    "BEGIN CREATE ROLE app; END",
    "BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname='app') THEN CREATE ROLE other; END IF; END",
    "BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname='app') THEN CREATE ROLE app; GRANT pg_monitor TO x; END IF; END",
    "BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname='app') THEN CREATE ROLE app; END IF; ALTER ROLE app LOGIN; END",
    "BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname='app') THEN CREATE ROLE app; ELSE ALTER ROLE app LOGIN; END IF; END",
    "BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname='app' AND rolcanlogin) THEN CREATE ROLE app; END IF; END",
  ])("and what does more: %s", (code) => {
    expect(rolesIfMissing(inDo(code), parser)).toBeUndefined();
  });
});
