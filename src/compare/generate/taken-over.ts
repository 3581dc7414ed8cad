import type { Catalogue } from "../catalogue/catalogue.ts";
import { describe } from "../catalogue/describe.ts";
import { grantLosses } from "../catalogue/grant-losses.ts";
import { type SequenceRight, sequenceRights } from "../catalogue/sequence-rights.ts";
import type { TakenAway } from "../catalogue/taken-away.ts";
import { isGrantToOwner } from "../catalogue/terms.ts";
import type { ObjectId } from "../engine/object-id.ts";
import type { Takeover } from "../plan/numbers-kept.ts";

/**
 * What sequences were given that another one takes the place of, as where a serial column becomes an identity: rights to them, and
 * their comments. Pure.
 */
export function lostWithSequences(taken: readonly Takeover[], from: Catalogue, to: Catalogue): TakenAway[] {
  if (taken.every(({ olds }) => olds.length === 0)) return [];
  const [before, after] = [from, to].map(rightsIn) as [SequenceRight[], SequenceRight[]];
  return taken.flatMap(({ olds, next }) =>
    olds.flatMap((old): TakenAway[] => {
      const now = after.filter(isTo(next));
      const rights = before.filter(isTo(old)).flatMap(({ grantee, privileges, grantable }): TakenAway[] => {
        const id: ObjectId = { kind: "acl", target: idOf(old), grantee };
        const kept = now.find((right) => right.grantee === grantee);
        if (kept === undefined) return [gone(id)];
        const fates = [
          ...grantLosses("privileges", privileges, kept.privileges, []),
          ...grantLosses("grantable", grantable, kept.grantable, [
            { property: "privileges", from: privileges, to: kept.privileges },
          ]),
        ];
        return fates.map((fate) => ({ ...gone(id), fate }));
      });
      const isSilent = !hasComment(old, from) || hasComment(next, to);
      return [...rights, ...(isSilent ? [] : [gone({ kind: "comment", target: idOf(old) })])];
    }),
  );
}

function rightsIn({ facts, extras }: Catalogue): SequenceRight[] {
  return sequenceRights(
    facts.facts().filter(({ id }) => !isGrantToOwner(facts, id, undefined)),
    extras,
  );
}

type Named = Pick<Takeover["next"], "schema" | "name">;

function isTo({ schema, name }: Named): (right: SequenceRight) => boolean {
  return ({ sequence }) => sequence.schema === schema && sequence.name === name;
}

function idOf({ schema, name }: Named): ObjectId {
  return { kind: "sequence", schema, name };
}

function hasComment({ schema, name }: Named, { facts, extras }: Catalogue): boolean {
  return (
    facts.has({ kind: "comment", target: { kind: "sequence", schema, name } }) ||
    extras.some(({ kind, path }) => kind === "sequence comment" && path[0] === schema && path[1] === name)
  );
}

function gone(id: ObjectId): TakenAway {
  const { kind, name, path } = describe(id);
  const on = describe("target" in id ? id.target : id);
  const change = {
    change: "dropped",
    kind,
    name,
    path,
    on,
    summary: undefined,
    properties: [],
    planned: true,
  } as const;
  return { kind, name, change };
}
