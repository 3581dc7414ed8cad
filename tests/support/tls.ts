import "reflect-metadata";
import { chmod, mkdir, realpath, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  type X509Certificate,
  X509CertificateGenerator,
  X509CrlGenerator,
} from "@peculiar/x509";
import { type Major, startServer, type TestServer } from "./servers.ts";

/** A server with TLS, and the files a client needs to connect to it. */
export interface TlsServer {
  readonly server: TestServer;
  /** The authority that signed the server's certificate, for `sslrootcert`. */
  readonly caFile: string;
  /** An authority that did not: verification has to fail. */
  readonly otherCaFile: string;
  /** The text of `caFile`; lists of revoked certificates, without and with the server's; and the other authority's. */
  readonly ca: string;
  readonly emptyCrl: string;
  readonly revokedCrl: string;
  readonly otherCrl: string;
  /** The name under which OpenSSL looks for the authority's list in a folder. */
  readonly crlName: string;
  /** A certificate and key the server takes in place of a password for the role `CERTIFICATE_ROLE`. */
  readonly clientCert: string;
  readonly clientKey: string;
  /** A host that reaches the server but is not in its certificate; undefined where the system has none. */
  readonly unnamedHost: string | undefined;
}

/** A superuser who gets in with the client certificate only. */
export const CERTIFICATE_ROLE = "certificate_user";
/** A superuser with the usual password, who is refused without TLS. */
export const TLS_ONLY_ROLE = "tls_user";
/** A superuser with the usual password, who is refused with TLS. */
export const PLAIN_ONLY_ROLE = "plain_user";

const AUTHORITY = "Confiture test authority";

const shared = new Map<Major, Promise<TlsServer>>();

/** The TLS server that all tests of this process share; the first call starts it. Its certificate names localhost and 127.0.0.1. */
export function tlsServer(major: Major = 18): Promise<TlsServer> {
  let promise = shared.get(major);
  if (promise === undefined) {
    promise = startTlsServer(major);
    shared.set(major, promise);
  }
  return promise;
}

async function startTlsServer(major: Major): Promise<TlsServer> {
  const authority = await createAuthority(AUTHORITY);
  const otherAuthority = await createAuthority("Some other authority");
  const forServer = await authority.issue("localhost", ExtendedKeyUsage.serverAuth);
  const forClient = await authority.issue(CERTIFICATE_ROLE, ExtendedKeyUsage.clientAuth);

  const unnamedHost = process.platform === "linux" ? "127.0.0.2" : undefined;
  const server = await startServer({
    major,
    settings: [
      "ssl = on",
      "ssl_cert_file = 'server.crt'",
      "ssl_key_file = 'server.key'",
      "ssl_ca_file = 'authority.crt'",
      ...(unnamedHost === undefined ? [] : [`listen_addresses = '127.0.0.1,${unnamedHost}'`]),
    ],
    access: [
      `hostssl all ${CERTIFICATE_ROLE} samenet cert`,
      `host all ${CERTIFICATE_ROLE} samenet reject`,
      `hostnossl all ${TLS_ONLY_ROLE} samenet reject`,
      `hostssl all ${PLAIN_ONLY_ROLE} samenet reject`,
      "host all all samenet scram-sha-256",
    ],
    files: { "server.crt": forServer.certificate, "server.key": forServer.key, "authority.crt": authority.certificate },
  });
  await server.sql(`CREATE ROLE ${CERTIFICATE_ROLE} SUPERUSER LOGIN`);
  for (const role of [TLS_ONLY_ROLE, PLAIN_ONLY_ROLE]) {
    await server.sql(`CREATE ROLE ${role} SUPERUSER LOGIN PASSWORD '${server.password}'`);
  }

  const folder = join(await realpath(server.folder), "tls");
  await mkdir(folder);
  const write = async (name: string, text: string): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, text);
    await chmod(path, 0o600);
    return path;
  };
  return {
    server,
    caFile: await write("ca.crt", authority.certificate),
    otherCaFile: await write("other-ca.crt", otherAuthority.certificate),
    ca: authority.certificate,
    emptyCrl: await authority.revoke([]),
    revokedCrl: await authority.revoke([forServer]),
    otherCrl: await otherAuthority.revoke([]),
    crlName: `${nameHash(AUTHORITY)}.r0`,
    clientCert: await write("client.crt", forClient.certificate),
    clientKey: await write("client.key", forClient.key),
    unnamedHost,
  };
}

interface Issued {
  readonly certificate: string;
  readonly key: string;
  readonly serialNumber: string;
}

interface Authority {
  readonly certificate: string;
  /** A list of revoked certificates. */
  revoke(certificates: readonly Issued[]): Promise<string>;
  issue(commonName: string, usage: ExtendedKeyUsage): Promise<Issued>;
}

/**
 * OpenSSL's hash of a name that is nothing but a CN in ASCII: of the SHA-1 of its canonical encoding, in which letters are
 * small, the first four bytes, the last one first (X509_NAME_hash).
 */
function nameHash(commonName: string): string {
  const text = Buffer.from(commonName.toLowerCase());
  const wrap = (tag: number, content: Buffer): Buffer => Buffer.concat([Buffer.from([tag, content.length]), content]);
  const attribute = Buffer.concat([Buffer.from([0x06, 3, 0x55, 0x04, 0x03]), wrap(0x0c, text)]);
  const hash = new Bun.CryptoHasher("sha1").update(wrap(0x31, wrap(0x30, attribute))).digest();
  return hash.readUInt32LE(0).toString(16).padStart(8, "0");
}

const KEY_ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const DAY = 24 * 60 * 60 * 1000;

async function createAuthority(name: string): Promise<Authority> {
  const keys = await crypto.subtle.generateKey(KEY_ALGORITHM, true, ["sign", "verify"]);
  const root: X509Certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: `CN=${name}`,
    ...validity(),
    signingAlgorithm: KEY_ALGORITHM,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 1, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return {
    certificate: `${root.toString("pem")}\n`,
    async issue(commonName, usage) {
      const own = await crypto.subtle.generateKey(KEY_ALGORITHM, true, ["sign", "verify"]);
      const certificate = await X509CertificateGenerator.create({
        serialNumber: serialNumber(),
        subject: `CN=${commonName}`,
        issuer: root.subject,
        ...validity(),
        signingAlgorithm: KEY_ALGORITHM,
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        extensions: [
          new BasicConstraintsExtension(false, undefined, true),
          new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
          new ExtendedKeyUsageExtension([usage]),
          await SubjectKeyIdentifierExtension.create(own.publicKey),
          await AuthorityKeyIdentifierExtension.create(keys.publicKey),
          new SubjectAlternativeNameExtension([
            { type: "dns", value: commonName },
            { type: "ip", value: "127.0.0.1" },
          ]),
        ],
      });
      const key = await crypto.subtle.exportKey("pkcs8", own.privateKey);
      return {
        certificate: `${certificate.toString("pem")}\n`,
        key: `${PemConverter.encode(key, "PRIVATE KEY")}\n`,
        serialNumber: certificate.serialNumber,
      };
    },
    async revoke(certificates) {
      const { notBefore, notAfter } = validity();
      const list = await X509CrlGenerator.create({
        issuer: root.subject,
        thisUpdate: notBefore,
        nextUpdate: notAfter,
        signingAlgorithm: KEY_ALGORITHM,
        signingKey: keys.privateKey,
        entries: certificates.map((revoked) => ({ serialNumber: revoked.serialNumber, revocationDate: notBefore })),
      });
      return `${PemConverter.encode(list.rawData, "X509 CRL")}\n`;
    },
  };
}

function validity(): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(Date.now() - DAY), notAfter: new Date(Date.now() + DAY) };
}

function serialNumber(): string {
  return `01${crypto.randomUUID().replaceAll("-", "").slice(0, 16)}`;
}
