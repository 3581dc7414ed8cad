import { isMissingName } from "#database/advice.ts";
import type { Script } from "#database/script.ts";
import type { ServerReport } from "#errors/error.ts";
import { definedName } from "#sql/defined-name.ts";
import type { Statement } from "#sql/statement.ts";

/**
 * The name of the object that a failed statement did not find, without its schema, or undefined when the
 * failure is another, or names nothing. Message texts are translated, the quotes around names are not always `"`: what is looked
 * for is a name, so any quoting will do.
 */
export function missingObject(server: ServerReport): string | undefined {
  if (!isMissingName(server)) return undefined;
  const quoted = /["«„“'‘]([^"»“”'’]+)["»“”'’]/.exec(server.message)?.[1];
  const called = /([\w.$]+)\(/.exec(server.message)?.[1];
  const name = quoted ?? called;
  return name?.slice(name.lastIndexOf(".") + 1);
}

/** The statement of a script that creates an object of this name. */
export function findDefinition(script: Script, name: string): Statement | undefined {
  return script.statements.find((statement) => definedName(statement) === name);
}
