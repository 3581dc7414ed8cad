import { resolve } from "node:path";
import { ConfitureError } from "#errors/error.ts";
import { readRegularFile } from "#files/read.ts";
import { deserializeFacts, serializeFacts } from "../engine/serialize.ts";
import type { Catalogue } from "./catalogue.ts";
import type { Extra } from "../kinds/kind.ts";
import { kindOf } from "./extras.ts";

const FORMAT = "confiture-snapshot";
const VERSION = 1;

/** A snapshot file's content; docs/formats.md describes it. */
interface SnapshotDocument {
  readonly format: typeof FORMAT;
  readonly version: number;
  /** The server's major version. */
  readonly postgres: number;
  readonly inUse: boolean;
  readonly builder: string | null;
  readonly ledgerSchema: string | null;
  readonly objects: object;
  readonly others: readonly Extra[];
  readonly notCompared: Catalogue["notCompared"];
}

/** The same catalogue gives the same document, and the same text. Options that may hold passwords are not in it. */
export function toSnapshot(catalogue: Catalogue): SnapshotDocument {
  const { facts, major, builder, inUse, ledgerSchema, extras, notCompared } = catalogue;
  return {
    format: FORMAT,
    version: VERSION,
    postgres: major,
    inUse,
    builder: builder ?? null,
    ledgerSchema: ledgerSchema ?? null,
    objects: serializeFacts(facts),
    others: extras,
    notCompared,
  };
}

/**
 * @param file relative to the project
 * @throws ConfitureError `snapshot_invalid`, `file_unreadable`
 */
export function readSnapshot(projectDir: string, file: string): Catalogue {
  const document = readDocument(file, readRegularFile(resolve(projectDir, file), file).toString());
  if (document.format !== FORMAT) throw invalid(file, "it is some other JSON file");
  if (document.version !== VERSION) {
    throw invalid(
      file,
      `it has the format's version ${JSON.stringify(document.version)}, and this version of Confiture knows ${VERSION}`,
    );
  }
  return readCatalogueOf(file, document as unknown as SnapshotDocument);
}

function readDocument(file: string, text: string): Partial<Record<keyof SnapshotDocument, unknown>> {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    throw invalid(file, `it is broken or cut short: ${(cause as Error).message}`, cause);
  }
  if (typeof document !== "object" || document === null) throw invalid(file, "it is some other JSON file");
  return document;
}

function readCatalogueOf(file: string, document: SnapshotDocument): Catalogue {
  const { postgres, inUse, builder, ledgerSchema, objects, others, notCompared } = document;
  const complete =
    typeof postgres === "number" &&
    typeof inUse === "boolean" &&
    typeof objects === "object" &&
    Array.isArray(others) &&
    Array.isArray(notCompared);
  if (!complete) throw invalid(file, "parts of it are missing");
  try {
    return {
      facts: deserializeFacts(objects),
      extras: others.map((extra) => ({
        ...extra,
        payload: kindOf(extra).normalized?.(extra.payload) ?? extra.payload,
      })),
      major: postgres,
      inUse,
      builder: builder ?? undefined,
      ledgerSchema: ledgerSchema ?? undefined,
      histories: [],
      notCompared,
    };
  } catch (cause) {
    throw invalid(file, `it was changed or is broken: ${(cause as Error).message}`, cause);
  }
}

function invalid(file: string, why: string, cause?: unknown): ConfitureError {
  return new ConfitureError("snapshot_invalid", `${file} is no snapshot that can be read: ${why}`, {
    location: { file },
    hint: "Write it again: confiture snapshot SOURCE --output FILE",
    cause,
  });
}
