import { ConfitureError } from "#errors/error.ts";
import { parseConninfo } from "./conninfo.ts";
import type { TextSetting } from "./setting.ts";

const SECRETS: ReadonlySet<string> = new Set(["password", "sslpassword"]);

/**
 * A connection URL or conninfo string without its passwords. Pure.
 * @param text one that was read without an error: in one that is malformed, a password may be anywhere
 */
export function withoutPassword(text: string): string {
  const url = /^(postgres(?:ql)?:\/\/)([^@/]*@)?([^?]*)(?:\?(.*))?$/is.exec(text.trim());
  if (url === null) return conninfoWithoutPassword(text);
  const [, scheme = "", credentials = "", address = "", query = ""] = url;
  const user = credentials.replace(/:.*@$/s, "@");
  const rest = query.split("&").filter((pair) => pair !== "" && !SECRETS.has(decodeURIComponent(pair.split("=")[0]!)));
  return `${scheme}${user}${address}${rest.length === 0 ? "" : `?${rest.join("&")}`}`;
}

function conninfoWithoutPassword(text: string): string {
  const source: TextSetting = {
    value: text,
    origin: "",
    quoted: "",
    fail: (problem) => new ConfitureError("config_invalid", problem),
  };
  return parseConninfo(text, source)
    .filter(({ name }) => !SECRETS.has(name))
    .map(({ name, value }) => `${name}=${/^[^\s'\\]+$/.test(value) ? value : `'${value.replace(/['\\]/g, "\\$&")}'`}`)
    .join(" ");
}
