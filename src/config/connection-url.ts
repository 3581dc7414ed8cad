import type { RawParameter } from "./connection-parameters.ts";
import type { TextSetting } from "./setting.ts";

const ESCAPES_HINT =
  "In a URL, the characters @ : / ? # % & of a user, password or database are written %40 %3A %2F %3F %23 %25 %26.";

/**
 * Splits a PostgreSQL URL as libpq does
 * (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS), except that a stray
 * `@` is refused: libpq would take part of the password for a host.
 * @throws ConfitureError made by `source.fail`; it never quotes the URL
 */
export function parseUrl(url: string, source: TextSetting): RawParameter[] {
  let rest = url.slice(url.indexOf("://") + 3);
  const parameters: RawParameter[] = [];
  const decode = (text: string): string => percentDecode(text, source);

  const credentials = /^([^@/]*)@/.exec(rest)?.[1];
  if (credentials !== undefined) {
    rest = rest.slice(credentials.length + 1);
    const colon = credentials.indexOf(":");
    parameters.push({ name: "user", value: decode(colon === -1 ? credentials : credentials.slice(0, colon)) });
    if (colon !== -1) parameters.push({ name: "password", value: decode(credentials.slice(colon + 1)) });
  }
  const question = rest.indexOf("?");
  const address = question === -1 ? rest : rest.slice(0, question);
  const query = question === -1 ? "" : rest.slice(question + 1);
  if (address.includes("@")) throw source.fail("has one @ too many", ESCAPES_HINT);
  if (/[\s#]/.test(address)) throw source.fail("has a space or # in the wrong place", ESCAPES_HINT);

  const slash = address.indexOf("/");
  const authority = slash === -1 ? address : address.slice(0, slash);
  const hosts: string[] = [];
  const ports: string[] = [];
  for (const place of authority.split(",")) {
    const parts = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::([^:]*))?$/.exec(place);
    if (parts === null) {
      throw source.fail("has a malformed host or port", `${ESCAPES_HINT}\nAn IPv6 address stands in brackets: [::1].`);
    }
    hosts.push(decode(parts[1] ?? parts[2] ?? ""));
    ports.push(decode(parts[3] ?? ""));
  }
  const list = (items: readonly string[]): string => (items.every((item) => item === "") ? "" : items.join(","));
  parameters.push({ name: "host", value: list(hosts) });
  parameters.push({ name: "port", value: list(ports) });
  if (slash !== -1) parameters.push({ name: "dbname", value: decode(address.slice(slash + 1)) });

  for (const pair of query.split("&")) {
    if (pair === "") continue;
    const equals = pair.indexOf("=");
    if (equals === -1) throw source.fail("has a parameter without a value after its ?", ESCAPES_HINT);
    const name = decode(pair.slice(0, equals));
    const value = decode(pair.slice(equals + 1));
    // libpq's own concession to JDBC.
    if (name === "ssl" && value === "true") parameters.push({ name: "sslmode", value: "require" });
    else parameters.push({ name, value });
  }
  return parameters;
}

function percentDecode(text: string, source: TextSetting): string {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    throw source.fail("has a % that is not followed by two hexadecimal digits of UTF-8", ESCAPES_HINT);
  }
}
