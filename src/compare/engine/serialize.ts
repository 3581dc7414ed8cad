import { type DependencyEdge, type Fact as EngineFact, FactBase } from "@supabase/pg-delta/core";
import { resolveView } from "@supabase/pg-delta/policy";
import { engineFacts, type Facts, UNREADABLE, type Value, withUnreadable } from "./facts.ts";
import { encodeId, type ObjectId } from "./object-id.ts";

/** The objects of a snapshot, as docs/formats.md has them: what is written here is read for ever. */
interface ObjectsDocument {
  readonly facts: readonly { readonly id: ObjectId; readonly parent?: ObjectId; readonly payload: unknown }[];
  readonly edges: readonly { readonly from: ObjectId; readonly to: ObjectId; readonly kind: string }[];
  /** What is there and could not be read. */
  readonly unreadable: readonly { readonly code: string; readonly subject?: ObjectId; readonly message: string }[];
  /** SHA-256 of all the rest. */
  readonly digest: string;
}

/** As a JSON document: the same facts give the same one. */
export function serializeFacts(facts: Facts): ObjectsDocument {
  const base = engineFacts(facts);
  const rest = {
    facts: inOrder(
      base.facts().map(({ id, parent, payload }) => ({
        id: inForm(id),
        ...(parent === undefined ? {} : { parent: inForm(parent) }),
        payload: encode(payload as Value),
      })),
      ({ id }) => encodeId(id),
    ),
    edges: inOrder(
      base.edges.map(({ from, to, kind }) => ({ from: inForm(from), to: inForm(to), kind })),
      ({ from, to, kind }) => [encodeId(from), kind, encodeId(to)].join("\0"),
    ),
    unreadable: inOrder(
      base.diagnostics
        .filter(({ code }) => code in UNREADABLE)
        .map(({ code, subject, message }) => ({
          code,
          ...(subject === undefined ? {} : { subject: inForm(subject) }),
          message,
        })),
      ({ code, subject, message }) => [code, subject === undefined ? "" : encodeId(subject), message].join("\0"),
    ),
  };
  return { ...rest, digest: digestOf(rest) };
}

/** @throws Error when the document was changed or is broken */
export function deserializeFacts(document: object): Facts {
  const { digest, ...rest } = document as ObjectsDocument;
  if (digestOf(rest) !== digest) throw new Error("its digest is that of something else");
  const facts = rest.facts.map((fact) => ({ ...fact, payload: decode(fact.payload) }) as EngineFact);
  const base = new FactBase(facts, rest.edges as DependencyEdge[], "snapshot");
  const unreadable = rest.unreadable.map((each) => ({ ...each, severity: "warning" }));
  base.diagnostics.push(...(unreadable as FactBase["diagnostics"]));
  return withUnreadable(base, resolveView(base, undefined));
}

function digestOf(document: object): string {
  return Bun.SHA256.hash(JSON.stringify(document), "hex");
}

/** Its kind, then the parts of its name in the same order each time. */
function inForm<T extends ObjectId>({ kind, ...parts }: T): T {
  const named = Object.entries(parts).toSorted(([one], [other]) => (one < other ? -1 : 1));
  const plain = named.map(([part, value]) => [part, part === "target" ? inForm(value as ObjectId) : value] as const);
  return { kind, ...Object.fromEntries(plain) } as T;
}

/** JSON has no whole numbers as large as a sequence's bounds. */
function encode(value: Value): unknown {
  if (typeof value === "bigint") return { $bigint: String(value) };
  if (Array.isArray(value)) return value.map(encode);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, each]) => (each === undefined ? [] : [[key, encode(each as Value)] as const])),
  );
}

function decode(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(decode);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value);
  const [only] = entries;
  if (entries.length === 1 && only?.[0] === "$bigint" && typeof only[1] === "string") return BigInt(only[1]);
  return Object.fromEntries(entries.map(([key, each]) => [key, decode(each)]));
}

function inOrder<T>(items: T[], keyOf: (item: T) => string): T[] {
  return items
    .map((item) => ({ item, key: keyOf(item) }))
    .toSorted((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ item }) => item);
}
