import { expect, test } from "bun:test";
import { missingRole } from "#compare/scratch/missing.ts";

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
  for (const [message, role] of Object.entries(messages)) expect(missingRole({ ...ERROR, message })).toBe(role);
});

test("what else does not exist is no role", () => {
  expect(missingRole({ ...ERROR, routine: "typenameType", message: 'type "role" does not exist' })).toBeUndefined();
  expect(missingRole({ ...ERROR, sqlstate: "42P01", message: 'relation "role" does not exist' })).toBeUndefined();
});
