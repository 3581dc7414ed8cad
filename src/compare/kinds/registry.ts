import { accessMethod } from "./access-method.ts";
import { aggregateArguments } from "./aggregate-arguments.ts";
import { baseType } from "./base-type.ts";
import { cast } from "./cast.ts";
import { clusteredIndex } from "./clustered-index.ts";
import { columnComment } from "./column-comment.ts";
import { columnCompression } from "./column-compression.ts";
import { columnDefault } from "./column-default.ts";
import { columnGrants } from "./column-grants.ts";
import { columnOptions } from "./column-options.ts";
import { columnStatisticsTarget } from "./column-statistics-target.ts";
import { columnStorage } from "./column-storage.ts";
import { constraintComment } from "./constraint-comment.ts";
import { constraintValidity } from "./constraint-validity.ts";
import { conversion } from "./conversion.ts";
import { extensionDependency } from "./extension-dependency.ts";
import { extensionVersion } from "./extension-version.ts";
import { foreignColumnOptions } from "./foreign-column-options.ts";
import { foreignKeyTrigger } from "./foreign-key-trigger.ts";
import { furtherParents } from "./further-parents.ts";
import { generatedColumn } from "./generated-column.ts";
import { indexComment } from "./index-comment.ts";
import { indexOptions } from "./index-options.ts";
import { inheritedNotNull } from "./inherited-not-null.ts";
import type { Kind } from "./kind.ts";
import { language } from "./language.ts";
import { languageGrants } from "./language-grants.ts";
import { notNullComment } from "./not-null-comment.ts";
import { notNullConstraint } from "./not-null-constraint.ts";
import { operator } from "./operator.ts";
import { operatorClass } from "./operator-class.ts";
import { operatorFamily } from "./operator-family.ts";
import { partitionedIndex } from "./partitioned-index.ts";
import { publishedGeneratedColumns } from "./published-generated-columns.ts";
import { sequenceComment } from "./sequence-comment.ts";
import { sequenceGrants } from "./sequence-grants.ts";
import { sequencePersistence } from "./sequence-persistence.ts";
import { statisticsObject } from "./statistics-object.ts";
import { tableAccessMethod } from "./table-access-method.ts";
import { tableType } from "./table-type.ts";
import { textSearchConfiguration } from "./text-search-configuration.ts";
import { textSearchDictionary } from "./text-search-dictionary.ts";
import { textSearchParser } from "./text-search-parser.ts";
import { textSearchTemplate } from "./text-search-template.ts";
import { toastOptions } from "./toast-options.ts";
import { transform } from "./transform.ts";
import { triggerComment } from "./trigger-comment.ts";
import { triggerState } from "./trigger-state.ts";

/** The kinds by name. What comes later may need what comes before; properties follow objects. */
export const KINDS = {
  language,
  "access method": accessMethod,
  operator,
  "operator family": operatorFamily,
  "operator class": operatorClass,
  cast,
  transform,
  conversion,
  "text search template": textSearchTemplate,
  "text search parser": textSearchParser,
  "text search dictionary": textSearchDictionary,
  "text search configuration": textSearchConfiguration,
  "statistics object": statisticsObject,
  "base type": baseType,
  "aggregate arguments": aggregateArguments,
  "clustered index": clusteredIndex,
  "column grants": columnGrants,
  "column options": columnOptions,
  comment: columnComment,
  compression: columnCompression,
  "constraint comment": constraintComment,
  "constraint validity": constraintValidity,
  default: columnDefault,
  "dependency on an extension": extensionDependency,
  "extension version": extensionVersion,
  "foreign column options": foreignColumnOptions,
  "foreign key trigger": foreignKeyTrigger,
  "further parents": furtherParents,
  "generated column": generatedColumn,
  "index comment": indexComment,
  "index options": indexOptions,
  "language grants": languageGrants,
  "not null": inheritedNotNull,
  "not null comment": notNullComment,
  "not null constraint": notNullConstraint,
  "partitioned index": partitionedIndex,
  "published generated columns": publishedGeneratedColumns,
  "sequence comment": sequenceComment,
  "sequence grants": sequenceGrants,
  "sequence persistence": sequencePersistence,
  "statistics target": columnStatisticsTarget,
  storage: columnStorage,
  "table access method": tableAccessMethod,
  "table type": tableType,
  "toast options": toastOptions,
  "trigger comment": triggerComment,
  "trigger state": triggerState,
} satisfies Readonly<Record<string, Kind<never>>>;
