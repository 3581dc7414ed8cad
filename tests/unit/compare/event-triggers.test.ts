import { expect, test } from "bun:test";
import { withEventTriggersOff } from "#compare/event-triggers.ts";

test("event triggers are made off, and each gets its own state in the end", () => {
  const other = "CREATE INDEX i ON t (id)";
  expect(
    withEventTriggersOff([
      "CREATE EVENT TRIGGER plain ON ddl_command_end EXECUTE FUNCTION f()",
      'CREATE EVENT TRIGGER "an ""odd"" name" ON sql_drop EXECUTE FUNCTION f()',
      'ALTER EVENT TRIGGER "an ""odd"" name" ENABLE ALWAYS',
      "CREATE EVENT TRIGGER off ON sql_drop EXECUTE FUNCTION f()",
      "ALTER EVENT TRIGGER off DISABLE",
      "COMMENT ON EVENT TRIGGER plain IS 'CREATE EVENT TRIGGER'",
      other,
    ]),
  ).toEqual({
    made: [
      "CREATE EVENT TRIGGER plain ON ddl_command_end EXECUTE FUNCTION f();\nALTER EVENT TRIGGER plain DISABLE",
      'CREATE EVENT TRIGGER "an ""odd"" name" ON sql_drop EXECUTE FUNCTION f();\nALTER EVENT TRIGGER "an ""odd"" name" DISABLE',
      "CREATE EVENT TRIGGER off ON sql_drop EXECUTE FUNCTION f();\nALTER EVENT TRIGGER off DISABLE",
      "COMMENT ON EVENT TRIGGER plain IS 'CREATE EVENT TRIGGER'",
      other,
    ],
    states: [
      "ALTER EVENT TRIGGER plain ENABLE",
      'ALTER EVENT TRIGGER "an ""odd"" name" ENABLE ALWAYS',
      "ALTER EVENT TRIGGER off DISABLE",
    ],
  });
});
