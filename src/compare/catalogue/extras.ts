import type { Extra, Kind } from "../kinds/kind.ts";
import { KINDS } from "../kinds/registry.ts";

/** What differs between two databases in an object or property of one of our kinds; undefined where a side does not have it. */
export interface ExtraDifference {
  readonly kind: string;
  readonly path: readonly string[];
  readonly from: Extra | undefined;
  readonly to: Extra | undefined;
}

/** @throws TypeError for a kind that there is not, which a snapshot that was changed may hold */
export function kindOf({ kind }: Pick<Extra, "kind">): Kind {
  if (!Object.hasOwn(KINDS, kind)) throw new TypeError(`there is no kind ${JSON.stringify(kind)}`);
  return KINDS[kind as keyof typeof KINDS];
}

/** Everything that is said about it but its name and owner, in one line. */
export function textOfExtra({ kind, payload }: Pick<Extra, "kind" | "payload">): string {
  return kindOf({ kind }).text(payload);
}

/** Whether no plan holds SQL for its kind: it is compared, and written by hand. */
export function isByHand(extra: Pick<Extra, "kind">): boolean {
  return kindOf(extra).statements === undefined;
}

/** Whether something of a kind that the planner does not read is read here, or belongs to the server as roles do. */
export function isComparedElsewhere(kind: string): boolean {
  return Object.hasOwn(KINDS, kind) || kind === "parameter ACL";
}

/** Pure. */
export function compareExtras(from: readonly Extra[], to: readonly Extra[]): ExtraDifference[] {
  const key = ({ kind, path }: Extra): string => JSON.stringify([kind, ...path]);
  const before = new Map(from.map((extra) => [key(extra), extra]));
  const after = new Map(to.map((extra) => [key(extra), extra]));
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((each) => {
    const pair = { from: before.get(each), to: after.get(each) };
    if (
      isDefinedAlike(pair.from, pair.to) &&
      pair.from?.comment === pair.to?.comment &&
      !changesOwner(pair.from, pair.to)
    )
      return [];
    const { kind, path } = (pair.from ?? pair.to)!;
    return [{ kind, path, ...pair }];
  });
}

/** Whether they differ in a comment or an owner only, if at all; both are there or not. */
export function isDefinedAlike(from: Extra | undefined, to: Extra | undefined): boolean {
  return Bun.deepEquals(from?.payload, to?.payload);
}

/** Whether it is another's then, as far as both sides say whose it is. */
export function changesOwner(from: Extra | undefined, to: Extra | undefined): boolean {
  return from?.owner !== undefined && to?.owner !== undefined && from.owner !== to.owner;
}
