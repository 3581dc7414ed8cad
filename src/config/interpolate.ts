import { nearest } from "#errors/suggest.ts";
import type { ErrorCode } from "#errors/codes.ts";
import type { Variables } from "./variables.ts";

export interface Interpolated {
  readonly text: string;
  /** The origins of the variables that went into it. */
  readonly used: readonly string[];
}

/** What is wrong with an interpolation; `at` is the offset of its `$` in the text. */
export class InterpolationError extends Error {
  readonly at: number;
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  constructor(at: number, code: ErrorCode, message: string, hint?: string) {
    super(message);
    this.at = at;
    this.code = code;
    this.hint = hint;
  }
}

/**
 * Replaces `${NAME}` (an error when unset), `${NAME:-default}` and `${NAME:?message}` (both when unset or
 * empty, as in a shell). `$${` is a literal `${`; any other `$` stands for itself. A default or message
 * ends at the first `}` and is taken as it is; values are not looked at again.
 * @throws InterpolationError; its message holds the variable's name, never a value
 */
export function interpolate(text: string, variables: Variables): Interpolated {
  let result = "";
  const used: string[] = [];
  let from = 0;
  for (let at = text.indexOf("${"); at !== -1; at = text.indexOf("${", from)) {
    if (at > from && text[at - 1] === "$") {
      result += `${text.slice(from, at - 1)}\${`;
      from = at + 2;
      continue;
    }
    const end = text.indexOf("}", at);
    if (end === -1) {
      throw new InterpolationError(at, "config_invalid", "A ${ is never closed", "Write $${ for a literal ${.");
    }
    result += text.slice(from, at) + evaluate(text.slice(at + 2, end), at, variables, used);
    from = end + 1;
  }
  return { text: result + text.slice(from), used };
}

function evaluate(expression: string, at: number, variables: Variables, used: string[]): string {
  const parts = /^([A-Za-z_]\w*)(?:(:-|:\?)([^]*))?$/.exec(expression);
  if (parts === null || parts[3]?.includes("${") === true) {
    throw new InterpolationError(
      at,
      "config_invalid",
      parts === null ? "A ${...} is not one of the known forms" : `The default of \${${parts[1]}} holds another \${`,
      "Use ${NAME}, ${NAME:-default} or ${NAME:?message}; write $${ for a literal ${.",
    );
  }
  const [, name = "", operator, argument = ""] = parts;
  const variable = operator === undefined ? variables.get(name) : variables.getNonEmpty(name);
  if (variable !== undefined) {
    used.push(variable.origin);
    return variable.value;
  }
  if (operator === ":-") return argument;
  if (operator === ":?" && argument !== "") {
    const hint = `Set ${name} in the environment or in .env.`;
    throw new InterpolationError(at, "config_unset_variable", `The variable ${name} is not set: ${argument}`, hint);
  }
  const similar = nearest(name, variables.names());
  throw new InterpolationError(
    at,
    "config_unset_variable",
    `The variable ${name} is not set`,
    similar === undefined
      ? `Set ${name} in the environment or in .env, or write \${${name}:-default}.`
      : `Did you mean ${similar}?`,
  );
}
