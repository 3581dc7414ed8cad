import { encodeId } from "../engine/object-id.ts";
import type { Catalogue } from "./catalogue.ts";

/** The same for two catalogues means that `compareCatalogues` finds nothing; another one means nothing. Pure. */
export function digestOf({ facts, extras }: Catalogue): string {
  const lines = facts.facts().flatMap(({ id }): string[] => {
    // Roles belong to a server.
    if (facts.isReferenceOnly(id) || id.kind === "role" || id.kind === "membership") return [];
    const owners = facts.outgoingEdges(id).filter(({ kind }) => kind === "owner");
    return [[encodeId(id), facts.hashOf(id), ...owners.map(({ to }) => encodeId(to)).toSorted()].join("\0")];
  });
  const others = extras.map(({ kind, path, payload, comment, owner }) =>
    JSON.stringify([kind, path, payload, comment ?? null, owner ?? null]),
  );
  const hasher = new Bun.CryptoHasher("sha256");
  for (const line of [...lines.toSorted(), "", ...others.toSorted()]) hasher.update(`${line}\n`);
  return hasher.digest("hex");
}
