import type { Rule } from "./rule.ts";
import { alterTableTwice } from "./rules/alter-table-twice.ts";
import { attachScans } from "./rules/attach-scans.ts";
import { autovacuumOff } from "./rules/autovacuum-off.ts";
import { backfillWithDdl } from "./rules/backfill-with-ddl.ts";
import { breaksOldWriter } from "./rules/breaks-old-writer.ts";
import { changesServer } from "./rules/changes-server.ts";
import { changesValues } from "./rules/changes-values.ts";
import { checkValidatesUnderLock } from "./rules/check-validates-under-lock.ts";
import { columnOrder } from "./rules/column-order.ts";
import { columnReplaced } from "./rules/column-replaced.ts";
import { concurrentlyInTransaction } from "./rules/concurrently-in-transaction.ts";
import { defaultRewrites } from "./rules/default-rewrites.ts";
import { definerCallable } from "./rules/definer-callable.ts";
import { definerSearchPath } from "./rules/definer-search-path.ts";
import { deleteAll } from "./rules/delete-all.ts";
import { detachBlocks } from "./rules/detach-blocks.ts";
import { detachHidesRows } from "./rules/detach-hides-rows.ts";
import { diskHeadroom } from "./rules/disk-headroom.ts";
import { doesByCode } from "./rules/does-by-code.ts";
import { domainConstraintScans } from "./rules/domain-constraint-scans.ts";
import { domainWithConstraint } from "./rules/domain-with-constraint.ts";
import { dropCascades } from "./rules/drop-cascades.ts";
import { dropColumn } from "./rules/drop-column.ts";
import { dropConstraint } from "./rules/drop-constraint.ts";
import { dropDatabase } from "./rules/drop-database.ts";
import { dropDefault } from "./rules/drop-default.ts";
import { dropIndexBlocks } from "./rules/drop-index-blocks.ts";
import { dropNotNull } from "./rules/drop-not-null.ts";
import { dropSchema } from "./rules/drop-schema.ts";
import { dropTable } from "./rules/drop-table.ts";
import { dropUsedObject } from "./rules/drop-used-object.ts";
import { duplicateAssignment } from "./rules/duplicate-assignment.ts";
import { duplicateIndex } from "./rules/duplicate-index.ts";
import { editedMigration } from "./rules/edited-migration.ts";
import { endangersData } from "./rules/endangers-data.ts";
import { enumValueOrder } from "./rules/enum-value-order.ts";
import { enumValueUsedAtOnce } from "./rules/enum-value-used-at-once.ts";
import { exclusionBuildsUnderLock } from "./rules/exclusion-builds-under-lock.ts";
import { exposesData } from "./rules/exposes-data.ts";
import { extensionInPublic } from "./rules/extension-in-public.ts";
import { failsOnRows } from "./rules/fails-on-rows.ts";
import { fkValidatesUnderLock } from "./rules/fk-validates-under-lock.ts";
import { foreignKeyTypeDiffers } from "./rules/foreign-key-type-differs.ts";
import { foreignKeyWithoutIndex } from "./rules/foreign-key-without-index.ts";
import { foreignKeysOff } from "./rules/foreign-keys-off.ts";
import { generatedRewrites } from "./rules/generated-rewrites.ts";
import { identifierTooLong } from "./rules/identifier-too-long.ts";
import { ignoreUnknown } from "./rules/ignore-unknown.ts";
import { ignoreUnused } from "./rules/ignore-unused.ts";
import { ignoreWithoutReason } from "./rules/ignore-without-reason.ts";
import { indexBlocksWrites } from "./rules/index-blocks-writes.ts";
import { invalidIndexHidden } from "./rules/invalid-index-hidden.ts";
import { manyTablesLocked } from "./rules/many-tables-locked.ts";
import { naming } from "./rules/naming.ts";
import { narrowsValues } from "./rules/narrows-values.ts";
import { needsNewerPostgres } from "./rules/needs-newer-postgres.ts";
import { noLockTimeout } from "./rules/no-lock-timeout.ts";
import { noWayBack } from "./rules/no-way-back.ts";
import { notNullScans } from "./rules/not-null-scans.ts";
import { notRerunnable } from "./rules/not-rerunnable.ts";
import { notRunnable } from "./rules/not-runnable.ts";
import { notTraced } from "./rules/not-traced.ts";
import { opaqueBlock } from "./rules/opaque-block.ts";
import { outOfOrder } from "./rules/out-of-order.ts";
import { policiesPermissiveTwice } from "./rules/policies-permissive-twice.ts";
import { policyAlwaysTrue } from "./rules/policy-always-true.ts";
import { policyPerRowFunction } from "./rules/policy-per-row-function.ts";
import { policyWithoutRls } from "./rules/policy-without-rls.ts";
import { preferBigint } from "./rules/prefer-bigint.ts";
import { preferIdentity } from "./rules/prefer-identity.ts";
import { preferJsonb } from "./rules/prefer-jsonb.ts";
import { preferText } from "./rules/prefer-text.ts";
import { preferTimestamptz } from "./rules/prefer-timestamptz.ts";
import { primaryKeyBuildsUnderLock } from "./rules/primary-key-builds-under-lock.ts";
import { primaryKeyMissing } from "./rules/primary-key-missing.ts";
import { refreshBlocksReaders } from "./rules/refresh-blocks-readers.ts";
import { reindexBlocks } from "./rules/reindex-blocks.ts";
import { renameBreaksCode } from "./rules/rename-breaks-code.ts";
import { renameColumn } from "./rules/rename-column.ts";
import { renameEnumValue } from "./rules/rename-enum-value.ts";
import { renameSchema } from "./rules/rename-schema.ts";
import { renameTable } from "./rules/rename-table.ts";
import { replacesCode } from "./rules/replaces-code.ts";
import { replicaIdentityLost } from "./rules/replica-identity-lost.ts";
import { requiredColumn } from "./rules/required-column.ts";
import { rlsOff } from "./rules/rls-off.ts";
import { rlsWithoutPolicy } from "./rules/rls-without-policy.ts";
import { ruleSwallowsWrites } from "./rules/rule-swallows-writes.ts";
import { schemaQualified } from "./rules/schema-qualified.ts";
import { sequenceRepeats } from "./rules/sequence-repeats.ts";
import { serialRewrites } from "./rules/serial-rewrites.ts";
import { setSchema } from "./rules/set-schema.ts";
import { statementFails } from "./rules/statement-fails.ts";
import { syntaxError } from "./rules/syntax-error.ts";
import { tableMoves } from "./rules/table-moves.ts";
import { tableReplaced } from "./rules/table-replaced.ts";
import { timeoutKillsConcurrently } from "./rules/timeout-kills-concurrently.ts";
import { transactionControl } from "./rules/transaction-control.ts";
import { triggerLocks } from "./rules/trigger-locks.ts";
import { triggerSwallowsWrites } from "./rules/trigger-swallows-writes.ts";
import { truncate } from "./rules/truncate.ts";
import { typeChangeRechecks } from "./rules/type-change-rechecks.ts";
import { typeChangeRewrites } from "./rules/type-change-rewrites.ts";
import { uniqueBuildsUnderLock } from "./rules/unique-builds-under-lock.ts";
import { updateAll } from "./rules/update-all.ts";
import { userMetadataInPolicy } from "./rules/user-metadata-in-policy.ts";
import { vacuumFull } from "./rules/vacuum-full.ts";
import { validateUnderLock } from "./rules/validate-under-lock.ts";
import { viewBypassesRls } from "./rules/view-bypasses-rls.ts";
import { wayBackLoses } from "./rules/way-back-loses.ts";
import { wideIndex } from "./rules/wide-index.ts";
import { workAfterLock } from "./rules/work-after-lock.ts";

/**
 * Every rule, by group, in the order in which they are listed. Help, completion, configuration, the pages below docs/lint and
 * the table of other tools' names follow from it.
 */
export const RULES: readonly Rule[] = [
  indexBlocksWrites,
  dropIndexBlocks,
  reindexBlocks,
  refreshBlocksReaders,
  detachBlocks,
  attachScans,
  checkValidatesUnderLock,
  fkValidatesUnderLock,
  validateUnderLock,
  notNullScans,
  uniqueBuildsUnderLock,
  primaryKeyBuildsUnderLock,
  exclusionBuildsUnderLock,
  typeChangeRewrites,
  typeChangeRechecks,
  defaultRewrites,
  serialRewrites,
  generatedRewrites,
  tableMoves,
  vacuumFull,
  domainConstraintScans,
  workAfterLock,
  backfillWithDdl,
  manyTablesLocked,
  alterTableTwice,
  triggerLocks,
  noLockTimeout,
  timeoutKillsConcurrently,
  autovacuumOff,
  diskHeadroom,
  dropColumn,
  dropTable,
  dropSchema,
  dropDatabase,
  dropCascades,
  truncate,
  deleteAll,
  updateAll,
  dropConstraint,
  dropNotNull,
  dropDefault,
  renameColumn,
  renameTable,
  renameSchema,
  renameBreaksCode,
  setSchema,
  renameEnumValue,
  requiredColumn,
  narrowsValues,
  changesValues,
  breaksOldWriter,
  dropUsedObject,
  detachHidesRows,
  tableReplaced,
  columnReplaced,
  sequenceRepeats,
  endangersData,
  ruleSwallowsWrites,
  triggerSwallowsWrites,
  replacesCode,
  doesByCode,
  foreignKeysOff,
  replicaIdentityLost,
  failsOnRows,
  concurrentlyInTransaction,
  transactionControl,
  enumValueUsedAtOnce,
  enumValueOrder,
  invalidIndexHidden,
  notRerunnable,
  duplicateAssignment,
  identifierTooLong,
  statementFails,
  needsNewerPostgres,
  syntaxError,
  notRunnable,
  notTraced,
  opaqueBlock,
  outOfOrder,
  editedMigration,
  noWayBack,
  wayBackLoses,
  preferBigint,
  preferIdentity,
  preferText,
  preferTimestamptz,
  preferJsonb,
  domainWithConstraint,
  schemaQualified,
  naming,
  columnOrder,
  primaryKeyMissing,
  foreignKeyWithoutIndex,
  foreignKeyTypeDiffers,
  duplicateIndex,
  wideIndex,
  rlsWithoutPolicy,
  policyWithoutRls,
  policiesPermissiveTwice,
  policyPerRowFunction,
  policyAlwaysTrue,
  viewBypassesRls,
  userMetadataInPolicy,
  exposesData,
  changesServer,
  definerSearchPath,
  definerCallable,
  rlsOff,
  extensionInPublic,
  ignoreUnused,
  ignoreUnknown,
  ignoreWithoutReason,
];
