import { describe, expect, test } from "bun:test";
import { ConfitureError } from "#errors/error.ts";
import { missingRole } from "#database/missing-roles.ts";
import { explainMissing } from "#scratch/missing.ts";

const ERROR = { severity: "ERROR", sqlstate: "42704", routine: "get_role_oid" };

test("a missing role is found in the messages of every language", () => {
  const messages = {
    'role "web reader" does not exist': "web reader",
    "Rolle »web reader« existiert nicht": "web reader",
    "Rolle „web reader“ existiert nicht": "web reader",
    "le rôle « web reader » n'existe pas": "web reader",
    "не найдена роль «web reader»": "web reader",
    'role "a"b" does not exist': 'a"b',
  };
  const setting = { ...ERROR, sqlstate: "22023", routine: "call_string_check_hook" };
  for (const [message, role] of Object.entries(messages)) {
    expect(missingRole({ ...ERROR, message })).toBe(role);
    expect(missingRole({ ...setting, message })).toBe(role);
  }
  for (const message of [
    'invalid value for parameter "TimeZone": "x"',
    "valeur invalide pour le paramètre « TimeZone » : « x »",
  ])
    expect(missingRole({ ...setting, message })).toBeUndefined();
});

test("what else does not exist is no role", () => {
  expect(missingRole({ ...ERROR, routine: "typenameType", message: 'type "role" does not exist' })).toBeUndefined();
  expect(missingRole({ ...ERROR, sqlstate: "42P01", message: 'relation "role" does not exist' })).toBeUndefined();
});

describe("what a scratch database misses is told by the function that looks for it, in every language", () => {
  const explained = (sqlstate: string, routine: string, message: string): ConfitureError => {
    const server = { severity: "ERROR", sqlstate, routine, message };
    return explainMissing(new ConfitureError("sql_failed", message, { server }), { engine: "embedded" });
  };

  test.each([
    ["0A000", "parse_extension_control_file", "Erweiterung »ltree« ist nicht verfügbar"],
    [
      "58P01",
      "parse_extension_control_file",
      'could not open extension control file "/share/ltree.control": No such file',
    ],
    ["42501", "execute_extension_script", "keine Berechtigung, um Erweiterung »ltree« zu erzeugen"],
  ])("an extension: %s %s %s", (sqlstate, routine, message) => {
    expect(explained(sqlstate, routine, message)).toMatchObject({
      code: "extension_missing",
      message: expect.stringContaining('"ltree"'),
    });
  });

  test("a collation, and nothing else that does not exist", () => {
    const message = "Sortierfolge »de-x-icu« existiert nicht";
    expect(explained("42704", "get_collation_oid", message).message).toBe(`${message} in the embedded PostgreSQL`);
    expect(explained("42704", "typenameType", message).message).toBe(message);
  });
});
