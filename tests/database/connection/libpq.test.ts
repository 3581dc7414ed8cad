import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { dirname, join } from "node:path";
import { loadConfig } from "#config/load.ts";
import { withDatabase } from "#database/open.ts";
import { ConfitureError } from "#errors/error.ts";
import { packageFolder } from "../../support/postgres-binaries.ts";
import { MAJORS, startServer, type TestServer } from "../../support/servers.ts";
import { CERTIFICATE_ROLE, PLAIN_ONLY_ROLE, TLS_ONLY_ROLE, type TlsServer, tlsServer } from "../../support/tls.ts";

const psql = Bun.which("psql");
const newest = MAJORS.at(-1);

/** What a client is given: a URL or conninfo string, variables, and files in the home folder. */
interface Given {
  readonly text?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
  readonly mode?: number;
  /** Where Confiture is different on purpose: its own outcome. */
  readonly differs?: string;
  /** How the outcome of both begins, where the two might agree by failing for another reason. */
  readonly outcome?: string;
}

const LONG = "long_".repeat(14);
const QUERY = `SELECT concat_ws('|', session_user, current_database(), coalesce(inet_server_port()::text, 'socket'),
  (SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), current_setting('TimeZone'), split_part(current_setting('DateStyle'), ',', 1),
  current_setting('work_mem'), replace(current_setting('application_name'), 'psql', 'confiture')) AS reached`;

describe.skipIf(psql === null || newest === undefined)(
  psql === null ? "psql is not installed: nothing to compare with" : "psql and confiture get to the same place",
  () => {
    let tls: TlsServer;
    /** Without TLS, with other ways to authenticate. */
    let plain: TestServer;
    let silent: Server;
    let libraries: string | undefined;
    const temporary: string[] = [];

    beforeAll(async () => {
      tls = await tlsServer(newest);
      plain = await startServer({
        major: MAJORS[0]!,
        access: [
          "host all trusted_role samenet trust",
          "host all md5_role samenet md5",
          "host all plain_role samenet password",
        ],
      });
      for (const server of [tls.server, plain]) {
        await server.sql('CREATE DATABASE "a shop"');
        await server.sql(`CREATE DATABASE "${LONG}"`);
        await server.sql("CREATE ROLE \"odd user\" LOGIN PASSWORD 'p@ss/w:rd#%&?'");
        await server.sql(`CREATE ROLE "${LONG}" LOGIN PASSWORD 'secret'`);
        await server.sql("CREATE ROLE typed LOGIN PASSWORD 'Zürich'");
        await server.sql("CREATE DATABASE attributes");
      }
      await tls.server.sql("ALTER DATABASE attributes SET default_transaction_read_only = on");
      for (const role of ["trusted_role", "plain_role"]) await plain.sql(`CREATE ROLE ${role} LOGIN PASSWORD 'secret'`);
      await plain.sql("SET password_encryption = md5");
      await plain.sql("CREATE ROLE md5_role LOGIN PASSWORD 'secret'");
      silent = createServer((socket) => socket.on("error", () => {}));
      await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
      libraries = await libpqOfPackages();
    });
    afterAll(async () => {
      silent.close();
      await plain.stop("immediate");
      for (const folder of temporary) await rm(folder, { recursive: true, force: true });
    });

    /** The newest libpq of the test servers: psql's own may be too old to know a parameter. */
    async function libpqOfPackages(): Promise<string | undefined> {
      const from = join(packageFolder(18), "native", "lib");
      if (!existsSync(join(from, "libpq.so.5.18"))) return undefined;
      const folder = await mkdtemp(join(tmpdir(), "confiture-libpq-"));
      temporary.push(folder);
      await symlink(join(from, "libpq.so.5.18"), join(folder, "libpq.so.5"));
      for (const name of ["libssl.so.1.1", "libcrypto.so.1.1"]) {
        if (existsSync(join(from, name))) await symlink(join(from, name), join(folder, name));
      }
      return folder;
    }

    async function homeOf({ files = {}, mode = 0o600 }: Given): Promise<string> {
      const home = await mkdtemp(join(tmpdir(), "confiture-home-"));
      temporary.push(home);
      for (const [name, text] of Object.entries(files)) {
        await mkdir(dirname(join(home, name)), { recursive: true });
        await writeFile(join(home, name), text);
        await chmod(join(home, name), mode);
      }
      return home;
    }

    async function byPsql(given: Given, home: string): Promise<string> {
      const child = Bun.spawn([psql!, "-X", "-w", "-A", "-t", "-q", "-c", QUERY, "-d", given.text ?? "postgres://"], {
        cwd: home,
        env: {
          PATH: process.env["PATH"] ?? "",
          HOME: home,
          LC_ALL: "C",
          PGSYSCONFDIR: home,
          ...(libraries === undefined ? {} : { LD_LIBRARY_PATH: libraries }),
          ...given.env,
        },
        stdin: "ignore",
        stdout: "pipe",
        stderr: "pipe",
      });
      const [stdout, stderr, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
      return code === 0 ? stdout.trim() : kindOf(stderr);
    }

    async function byConfiture(given: Given, home: string): Promise<string> {
      try {
        const { target } = await loadConfig({
          projectDir: home,
          databaseUrl: given.text ?? "postgres://",
          env: { PGSYSCONFDIR: home, ...given.env },
          homeDirectory: home,
          userName: userInfo().username,
        });
        return await withDatabase(target, {}, async (database) => {
          const [row] = await database.query<{ reached: string }>(QUERY);
          return row?.reached ?? "";
        });
      } catch (error) {
        if (!(error instanceof ConfitureError)) throw error;
        // What is wrong with a URL of the command line is a mistake of that.
        if (error.code.startsWith("config_") || error.code === "usage") return "configuration";
        if (error.code === "connect_failed") return error.server === undefined ? "unreachable" : "refused";
        return error.code;
      }
    }

    async function compare(given: Given): Promise<void> {
      const home = await homeOf(given);
      const theirs = await byPsql(given, home);
      const ours = await byConfiture(given, home);
      if (given.differs === undefined) expect(ours).toBe(theirs);
      else expect({ ours, theirs: theirs === given.differs }).toEqual({ ours: given.differs, theirs: false });
      if (given.outcome !== undefined) expect(ours).toStartWith(given.outcome);
    }

    const T = (): string => `host=127.0.0.1 port=${tls.server.port} dbname=postgres user=postgres password=postgres`;
    const P = (): string => `host=127.0.0.1 port=${plain.port} dbname=postgres user=postgres password=postgres`;
    const both = (more: string): string =>
      `host=127.0.0.1,127.0.0.1 port=${tls.server.port},${plain.port} dbname=attributes user=postgres password=postgres ${more}`;
    const variables = (): Record<string, string> => ({
      PGHOST: "127.0.0.1",
      PGPORT: String(plain.port),
      PGUSER: "postgres",
      PGPASSWORD: "postgres",
      PGDATABASE: "postgres",
    });
    const encryption = (mode: string): string =>
      `sslmode=${mode}${mode.startsWith("verify") ? ` sslrootcert=${tls.caFile}` : ""}`;
    const noPassword = (): string => P().replace("password=postgres", "");
    const service = (): string =>
      `# one\n[other]\nhost=nowhere.test\n\n[shop]\nhost=127.0.0.1\nport=${plain.port}\ndbname=a shop\nuser=postgres\npassword=postgres\n`;

    const CASES: Readonly<Record<string, () => Given>> = {
      "a URL": () => ({ text: plain.url("postgres") }),
      "a URL with an encoded database": () => ({ text: plain.url("a shop") }),
      "a URL of another scheme name": () => ({ text: plain.url("postgres").replace("postgres:", "postgresql:") }),
      "a URL with encoded user and password": () => ({
        text: `postgres://odd%20user:p%40ss%2Fw%3Ard%23%25%26%3F@127.0.0.1:${plain.port}/postgres`,
      }),
      "a URL with parameters for everything": () => ({
        text: `postgres:///?host=127.0.0.1&port=${plain.port}&user=postgres&password=postgres&dbname=postgres`,
      }),
      "a URL with a socket's folder": () => ({
        text: `postgres://postgres:postgres@${encodeURIComponent(plain.socketDir)}:${plain.port}/postgres`,
      }),
      "a URL for IPv6 where nobody listens": () => ({ text: `postgres://postgres@[::1]:${plain.port}/postgres` }),
      conninfo: () => ({ text: P() }),
      "conninfo with quotes": () => ({
        text: `host = '127.0.0.1' port=${plain.port} user='odd user' password='p@ss/w:rd#%&?' dbname = 'a shop'`,
      }),
      "conninfo that is malformed": () => ({ text: `${P()} 'x` }),
      "without a database it is the user's": () => ({ text: P().replace("dbname=postgres", "") }),
      "without an address, all from variables": () => ({ env: variables() }),
      "a URL before variables": () => ({
        text: plain.url("a shop"),
        env: { ...variables(), PGPORT: "1", PGUSER: "x" },
      }),
      "an empty variable": () => ({ text: P(), env: { PGOPTIONS: "" } }),
      "PGHOSTADDR beside a host": () => ({
        text: P().replace("host=127.0.0.1", "host=nowhere.test"),
        env: { PGHOSTADDR: "127.0.0.1" },
      }),
      "PGHOSTADDR alone": () => ({ text: P().replace("host=127.0.0.1", ""), env: { PGHOSTADDR: "127.0.0.1" } }),
      "an address that is none": () => ({ text: `${P()} hostaddr=nowhere`, differs: "configuration" }),
      "more addresses than hosts": () => ({ text: `${P()} hostaddr=127.0.0.1,127.0.0.1` }),
      "a port that is none": () => ({ text: P().replace(/port=\d+/, "port=x") }),
      "a port where nobody listens": () => ({ text: P().replace(/port=\d+/, "port=1") }),
      "a host that does not exist": () => ({ text: P().replace("127.0.0.1", "nowhere.test") }),
      "a socket that does not exist": () => ({ text: P().replace("127.0.0.1", "/nowhere") }),
      "a server that says nothing": () => ({
        text: `host=127.0.0.1 port=${(silent.address() as { port: number }).port} connect_timeout=2`,
      }),
      "an unknown parameter": () => ({ text: `${P()} search_path=app` }),
      "an unknown parameter in a URL": () => ({ text: `${plain.url("postgres")}?colour=red` }),
      "ssl=true in a URL": () => ({ text: `${tls.server.url("postgres")}?ssl=true` }),
      "a database that does not exist": () => ({ text: P().replace("dbname=postgres", "dbname=nowhere") }),
      "a database of a long name": () => ({ text: P().replace("dbname=postgres", `dbname=${LONG}`) }),
      "a database of a long name, newest server": () => ({ text: T().replace("dbname=postgres", `dbname=${LONG}`) }),
      "a user of a long name": () => ({
        text: P().replace("user=postgres password=postgres", `user=${LONG} password=secret`),
      }),
      "a user of a long name, newest server": () => ({
        text: T().replace("user=postgres password=postgres", `user=${LONG} password=secret`),
      }),

      "a wrong password": () => ({ text: P().replace("password=postgres", "password=wrong") }),
      "no password": () => ({ text: noPassword() }),
      "an unknown user": () => ({ text: P().replace("user=postgres", "user=nobody") }),
      "a password typed otherwise": () => ({
        text: P().replace("user=postgres password=postgres", "user=typed password=Zu\u0308rich"),
      }),
      "a password file": () => ({
        text: noPassword(),
        files: { ".pgpass": `# mine\nother:*:*:*:no\n127.0.0.1:${plain.port}:*:postgres:postgres\n` },
      }),
      "a password file with a wrong first match": () => ({
        text: noPassword(),
        files: { ".pgpass": "*:*:*:*:wrong\n*:*:*:*:postgres\n" },
      }),
      "a password file for localhost only": () => ({
        text: noPassword(),
        files: { ".pgpass": "localhost:*:*:*:postgres\n" },
      }),
      "a password file that others may read": () => ({
        text: noPassword(),
        files: { ".pgpass": "*:*:*:*:postgres\n" },
        mode: 0o644,
      }),
      "a password file with escapes": () => ({
        text: `host=127.0.0.1 port=${plain.port} dbname=postgres user='odd user'`,
        files: { ".pgpass": "*:*:*:odd user:p@ss/w\\:rd#%&?\n" },
      }),
      PGPASSFILE: () => ({ text: noPassword(), env: { PGPASSFILE: "mine" }, files: { mine: "*:*:*:*:postgres\n" } }),
      passfile: () => ({ text: `${noPassword()} passfile=mine`, files: { mine: "*:*:*:*:postgres\n" } }),
      "PGPASSWORD before the password file": () => ({
        text: noPassword(),
        env: { PGPASSWORD: "wrong" },
        files: { ".pgpass": "*:*:*:*:postgres\n" },
      }),
      "the password file for an address beside a host": () => ({
        text: noPassword().replace("host=127.0.0.1", "host=shop.test hostaddr=127.0.0.1"),
        files: { ".pgpass": "shop.test:*:*:*:postgres\n" },
      }),

      "a service": () => ({ text: "service=shop", files: { ".pg_service.conf": service() } }),
      "a service in a URL": () => ({
        text: "postgres:///postgres?service=shop",
        files: { ".pg_service.conf": service() },
      }),
      PGSERVICE: () => ({ env: { PGSERVICE: "shop", PGDATABASE: "x" }, files: { ".pg_service.conf": service() } }),
      PGSERVICEFILE: () => ({ text: "service=shop", env: { PGSERVICEFILE: "mine" }, files: { mine: service() } }),
      "PGSERVICEFILE that does not exist": () => ({ text: "service=shop", env: { PGSERVICEFILE: "mine" } }),
      "the system's service file": () => ({ text: "service=shop", files: { "pg_service.conf": service() } }),
      "a service that is not defined": () => ({ text: "service=nobody", files: { ".pg_service.conf": service() } }),
      "a service with an unknown key": () => ({
        text: "service=shop",
        files: { ".pg_service.conf": `${service()}colour=red\n` },
      }),
      "a service within a service": () => ({
        text: "service=shop",
        files: { ".pg_service.conf": `${service()}service=other\n` },
      }),

      ...Object.fromEntries(
        ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"].flatMap((mode) => [
          [`sslmode ${mode}`, (): Given => ({ text: `${T()} ${encryption(mode)}` })],
          [`sslmode ${mode} without TLS`, (): Given => ({ text: `${P()} sslmode=${mode} sslrootcert=${tls.caFile}` })],
          [
            `sslmode ${mode}, a role that needs TLS`,
            (): Given => ({ text: `${T().replace("user=postgres", `user=${TLS_ONLY_ROLE}`)} ${encryption(mode)}` }),
          ],
          [
            `sslmode ${mode}, a role that is refused with TLS`,
            (): Given => ({ text: `${T().replace("user=postgres", `user=${PLAIN_ONLY_ROLE}`)} ${encryption(mode)}` }),
          ],
        ]),
      ),
      PGSSLMODE: () => ({ text: T(), env: { PGSSLMODE: "disable" } }),
      "sslmode that is none": () => ({ text: `${T()} sslmode=maybe` }),
      "sslmode over a unix socket": () => ({
        text: `${T()} sslmode=require`.replace("127.0.0.1", tls.server.socketDir),
      }),
      "verify-full without an authority": () => ({ text: `${T()} sslmode=verify-full` }),
      "verify-ca with another authority": () => ({ text: `${T()} sslmode=verify-ca sslrootcert=${tls.otherCaFile}` }),
      "require with another authority": () => ({ text: `${T()} sslmode=require sslrootcert=${tls.otherCaFile}` }),
      "verify-full by another name": () => ({
        text: `${T()} sslmode=verify-full sslrootcert=${tls.caFile}`.replace(
          "127.0.0.1",
          tls.unnamedHost ?? "127.0.0.1",
        ),
      }),
      "verify-full by a name, at an address": () => ({
        text: `${T()} hostaddr=127.0.0.1 sslmode=verify-full sslrootcert=${tls.caFile}`.replace(
          "host=127.0.0.1",
          "host=localhost",
        ),
      }),
      "the system's authorities": () => ({ text: `${T()} sslrootcert=system` }),
      "the system's authorities and require": () => ({ text: `${T()} sslrootcert=system sslmode=require` }),
      "root.crt": () => ({ text: `${T()} sslmode=verify-full`, files: { ".postgresql/root.crt": tls.ca } }),
      "root.crt and an empty root.crl": () => ({
        text: `${T()} sslmode=verify-full`,
        files: { ".postgresql/root.crt": tls.ca, ".postgresql/root.crl": tls.emptyCrl },
      }),
      "root.crt and a root.crl with the server's certificate": () => ({
        text: `${T()} sslmode=verify-full`,
        files: { ".postgresql/root.crt": tls.ca, ".postgresql/root.crl": tls.revokedCrl },
      }),
      "a revoked certificate and require": () => ({
        text: `${T()} sslmode=require sslrootcert=ca sslcrl=crl`,
        files: { ca: tls.ca, crl: tls.revokedCrl },
      }),
      "a revoked certificate without an authority": () => ({
        text: `${T()} sslmode=require sslcrl=crl`,
        files: { crl: tls.revokedCrl },
      }),
      "a list of another authority": () => ({
        text: `${T()} sslmode=verify-ca sslrootcert=ca sslcrl=crl`,
        files: { ca: tls.ca, crl: tls.otherCrl },
      }),
      PGSSLCRL: () => ({
        text: `${T()} sslmode=verify-ca sslrootcert=ca`,
        env: { PGSSLCRL: "crl" },
        files: { ca: tls.ca, crl: tls.revokedCrl },
      }),
      "a folder of lists with the server's certificate": () => ({
        text: `${T()} sslmode=verify-ca sslrootcert=ca sslcrldir=lists`,
        files: { ca: tls.ca, [`lists/${tls.crlName}`]: tls.revokedCrl },
        outcome: "connect_tls",
      }),
      "a folder of lists without it": () => ({
        text: `${T()} sslmode=verify-ca sslrootcert=ca sslcrldir=lists`,
        files: { ca: tls.ca, [`lists/${tls.crlName}`]: tls.emptyCrl },
        outcome: "postgres|",
      }),
      "a folder of lists that have other names": () => ({
        text: `${T()} sslmode=verify-ca sslrootcert=ca sslcrldir=lists`,
        files: { ca: tls.ca, "lists/authority.crl": tls.emptyCrl },
        outcome: "connect_tls",
      }),
      "a folder of lists beside a list": () => ({
        text: `${T()} sslmode=verify-ca sslrootcert=ca sslcrl=crl sslcrldir=lists`,
        files: { ca: tls.ca, crl: tls.emptyCrl, "lists/none": "" },
        outcome: "postgres|",
      }),
      "a folder of lists that does not exist": () => ({
        text: `${T()} sslmode=require sslrootcert=ca sslcrldir=lists`,
        files: { ca: tls.ca },
        outcome: "connect_tls",
      }),
      PGSSLCRLDIR: () => ({
        text: `${T()} sslmode=verify-ca sslrootcert=ca`,
        env: { PGSSLCRLDIR: "lists" },
        files: { ca: tls.ca, [`lists/${tls.crlName}`]: tls.revokedCrl },
        outcome: "connect_tls",
      }),
      "a list that does not exist": () => ({
        text: `${T()} sslmode=verify-ca sslrootcert=${tls.caFile} sslcrl=/absent`,
        differs: "connect_tls",
      }),
      "an authority's file that does not exist": () => ({
        text: `${T()} sslmode=require sslrootcert=/absent`,
        differs: "connect_tls",
      }),
      "a client's certificate": () => ({
        text: `${noUser()} user=${CERTIFICATE_ROLE} sslmode=require sslcert=${tls.clientCert} sslkey=${tls.clientKey}`,
      }),
      "a client's certificate that is kept back": () => ({
        text: `${noUser()} user=${CERTIFICATE_ROLE} sslmode=require sslcertmode=disable sslcert=${tls.clientCert} sslkey=${tls.clientKey}`,
      }),
      "a client's certificate without TLS": () => ({
        text: `${noUser()} user=${CERTIFICATE_ROLE} sslmode=disable sslcert=${tls.clientCert} sslkey=${tls.clientKey}`,
      }),
      "at least TLSv1.3": () => ({ text: `${T()} sslmode=require ssl_min_protocol_version=TLSv1.3` }),
      "at most TLSv1.2": () => ({ text: `${T()} sslmode=require ssl_max_protocol_version=tlsv1.2` }),
      "bounds that leave no version": () => ({
        text: `${T()} ssl_min_protocol_version=TLSv1.3 ssl_max_protocol_version=TLSv1.2`,
      }),
      "a version that is none": () => ({ text: `${T()} ssl_min_protocol_version=SSLv3` }),
      "sslnegotiation direct": () => ({ text: `${T()} sslmode=require sslnegotiation=direct` }),
      "sslnegotiation direct with prefer": () => ({ text: `${T()} sslnegotiation=direct` }),
      "sslnegotiation direct without TLS": () => ({ text: `${P()} sslmode=require sslnegotiation=direct` }),
      "without the host's name in the handshake": () => ({ text: `${T()} sslmode=require sslsni=0` }),

      ...Object.fromEntries(
        [
          "scram-sha-256",
          "md5",
          "none",
          "password",
          "password,scram-sha-256",
          "!password",
          "!scram-sha-256",
          "!none",
          "scram",
          "md5,!none",
          "md5,md5",
        ].flatMap((methods) => [
          [`require_auth ${methods}`, (): Given => ({ text: `${P()} require_auth=${methods}` })],
          [
            `require_auth ${methods}, trusted`,
            (): Given => ({ text: `${P().replace("user=postgres", "user=trusted_role")} require_auth=${methods}` }),
          ],
          [
            `require_auth ${methods}, md5`,
            (): Given => ({
              text: `${P().replace("user=postgres password=postgres", "user=md5_role password=secret")} require_auth=${methods}`,
            }),
          ],
        ]),
      ),
      PGREQUIREAUTH: () => ({ text: P(), env: { PGREQUIREAUTH: "md5" } }),
      "require_auth password": () => ({
        text: `${P().replace("user=postgres password=postgres", "user=plain_role password=secret")} require_auth=password`,
      }),
      "a password in clear text": () => ({
        text: P().replace("user=postgres password=postgres", "user=plain_role password=secret"),
        differs: "connect_auth",
      }),
      "channel_binding require": () => ({ text: `${T()} sslmode=require channel_binding=require` }),
      "channel_binding disable": () => ({ text: `${T()} sslmode=require channel_binding=disable` }),
      "channel_binding require without TLS": () => ({ text: `${T()} sslmode=disable channel_binding=require` }),
      "channel_binding require, trusted": () => ({
        text: `${P().replace("user=postgres", "user=trusted_role")} channel_binding=require`,
      }),
      PGCHANNELBINDING: () => ({ text: P(), env: { PGCHANNELBINDING: "require" } }),
      "channel_binding that is none": () => ({ text: `${T()} channel_binding=yes` }),
      "gssencmode disable": () => ({ text: `${P()} gssencmode=disable` }),

      "the second host when nobody listens at the first": () => ({
        text: `postgres://postgres:postgres@127.0.0.1:1,127.0.0.1:${plain.port}/postgres`,
      }),
      "the second host when the first does not exist": () => ({
        text: `postgres://postgres:postgres@nowhere.test,127.0.0.1/postgres?port=${plain.port}`,
      }),
      "the second host when the first says nothing": () => ({
        text: `postgres://postgres:postgres@127.0.0.1:${(silent.address() as { port: number }).port},127.0.0.1:${plain.port}/postgres?connect_timeout=2`,
      }),
      "no further host after a wrong password": () => ({
        text: `postgres://postgres@127.0.0.1:${tls.server.port},127.0.0.1:${plain.port}/postgres`,
        files: { ".pgpass": `*:${tls.server.port}:*:*:wrong\n*:${plain.port}:*:*:postgres\n` },
      }),
      "a password for each host": () => ({
        text: `postgres://postgres@127.0.0.1:1,127.0.0.1:${plain.port}/postgres`,
        files: { ".pgpass": `*:1:*:*:wrong\n*:${plain.port}:*:*:postgres\n` },
      }),
      "three ports for two hosts": () => ({ text: `${P()} port=1,2,3 host=a,b` }),
      "PGHOST and PGPORT with several": () => ({
        env: { ...variables(), PGHOST: "127.0.0.1,127.0.0.1", PGPORT: `1,${plain.port}` },
      }),
      ...Object.fromEntries(
        ["any", "read-write", "read-only", "primary", "standby", "prefer-standby", "writable"].map((attributes) => [
          `target_session_attrs ${attributes}`,
          (): Given => ({ text: both(`target_session_attrs=${attributes}`) }),
        ]),
      ),
      PGTARGETSESSIONATTRS: () => ({ text: both(""), env: { PGTARGETSESSIONATTRS: "read-write" } }),
      load_balance_hosts: () => ({ text: both("target_session_attrs=read-write load_balance_hosts=random") }),
      "load_balance_hosts that is none": () => ({ text: `${P()} load_balance_hosts=yes` }),

      options: () => ({ text: `${P()} options='-c work_mem=7MB'` }),
      "options in a URL": () => ({ text: `${plain.url("postgres")}?options=-c%20work_mem%3D7MB` }),
      PGOPTIONS: () => ({ text: P(), env: { PGOPTIONS: "-c work_mem=7MB -c TimeZone=Asia/Tokyo" } }),
      "options that the server does not know": () => ({ text: `${P()} options='-c nosuch=1'` }),
      "options that are none": () => ({ text: `${P()} options=project=xyz` }),
      application_name: () => ({ text: `${P()} application_name=mine` }),
      PGAPPNAME: () => ({ text: P(), env: { PGAPPNAME: "mine" } }),
      "PGTZ and PGDATESTYLE": () => ({ text: P(), env: { PGTZ: "Asia/Tokyo", PGDATESTYLE: "German" } }),
      "PGTZ that is none": () => ({ text: P(), env: { PGTZ: "Nowhere/Land" } }),
    };
    const noUser = (): string => `host=127.0.0.1 port=${tls.server.port} dbname=postgres`;

    test("they are many", () => expect(Object.keys(CASES).length).toBeGreaterThan(60));

    for (const [name, given] of Object.entries(CASES)) test(name, () => compare(given()));
  },
);

/** The kind of psql's failure, as Confiture's error codes have it. */
function kindOf(stderr: string): string {
  const kinds: readonly (readonly [string, RegExp])[] = [
    ["connect_no_database", /database ".*" does not exist/],
    [
      "configuration",
      /root certificate file|invalid|definition of service|service file|could not match|unrecognized|missing "="|syntax error|unterminated|nested service|weak sslmode|cannot be mixed|specified more than once/i,
    ],
    ["connect_auth", /FATAL: .*(?:pg_hba|certificate|authentication)|channel binding/],
    ["connect_tls", /SSL|certificate/],
    ["connect_auth", /authentication|password|channel binding|pg_hba|role ".*" does not exist/],
    ["unreachable", /refused|could not translate|timeout|No such file|read-only|hot standby/],
  ];
  // What the server says of what it was sent comes as FATAL.
  if (/FATAL: {2}(?:unrecognized configuration|invalid (?:command-line|value))/.test(stderr)) return "refused";
  return kinds.find(([, pattern]) => pattern.test(stderr))?.[0] ?? `unknown: ${stderr}`;
}
