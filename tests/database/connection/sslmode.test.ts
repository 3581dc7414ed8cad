import { describe, expect, test } from "bun:test";
import { withDatabase } from "#database/open.ts";
import { Secret, type ServerTarget, type SslMode, type TlsOptions } from "#database/target.ts";
import { MAJORS, server } from "../../support/servers.ts";
import { CERTIFICATE_ROLE, PLAIN_ONLY_ROLE, TLS_ONLY_ROLE, tlsServer } from "../../support/tls.ts";
import { failureOf } from "../failure.ts";

const [oldest] = MAJORS;
const newest = MAJORS.at(-1);

/** Connects, and tells whether the line is encrypted. */
async function encrypted(target: ServerTarget): Promise<boolean> {
  return await withDatabase(target, {}, async (database) => {
    const [row] = await database.query<{ ssl: boolean }>("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
    return row?.ssl === true;
  });
}

describe.skipIf(oldest === undefined)("sslmode, as in libpq", () => {
  const outcomes: Record<SslMode, { plainOnly: string; both: string; tlsRole: string; plainRole: string }> = {
    disable: { plainOnly: "plain", both: "plain", tlsRole: "connect_auth", plainRole: "plain" },
    allow: { plainOnly: "plain", both: "plain", tlsRole: "encrypted", plainRole: "plain" },
    prefer: { plainOnly: "plain", both: "encrypted", tlsRole: "encrypted", plainRole: "plain" },
    require: { plainOnly: "connect_tls", both: "encrypted", tlsRole: "encrypted", plainRole: "connect_auth" },
    "verify-ca": { plainOnly: "connect_tls", both: "encrypted", tlsRole: "encrypted", plainRole: "connect_auth" },
    "verify-full": { plainOnly: "connect_tls", both: "encrypted", tlsRole: "encrypted", plainRole: "connect_auth" },
  };
  const outcome = async (target: ServerTarget): Promise<string> => {
    try {
      return (await encrypted(target)) ? "encrypted" : "plain";
    } catch (error) {
      return (error as { code: string }).code;
    }
  };

  for (const [mode, expected] of Object.entries(outcomes) as [SslMode, (typeof outcomes)[SslMode]][]) {
    test(mode, async () => {
      const { server: withTls, caFile } = await tlsServer(newest);
      const tls: TlsOptions = mode.startsWith("verify") ? { mode, rootCert: caFile } : { mode };
      const target = { ...withTls.target("postgres"), tls };
      expect({
        plainOnly: await outcome({ ...(await server(oldest)).target("postgres"), tls }),
        both: await outcome(target),
        tlsRole: await outcome({ ...target, user: TLS_ONLY_ROLE }),
        plainRole: await outcome({ ...target, user: PLAIN_ONLY_ROLE }),
      }).toEqual(expected);
    });
  }

  test("certificates: the right authority and the wrong one, names and addresses", async () => {
    const { server: withTls, caFile, otherCaFile, unnamedHost } = await tlsServer(newest);
    const connect = (host: string, tls: TlsOptions): Promise<string> =>
      outcome({ ...withTls.target("postgres"), host, tls });
    for (const host of ["127.0.0.1", "localhost"]) {
      expect(await connect(host, { mode: "verify-full", rootCert: caFile })).toBe("encrypted");
      for (const mode of ["verify-ca", "verify-full", "require"] as const) {
        expect(await connect(host, { mode, rootCert: otherCaFile })).toBe("connect_tls");
      }
      expect(await connect(host, { mode: "verify-full", rootCert: "system" })).toBe("connect_tls");
    }
    if (unnamedHost !== undefined) {
      expect(await connect(unnamedHost, { mode: "verify-ca", rootCert: caFile })).toBe("encrypted");
      expect(await connect(unnamedHost, { mode: "require", rootCert: caFile })).toBe("encrypted");
      expect(await connect(unnamedHost, { mode: "verify-full", rootCert: caFile })).toBe("connect_tls");
    }
  });

  test("what is wrong with a certificate is said, with the next step", async () => {
    const { server: withTls, caFile, otherCaFile, unnamedHost } = await tlsServer(newest);
    const failure = (host: string, tls: TlsOptions) =>
      failureOf(encrypted({ ...withTls.target("postgres"), host, tls }));
    expect((await failure("127.0.0.1", { mode: "verify-ca", rootCert: otherCaFile })).hint).toContain("sslrootcert");
    expect((await failure("127.0.0.1", { mode: "verify-full" })).hint).toContain("sslrootcert");
    const absent = await failure("127.0.0.1", { mode: "verify-ca", rootCert: "/absent/ca.crt" });
    expect(absent).toMatchObject({ code: "connect_tls", exitCode: 5 });
    expect(absent.message).toContain("/absent/ca.crt");
    if (unnamedHost !== undefined) {
      const wrongName = await failure(unnamedHost, { mode: "verify-full", rootCert: caFile });
      expect(wrongName.hint).toContain("verify-ca");
    }
  });

  test("a client certificate in place of a password", async () => {
    const { server: withTls, caFile, clientCert, clientKey } = await tlsServer(newest);
    const { password: _none, ...bare } = withTls.target("postgres");
    const connect = (tls: TlsOptions): Promise<string> => outcome({ ...bare, user: CERTIFICATE_ROLE, tls });
    const files = { cert: clientCert, key: clientKey };
    expect(await connect({ mode: "require", ...files })).toBe("encrypted");
    expect(await connect({ mode: "verify-full", rootCert: caFile, ...files })).toBe("encrypted");
    expect(await connect({ mode: "prefer", ...files })).toBe("encrypted");
    expect(await connect({ mode: "require" })).toBe("connect_auth");
    expect(await connect({ mode: "disable", ...files })).toBe("connect_auth");
    expect(await connect({ mode: "require", cert: clientCert, key: "/absent.key" })).toBe("connect_tls");
    expect(await connect({ mode: "require", cert: clientCert, key: caFile })).toBe("connect_tls");
  });

  test("over a unix socket nothing is encrypted, and nothing is verified", async () => {
    const { server: withTls } = await tlsServer(newest);
    for (const mode of ["disable", "prefer", "require"] as const) {
      const target = { ...withTls.target("postgres"), host: withTls.socketDir, tls: { mode } };
      expect(await encrypted({ ...target, password: new Secret("postgres") })).toBe(false);
    }
  });
});
