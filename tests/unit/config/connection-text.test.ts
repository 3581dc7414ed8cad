import { describe, expect, test } from "bun:test";
import { loadConfig } from "#config/load.ts";
import { ConfitureError } from "#errors/error.ts";
import { temporaryProject } from "../../support/project.ts";
import { failure, load, printed, server } from "./fixture.ts";

/** What a URL or conninfo string alone comes to. */
async function target(databaseUrl: string) {
  const { host, port, database, user, password, tls, connectTimeout, applicationName, options } = server(
    await load({}, { databaseUrl }),
  );
  return { host, port, database, user, password: password?.reveal(), tls, connectTimeout, applicationName, options };
}

describe("a connection URL", () => {
  test.each([
    ["postgres://", {}],
    ["postgresql://h", { host: "h" }],
    ["POSTGRES://h", { host: "h" }],
    ["postgres://h:6000", { host: "h", port: 6000 }],
    ["postgres://h:/d", { host: "h", database: "d" }],
    ["postgres:///d", { database: "d" }],
    ["postgres://u@h/d", { user: "u", host: "h", database: "d" }],
    ["postgres://u:p@h/d", { user: "u", password: "p", host: "h" }],
    ["postgres://u:@h/d", { user: "u", password: undefined }],
    ["postgres://u:a:b@h/d", { user: "u", password: "a:b" }],
    ["postgres://u%40x:p%2Fq%23%25@h/d%20e", { user: "u@x", password: "p/q#%", database: "d e" }],
    ["postgres://u:p#q@h/d", { user: "u", password: "p#q", host: "h" }],
    ["postgres://u:p?q@h/d", { user: "u", password: "p?q", host: "h" }],
    ["postgres://u:%C3%A9@h/d", { password: "é" }],
    ["postgres://u:a+b@h/d", { password: "a+b" }],
    ["postgres://[::1]:6000/d", { host: "::1", port: 6000, database: "d" }],
    ["postgres://u:p@[fe80::1]/d", { host: "fe80::1", user: "u" }],
    ["postgres://%2Fvar%2Frun%2Fpostgresql/d", { host: "/var/run/postgresql", database: "d" }],
    ["postgresql:///d?host=/var/run/postgresql", { host: "/var/run/postgresql", database: "d" }],
    ["postgres://h/d?user=u&password=p%26q&port=6000", { user: "u", password: "p&q", port: 6000 }],
    ["postgres://h/?dbname=d", { database: "d" }],
    ["postgres://h/d?host=other", { host: "other" }],
    ["postgres://h/d?sslmode=require", { tls: { mode: "require" } }],
    ["postgres://h/d?ssl=true", { tls: { mode: "require" } }],
    ["postgres://h/d?sslmode=verify-ca&sslrootcert=/ca.pem", { tls: { mode: "verify-ca", rootCert: "/ca.pem" } }],
    ["postgres://h/d?sslcert=/c&sslkey=/k", { tls: { mode: "prefer", cert: "/c", key: "/k" } }],
    ["postgres://h/d?connect_timeout=7", { connectTimeout: 7_000 }],
    ["postgres://h/d?application_name=app", { applicationName: "app" }],
    ["postgres://h/d?options=-c%20search_path=a,b", { options: "-c search_path=a,b" }],
    ["postgres://h/d?", { host: "h", database: "d" }],
    ["  postgres://h/d\n", { host: "h", database: "d" }],
    ["postgres://h/d?keepalives=1&target_session_attrs=read-write", { host: "h" }],
  ])("%s", async (url, expected) => {
    expect(await target(url)).toMatchObject(expected);
  });

  test.each([
    ["postgres://h/d?sslmod=require", "sslmode"],
    ["postgres://h/d?aplication_name=x", "application_name"],
    ["postgres://h/d?database=x", "dbname"],
  ])("%s has its unknown parameter corrected", async (url, suggestion) => {
    const error = await failure(load({}, { databaseUrl: url }));
    expect(error.code).toBe("usage");
    expect(error.hint).toBe(`Did you mean "${suggestion}"?`);
  });

  test.each([
    ["jdbc:postgresql://h/d", "JDBC"],
    ["dbname=postgres://u:hunter2@h/d", "as its dbname"],
    ["host=h dbname='host=h password=hunter2'", "as its dbname"],
    ["mysql://h/d", "mysql"],
    ["sqlite:///x", "sqlite"],
    ["postgresql+psycopg2://h/d", "postgres://"],
    ["postgres:h/d", "postgres://"],
    ["h/d", "not a connection URL"],
    ["postgres://h:x/d", "port"],
    ["postgres://h:99999/d", "port"],
    ["postgres://[::1/d", "host"],
    ["postgres://::1/d", "host"],
    ["postgres://h/d?sslmode", "without a value"],
    ["postgres://h/%zz", "%"],
    ["postgres://h/%ff", "%"],
    ["postgres://h/a%00b", "zero character"],
    ["postgres://h/d?sslmode=maybe", "sslmode"],
    ["postgres://h/d?service=x", "service"],
    ["postgres://a,b/d?port=1,2,3", "3 ports for 2 hosts"],
    ["postgres://a/d?hostaddr=10.0.0.1,10.0.0.2", "2 addresses for 1 hosts"],
    ["postgres://a/d?hostaddr=name", "IP address"],
    ["postgres://h/d?require_auth=scram", "unknown method"],
    ["postgres://h/d?require_auth=md5,!password", "mixes"],
    ["postgres://h/d?require_auth=md5,md5", "twice"],
    ["postgres://h/d?channel_binding=yes", "channel_binding"],
    ["postgres://h/d?target_session_attrs=writable", "target_session_attrs"],
    ["postgres://h/d?load_balance_hosts=yes", "load_balance_hosts"],
    ["postgres://h/d?sslnegotiation=direct", "sslmode prefer"],
    ["postgres://h/d?ssl_min_protocol_version=1.3", "TLSv1.3"],
    ["postgres://h/d?ssl_max_protocol_version=TLSv1.1", "lower"],
    ["postgres://h/d?requirepeer=postgres", "requirepeer"],
    ["postgres://h/d?gssencmode=require", "gssencmode"],
    ["postgres://h/d?schema=public", "schema"],
    ["postgres://h h/d", "space"],
  ])("%s is refused", async (url, words) => {
    const error = await failure(load({}, { databaseUrl: url }));
    expect(error.code).toBe("usage");
    expect(error.message).toStartWith("--database-url ");
    expect(error.message).toContain(words);
  });

  test("names the variable it came from", async () => {
    const error = await failure(load({}, { env: { DATABASE_URL: "mysql://h" } }));
    expect(error.message).toStartWith("DATABASE_URL ");
  });

  test("has the line of .env it came from", async () => {
    const error = await failure(load({ ".env": "\n\nDATABASE_URL=mysql://h" }));
    expect(error.location).toEqual({ file: ".env", line: 3 });
  });

  test.each([
    [
      "postgres://a,b:6000/d",
      [
        { host: "a", port: 5432 },
        { host: "b", port: 6000 },
      ],
    ],
    [
      "postgres://a,b/d?port=6000",
      [
        { host: "a", port: 6000 },
        { host: "b", port: 6000 },
      ],
    ],
    [
      "postgres://[::1]:1,[::2]:2/d",
      [
        { host: "::1", port: 1 },
        { host: "::2", port: 2 },
      ],
    ],
    [
      "host=a,,/tmp port=1,2,3",
      [
        { host: "a", port: 1 },
        { host: "localhost", port: 2 },
        { host: "/tmp", port: 3 },
      ],
    ],
    ["hostaddr=10.0.0.1,10.0.0.2", [{ host: "10.0.0.1" }, { host: "10.0.0.2" }]],
    ["host=a,b hostaddr=10.0.0.1,", [{ host: "a", hostAddress: "10.0.0.1" }, { host: "b" }]],
  ])("%s names several hosts", async (databaseUrl, expected) => {
    const { host, hostAddress, port, alternatives = [] } = server(await load({}, { databaseUrl }));
    const [first, ...others] = expected;
    expect({ host, hostAddress, port }).toMatchObject(first!);
    expect(alternatives).toMatchObject(others);
    expect(alternatives).toHaveLength(others.length);
  });

  test("with what libpq knows about TLS and authentication", async () => {
    const query =
      "sslmode=verify-full&sslrootcert=/ca&sslcrl=/crl&sslcrldir=/crls&sslpassword=k&sslsni=0&sslnegotiation=direct&ssl_min_protocol_version=tlsv1.3&ssl_max_protocol_version=TLSv1.3&channel_binding=require&require_auth=!password,!md5&target_session_attrs=primary&load_balance_hosts=random&keepalives_idle=5";
    const reached = server(await load({}, { databaseUrl: `postgres://h/d?${query}` }));
    expect(reached).toMatchObject({
      tls: { crl: "/crl", crlDir: "/crls", sni: false, direct: true, minVersion: "TLSv1.3", maxVersion: "TLSv1.3" },
      authentication: { channelBinding: "require", methods: ["gss", "sspi", "scram-sha-256", "oauth", "none"] },
      sessionAttributes: "primary",
      loadBalance: true,
      keepalive: 5,
    });
    expect(reached.tls.keyPassword?.reveal()).toBe("k");
  });

  test.each([
    ["postgres://u:p@h/d?supa=base-pooler.x", '"supa"', "supa"],
    ["postgres://u:p@h/d?x-migrations-table=t", '"x-migrations-table"', "migrations.table"],
    ["postgres://u:p@h/d?search_path=app", '"search_path"', "options=-c%20search_path"],
    ["postgres://u:p@h/d?statement_timeout=5000", '"statement_timeout"', "options=-c%20statement_timeout"],
    ["postgres://u:p@h/d?ssl=no-verify", '"ssl"', "sslmode=require"],
    ["host=h nonsense=1", '"nonsense"', "nonsense"],
  ])("%s has a parameter that is named, and a next step", async (databaseUrl, name, hint) => {
    const error = await failure(load({}, { databaseUrl }));
    expect(error.message).toContain(name);
    expect(`${error.message} ${error.hint}`).toContain(hint);
  });

  test.each(["postgres://u/?x=1@h&hunter2=1", "postgres://h/d?password=x&hunter2=1", "host=h password=my hunter2=1"])(
    "%s has a parameter that may be a piece of a password, which is not shown",
    async (databaseUrl) => {
      expect(printed(await failure(load({}, { databaseUrl })))).not.toContain("hunter2");
    },
  );
});

describe("a conninfo string", () => {
  test.each([
    ["host=h dbname=d", { host: "h", database: "d" }],
    ["  host = h   port=6000 ", { host: "h", port: 6000 }],
    ["host=h\nuser=u", { host: "h", user: "u" }],
    ["dbname='my db' user=u", { database: "my db", user: "u" }],
    ["password='it\\'s \\\\' user=u", { password: "it's \\", user: "u" }],
    ["password=a\\ b user=u", { password: "a b", user: "u" }],
    ["password='' user=u", { password: undefined, user: "u" }],
    ["password=a=b user=u", { password: "a=b", user: "u" }],
    ["sslmode=require connect_timeout=3", { tls: { mode: "require" }, connectTimeout: 3_000 }],
  ])("%s", async (text, expected) => {
    expect(await target(text)).toMatchObject(expected);
  });

  test.each([
    "host=h dbname",
    "host='h",
    "host=h =x",
    "host='a'b",
    "password=my s3cr#t host=h",
    "host=a,b port=1,2,3",
    "hots=x",
  ])("%s is refused", async (text) => {
    const error = await failure(load({}, { databaseUrl: text }));
    expect(error.code).toBe("usage");
    expect(printed(error)).not.toContain("s3cr");
  });
});

describe("an error about a connection string", () => {
  // Each piece of the password has to stay out, since a misparsed URL takes it apart.
  const PASSWORDS = [
    "PWone@PWtwo",
    "PWone/PWtwo",
    "PWone#PWtwo",
    "PWone%PWtwo",
    "PWone?PWtwo",
    "PWone:PWtwo",
    "PWone&PWtwo",
    "PWone PWtwo",
    "PWone=PWtwo",
    "PWone,PWtwo",
    "PWone[PWtwo]",
    "12/PWone?PWtwo=x",
    "12/PWone?sslmode=PWtwo",
    "12/x?PWone=PWtwo&PWthree",
    "@PWone/PWtwo?PWthree=PWfour",
    "PWone@PWtwo:PWthree/PWfour",
    "PWone%2",
    "PWone%",
    "PWone'PWtwo\\",
  ];
  const URLS = [
    (password: string) => `postgres://app:${password}@db:port/shop`,
    (password: string) => `postgres://app:${password}@db/shop?sslmod=x`,
    (password: string) => `postgres://app:${password}@db/shop?sslmode=x`,
    (password: string) => `postgres://app:${password}@db/shop?connect_timeout=x`,
    (password: string) => `postgres://app:${password}@one,two/shop?port=1,2,3`,
    (password: string) => `postgres://app:${password}@[::1/shop`,
    (password: string) => `postgres://app:${password}@db/%zz`,
    (password: string) => `postgres://app:${password}`,
    (password: string) => `postgres:/app:${password}@db/shop`,
    (password: string) => `mysql://app:${password}@db/shop`,
    (password: string) => `jdbc:postgresql://db/shop?user=app&password=${password}`,
    (password: string) => `postgres://db/shop?user=app&password=${password}&sslmode=x`,
    (password: string) => `postgres://db/shop?x=1&password=${password}`,
    (password: string) => `app:${password}@db/shop`,
    (password: string) => `host=db port=x password=${password}`,
    (password: string) => `host=db password='${password}' sslmode=x`,
    (password: string) => `password=${password} host`,
  ];

  test.each(URLS.map((make) => [make("PASSWORD"), make] as const))("never shows the password: %s", async (_, make) => {
    await using project = await temporaryProject();
    const options = { projectDir: project.dir, homeDirectory: "", userName: "alice" };
    let errors = 0;
    for (const password of PASSWORDS) {
      const url = make(password);
      const attempts = [
        () => loadConfig({ ...options, databaseUrl: url, env: {} }),
        () => loadConfig({ ...options, env: { DATABASE_URL: url } }),
        async () => {
          await project.write("db/environments/quoted.yaml", `database:\n  url: '${url.replaceAll("'", "''")}'\n`);
          return await loadConfig({ ...options, environment: "quoted", env: {} });
        },
        async () => {
          await project.write("db/environments/plain.yaml", `database:\n  url: ${url}\n`);
          return await loadConfig({ ...options, environment: "plain", env: {} });
        },
      ];
      for (const attempt of attempts) {
        try {
          // Some passwords make a valid URL of another meaning.
          await attempt();
        } catch (error) {
          if (!(error instanceof ConfitureError)) throw error;
          expect(printed(error)).not.toContain("PW");
          errors++;
        }
      }
    }
    expect(errors).toBeGreaterThan(PASSWORDS.length * 3);
  });

  test("says how to write special characters", async () => {
    const error = await failure(load({}, { databaseUrl: "postgres://app:a@b@db/shop" }));
    expect(error.hint).toContain("%40");
  });
});
