import {
  AUTHENTICATION_METHODS,
  type AuthenticationMethod,
  type AuthenticationRules,
  CHANNEL_BINDINGS,
} from "#database/target.ts";
import type { Parameters } from "./connection-parameters.ts";
import { oneOf, type TextSetting } from "./setting.ts";

/**
 * How the server may ask the client to authenticate itself, from `require_auth` and `channel_binding`
 * (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-REQUIRE-AUTH); undefined where neither is given.
 * @throws ConfitureError `config_invalid`
 */
export function resolveAuthentication(parameters: Parameters): AuthenticationRules | undefined {
  const required = parameters.get("require_auth");
  const binding = parameters.get("channel_binding");
  if (required === undefined && binding === undefined) return undefined;
  return {
    ...(required === undefined ? {} : readMethods(required)),
    ...(binding === undefined ? {} : { channelBinding: oneOf(binding, CHANNEL_BINDINGS) }),
  };
}

/** A list of methods, or, with an exclamation mark before each, of those that are not allowed. */
function readMethods(given: TextSetting): AuthenticationRules {
  const items = given.value.split(",").map((item) => item.trim());
  const excludes = items[0]!.startsWith("!");
  if (items.some((item) => item.startsWith("!") !== excludes)) {
    throw given.fail("mixes methods with and without !", "List the methods that are allowed, or those that are not.");
  }
  const named = items.map((item) => {
    const name = item.replace(/^!/, "");
    const method = AUTHENTICATION_METHODS.find((known) => known === name);
    if (method === undefined) {
      throw given.fail("has an unknown method", `Methods are ${AUTHENTICATION_METHODS.join(", ")}.`);
    }
    return method;
  });
  const twice = named.find((method, index) => named.indexOf(method) !== index);
  if (twice !== undefined) throw given.fail(`has ${twice} twice`);
  if (!excludes) return { methods: named, allowCleartext: named.includes("password") };
  const methods: AuthenticationMethod[] = AUTHENTICATION_METHODS.filter((method) => !named.includes(method));
  return { methods };
}
