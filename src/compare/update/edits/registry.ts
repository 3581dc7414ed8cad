import { columnProperties } from "./column-properties.ts";
import { columns } from "./columns.ts";
import { comments } from "./comments.ts";
import { constraints } from "./constraints.ts";
import { constraintAttributes } from "./constraint-attributes.ts";
import { drops } from "./drops.ts";
import type { EditKind } from "./edit.ts";
import { enumValues } from "./enum-values.ts";
import { functionBodies } from "./function-bodies.ts";
import { grants } from "./grants.ts";
import { objects } from "./objects.ts";
import { renames } from "./renames.ts";
import { rowSecurity } from "./row-security.ts";

/** Every kind of edit, in the order in which they are asked. */
export const EDIT_KINDS: readonly EditKind[] = [
  renames,
  columns,
  columnProperties,
  constraints,
  constraintAttributes,
  rowSecurity,
  enumValues,
  functionBodies,
  objects,
  drops,
  comments,
  grants,
];
