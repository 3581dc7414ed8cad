import type * as Net from "node:net";
import type { ServerAddress } from "#database/target.ts";
import type { Parameters } from "./connection-parameters.ts";
import { not, type Setting, type TextSetting } from "./setting.ts";

export interface ResolvedHosts {
  readonly addresses: readonly [Omit<ServerAddress, "password">, ...Omit<ServerAddress, "password">[]];
  readonly host: Setting<string>;
  readonly hostaddr: Setting<string> | undefined;
  readonly port: Setting<string>;
}

const DEFAULT_HOST = "localhost";
const DEFAULT_PORT = 5432;

/**
 * The hosts of a connection: lists with commas in `host`, `hostaddr` and `port`, as in
 * https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-MULTIPLE-HOSTS. An empty item is the default.
 * @throws ConfitureError `config_invalid`
 */
export function resolveHosts(parameters: Parameters): ResolvedHosts {
  const givenHost = parameters.get("host");
  const givenAddress = parameters.get("hostaddr");
  const givenPort = parameters.get("port");
  const hosts = givenHost?.value.split(",").map((host) => readHost(host.trim(), givenHost));
  const ips = givenAddress?.value.split(",").map((ip) => readIp(ip.trim(), givenAddress));
  const ports = givenPort?.value.split(",").map((port) => readPort(port.trim(), givenPort)) ?? [DEFAULT_PORT];
  if (hosts !== undefined && ips !== undefined && hosts.length !== ips.length) {
    throw givenAddress!.fail(
      `names ${ips.length} addresses for ${hosts.length} hosts`,
      "Give an address for each host.",
    );
  }
  const count = ips?.length ?? hosts?.length ?? 1;
  if (ports.length !== 1 && ports.length !== count) {
    throw givenPort!.fail(
      `names ${ports.length} ports for ${count} hosts`,
      "Give one port for all, or one for each host.",
    );
  }
  const addresses = Array.from({ length: count }, (_, index): Omit<ServerAddress, "password"> => {
    const ip = ips?.[index] ?? "";
    const host = hosts?.[index] ?? "";
    return {
      host: host !== "" ? host : ip !== "" ? ip : DEFAULT_HOST,
      ...(ip === "" || host === "" ? {} : { hostAddress: ip }),
      port: ports[ports.length === 1 ? 0 : index]!,
    };
  });
  const [first, ...others] = addresses;
  return {
    addresses: [first!, ...others],
    host: {
      value: addresses.map(({ host }) => host).join(","),
      origin: givenHost?.origin ?? givenAddress?.origin ?? "default",
    },
    hostaddr: givenAddress,
    port: { value: ports.join(","), origin: givenPort?.origin ?? "default" },
  };
}

function readHost(host: string, given: TextSetting): string {
  if (host.includes("://")) throw given.fail("must be a host name, not a URL", "Write a URL under `url`.");
  if (host.startsWith("@")) throw given.fail("is an abstract socket, which Confiture does not support");
  if (host.startsWith("/")) return host;
  if (/^[^:]+:\d+$/.test(host)) throw given.fail("holds a port", "Write the port under `port`.");
  if (/[\s/@?#[\]]/.test(host)) {
    throw given.fail("must be a host name, an IP address or the absolute path of a socket directory");
  }
  return host;
}

function readIp(ip: string, given: TextSetting): string {
  if (ip !== "" && !isAddress(ip.replace(/%.*$/, ""))) {
    throw given.fail(`must be an IP address${not(given)}`, "A name is written under `host`.");
  }
  return ip;
}

function readPort(text: string, given: TextSetting): number {
  if (text === "") return DEFAULT_PORT;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) throw given.fail(`must be a number from 1 to 65535${not(given)}`);
  return port;
}

function isAddress(text: string): boolean {
  // Loaded only when the answer matters: it takes longer than all of the configuration.
  const { isIP } = require("node:net") as typeof Net;
  return isIP(text) !== 0;
}
