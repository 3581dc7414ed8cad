import { changeName, type ColumnStep, expandStep, fillStep, syncParts, validateStep } from "./sync-parts.ts";
import type { SyncedColumns } from "./synced-columns.ts";

/**
 * A change of columns in steps between which any time may pass (docs/guides/medium-4-schema-to-schema.md). Pure.
 */
export function columnSteps(change: SyncedColumns): ColumnStep[] {
  const name = changeName(change);
  const parts = syncParts(change);
  const { alter, checks } = parts;
  return [
    expandStep([parts], name, [change]),
    fillStep(parts, name, change),
    validateStep([parts], name),
    {
      part: "contract",
      options: `phase:contract change:${name}`,
      up: [...parts.dropSync, ...parts.settle, ...parts.giveDefaults, ...parts.giveComments, ...parts.dropOld],
      down: [
        ...parts.takeComments,
        ...parts.takeDefaults,
        ...parts.unsettle,
        ...parts.bringOld,
        ...parts.bringComments,
        ...parts.constrainOld,
        ...checks.map(({ add }) => alter(add)),
        ...parts.makeSync,
      ],
      transactional: true,
    },
  ];
}
