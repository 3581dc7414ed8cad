import type { Change, PropertyChange } from "./changes.ts";

/** An object that is gone, or a property of one that protects something. */
export interface TakenAway {
  /** In PostgreSQL's words: "policy", "row security", "not null". */
  readonly kind: string;
  /** Qualified. */
  readonly name: string;
  readonly change: Change;
}

/** What changes take away. Pure. */
export function takenAway(changes: readonly Change[]): TakenAway[] {
  return changes.flatMap((change): TakenAway[] => {
    const { name } = change;
    if (change.change === "dropped") return [{ kind: change.kind, name, change }];
    if (change.change === "added") return [];
    const kinds = new Set(change.properties.flatMap((property) => protectionLost(change, property) ?? []));
    return [...kinds].map((kind) => ({ kind, name, change }));
  });
}

/** The kind of what is lost, if anything is. */
function protectionLost({ kind }: Change, { property, from, to }: PropertyChange): string | undefined {
  switch (property) {
    case "rowSecurity":
    case "forceRowSecurity":
      return from === true && to === false ? "row security" : undefined;
    case "notNull":
      return from === true && to === false ? "not null" : undefined;
    case "enabled":
      return to === "D" && from !== "D" ? kind : undefined;
    case "privileges":
      return Array.isArray(from) && Array.isArray(to) && from.some((privilege) => !to.includes(privilege))
        ? kind
        : undefined;
    default:
      return undefined;
  }
}
