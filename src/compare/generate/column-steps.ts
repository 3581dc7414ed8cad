import { lossHazard } from "../plan/statement.ts";
import { changeName, type ColumnStep, expandStep, fillStep, syncParts, validateStep } from "./sync-parts.ts";
import type { SyncedColumns } from "./synced-columns.ts";

/**
 * A change of columns in steps between which any time may pass (docs/guides/medium-4-schema-to-schema.md). Pure.
 */
export function columnSteps(change: SyncedColumns): ColumnStep[] {
  const name = changeName(change);
  const parts = syncParts(change);
  const { alter, checks } = parts;
  const { belongings } = change;
  const rows = belongings?.rows ?? new Map();
  return [
    expandStep([parts], name, [change]),
    fillStep(parts, name, change),
    validateStep([parts], name),
    ...(belongings === undefined || belongings.build.length === 0
      ? []
      : [
          {
            part: "indexes",
            options: `change:${name}`,
            rows,
            up: belongings.build,
            down: belongings.unbuild,
            transactional: false,
          } as const,
        ]),
    {
      part: "contract",
      options: `phase:contract change:${name}`,
      rows,
      losses: new Map(change.isLossy ? parts.dropOld.map((sql) => [sql, lossHazard("not-restored")] as const) : []),
      up: [
        ...parts.dropSync,
        ...parts.settle,
        ...parts.giveDefaults,
        ...parts.giveComments,
        ...(belongings?.dropOld ?? []),
        ...parts.dropOld,
        ...(belongings?.takeNames ?? []),
      ],
      down: [
        ...(belongings?.giveNames ?? []),
        ...parts.takeComments,
        ...parts.takeDefaults,
        ...parts.unsettle,
        ...parts.bringOld,
        ...parts.bringComments,
        ...parts.constrainOld,
        ...(belongings?.makeOld ?? []),
        ...checks.map(({ add }) => alter(add)),
        ...parts.makeSync,
      ],
      transactional: true,
    },
  ];
}
