import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createServer, type Socket } from "node:net";
import { withDatabase, openDatabase } from "#database/open.ts";
import { type AuthenticationRules, Secret, type ServerTarget } from "#database/target.ts";
import { MAJORS, startServer, type TestServer } from "../../support/servers.ts";
import { tlsServer } from "../../support/tls.ts";
import { failureOf } from "../failure.ts";

/** As libpq and the server prepare passwords for SCRAM, or leave them. */
const PASSWORDS = [
  "Zürich",
  "Zu\u0308rich",
  "a\u00a0b",
  "so\u00adft",
  "o\ufb03ce",
  "🍓 u\u0308",
  "\u0627\u00ad\u0628",
  "\u0627a",
];

for (const major of MAJORS) {
  describe(`PostgreSQL ${major}`, () => {
    let instance: TestServer;
    beforeAll(async () => {
      instance = await startServer({
        major,
        access: [
          "host all plain_role samenet password",
          "local all plain_role password",
          "host all md5_role samenet md5",
          "host all trusted_role samenet trust",
        ],
      });
      await instance.sql("CREATE ROLE plain_role LOGIN PASSWORD 'secret'");
      await instance.sql("SET password_encryption = md5");
      await instance.sql("CREATE ROLE md5_role LOGIN PASSWORD 'secret'");
      await instance.sql("RESET password_encryption");
      await instance.sql("CREATE ROLE trusted_role LOGIN");
      await instance.sql("CREATE ROLE scram_role LOGIN PASSWORD 'secret'");
    });
    afterAll(() => instance.stop("immediate"));

    const outcome = async (changes: Partial<ServerTarget>): Promise<string> => {
      const target = { ...instance.target("postgres"), password: new Secret("secret"), ...changes };
      try {
        return await withDatabase(target, {}, async (database) => {
          const [row] = await database.query<{ name: string }>("SELECT session_user::text AS name");
          return row?.name ?? "";
        });
      } catch (error) {
        return (error as { code: string }).code;
      }
    };

    test("every password that psql may use, in every way to type it", async () => {
      for (const [index, password] of PASSWORDS.entries()) {
        await instance.sql(`CREATE ROLE typed_${index} LOGIN PASSWORD '${password}'`);
        expect(await outcome({ user: `typed_${index}`, password: new Secret(password) })).toBe(`typed_${index}`);
        const composed = password.normalize("NFC");
        expect(await outcome({ user: `typed_${index}`, password: new Secret(composed) })).toBe(
          password.includes("🍓") ? "connect_auth" : `typed_${index}`,
        );
      }
    });

    test("a password goes out in clear text over a unix socket, or where it was said to", async () => {
      const user = "plain_role";
      const error = await failureOf(openDatabase({ ...instance.target("postgres"), user }));
      expect(error).toMatchObject({ code: "connect_auth", hint: expect.stringContaining("require_auth: password") });
      expect(await outcome({ user, host: instance.socketDir })).toBe(user);
      expect(await outcome({ user, authentication: { methods: ["password"], allowCleartext: true } })).toBe(user);
      expect(await outcome({ user, authentication: { methods: ["password"] } })).toBe("connect_auth");
    });

    test("only the methods that are allowed", async () => {
      const roles = {
        "scram-sha-256": "scram_role",
        md5: "md5_role",
        none: "trusted_role",
        password: "plain_role",
      } as const;
      for (const [method, user] of Object.entries(roles) as [keyof typeof roles, string][]) {
        for (const allowed of Object.keys(roles) as (keyof typeof roles)[]) {
          const authentication: AuthenticationRules = { methods: [allowed], allowCleartext: true };
          expect([method, allowed, await outcome({ user, authentication })]).toEqual([
            method,
            allowed,
            method === allowed ? user : "connect_auth",
          ]);
        }
      }
    });

    test("without TLS there is no channel binding", async () => {
      for (const channelBinding of ["disable", "prefer"] as const) {
        expect(await outcome({ user: "scram_role", authentication: { channelBinding } })).toBe("scram_role");
      }
      for (const user of ["scram_role", "md5_role", "trusted_role"]) {
        expect(await outcome({ user, authentication: { channelBinding: "require" } })).toBe("connect_auth");
      }
    });
  });
}

describe.skipIf(MAJORS.length === 0)("channel binding", () => {
  test("is used where TLS allows it, and holds where it is required", async () => {
    const { server } = await tlsServer(MAJORS.at(-1));
    for (const channelBinding of ["disable", "prefer", "require"] as const) {
      const target: ServerTarget = {
        ...server.target("postgres"),
        tls: { mode: "require" },
        authentication: { channelBinding, methods: ["scram-sha-256"] },
      };
      await withDatabase(target, {}, async (database) => {
        expect(await database.query("SELECT 1 AS one")).toEqual([{ one: 1 }]);
      });
    }
  });
});

describe("a server that lies", () => {
  let listener: ReturnType<typeof createServer>;
  let behave: (socket: Socket, received: Buffer) => void;
  const received: Buffer[] = [];
  let target: ServerTarget;
  beforeAll(async () => {
    listener = createServer((socket) => {
      socket.on("error", () => {});
      socket.on("data", (bytes: Buffer) => {
        received.push(bytes);
        behave(socket, bytes);
      });
    });
    await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
    target = {
      engine: "server",
      host: "127.0.0.1",
      port: (listener.address() as { port: number }).port,
      database: "x",
      user: "x",
      password: new Secret("secret"),
      tls: { mode: "disable" },
      connectTimeout: 2_000,
      applicationName: "tests",
    };
  });
  afterAll(() => listener.close());

  const message = (type: string, body: string | Buffer): Buffer => {
    const bytes = Buffer.from(body as string, "latin1");
    const head = Buffer.from(`${type}\0\0\0\0`);
    head.writeUInt32BE(4 + bytes.length, 1);
    return Buffer.concat([head, bytes]);
  };
  const OFFER = message("R", "\0\0\0\x0aSCRAM-SHA-256\0\0");
  const OK = message("R", "\0\0\0\0");
  const READY = message("Z", "I");
  const nonce = (bytes: Buffer): string => /r=([^,]*)/.exec(bytes.toString("latin1"))?.[1] ?? "";
  const challenge = (text: string): Buffer => message("R", `\0\0\0\x0b${text}`);

  test.each([
    ["another nonce", () => challenge("r=another,s=c2FsdA==,i=4096")],
    ["the client's own nonce alone", (bytes: Buffer) => challenge(`r=${nonce(bytes)},s=c2FsdA==,i=4096`)],
    ["billions of iterations", (bytes: Buffer) => challenge(`r=${nonce(bytes)}x,s=c2FsdA==,i=2000000000`)],
    ["no iterations", (bytes: Buffer) => challenge(`r=${nonce(bytes)}x,s=c2FsdA==,i=0`)],
    ["no salt", (bytes: Buffer) => challenge(`r=${nonce(bytes)}x,s=,i=4096`)],
    ["nonsense", () => challenge("e=unknown-user")],
    ["success before its proof", () => Buffer.concat([OK, READY])],
    [
      "success before its proof, after the client's",
      (bytes: Buffer) =>
        bytes.includes("p=") && !bytes.includes("n,,")
          ? Buffer.concat([OK, READY])
          : challenge(`r=${nonce(bytes)}x,s=c2FsdA==,i=1`),
    ],
    [
      "a wrong proof",
      (bytes: Buffer) =>
        bytes.includes("p=") && !bytes.includes("n,,")
          ? message("R", "\0\0\0\x0cv=AAAA")
          : challenge(`r=${nonce(bytes)}x,s=c2FsdA==,i=1`),
    ],
    ["a clear text request in the middle", () => message("R", "\0\0\0\x03")],
    ["channel binding without TLS", undefined],
  ] as const)("in SCRAM: %s", async (_what, answer) => {
    received.length = 0;
    behave = (socket, bytes) => {
      const first = received.length === 1;
      if (answer === undefined) socket.write(message("R", "\0\0\0\x0aSCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0"));
      else socket.write(first ? OFFER : answer(bytes));
    };
    const error = await failureOf(openDatabase(target));
    expect(error.code).toBe("connect_auth");
    expect(Buffer.concat(received).toString("latin1")).not.toContain("secret");
  });

  test.each([
    ["a message of no length", Buffer.from("R\0\0\0\0")],
    ["a message of two gigabytes", Buffer.from("E\x7f\xff\xff\xff", "latin1")],
    ["readiness without authentication", READY],
    ["a request to authenticate that is cut short", message("R", "\0")],
    ["another message", message("T", "\0\0")],
  ] as const)("at the start: %s", async (_what, bytes) => {
    behave = (socket) => void socket.write(bytes);
    const error = await failureOf(openDatabase(target));
    expect(error.exitCode).toBe(5);
  });

  test("notices without end", async () => {
    const notice = message("N", `SNOTICE\0C00000\0M${"x".repeat(20_000)}\0\0`);
    behave = (socket) => {
      const more = (): void => {
        while (!socket.destroyed && socket.write(notice));
        if (!socket.destroyed) socket.once("drain", more);
      };
      more();
    };
    expect((await failureOf(openDatabase(target))).code).toBe("connect_failed");
  });

  test("silence after the client let itself in: the time is connect_timeout", async () => {
    received.length = 0;
    behave = (socket) => {
      if (received.length === 1) socket.write(Buffer.concat([OK, READY]));
    };
    const error = await failureOf(openDatabase({ ...target, connectTimeout: 200 }));
    expect(error).toMatchObject({ code: "connect_failed", message: expect.stringContaining("0.2 s") });
  });
});
