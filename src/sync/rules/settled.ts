/** A function that PostgreSQL brings and does not call VOLATILE. */
interface OwnFunction {
  readonly name: string;
  /** How many arguments it takes. */
  readonly takes: number;
}

/**
 * Whether one of PostgreSQL's own functions gives the same in all sessions that share a snapshot, as the streams of a copy do. STABLE
 * says less, the same within one statement: many tell of the session, of the server's activity, statistics, files or settings, or of the time. Pure.
 */
export function isSettled({ name, takes }: OwnFunction): boolean {
  // What newer versions add under this prefix mostly tells of the server: it is refused until it is listed.
  if (name.startsWith("pg_")) return SETTLED.test(name);
  return !UNSETTLED.test(name) && !(name === "age" && takes === 1);
}

/** They compute something of their arguments, of settings that all sessions of a copy have in common, or of the catalogue. */
const SETTLED = new RegExp(
  "^pg_(?:typeof|basetype|collation_for|input_(?:is_valid|error_info)|encoding_to_char|char_to_encoding|client_encoding|column_(?:size|compression)" +
    "|has_role|is_other_temp_schema|\\w+_is_visible|(?:column|relation)_is_(?:updatable|publishable)|index(?:am)?(?:_column)?_has_property|describe_object" +
    "|identify_object(?:_as_address)?|options_to_table|sequence_parameters|mcv_list_items|(?:dependencies|ndistinct|mcv_list|node_tree)_(?:recv|send)" +
    "|get_(?:acl|catalog_foreign_keys|constraintdef|expr|function_\\w+|indexdef|keywords|object_address|partition_constraintdef|partkeydef" +
    "|publication_tables|replica_identity_index|ruledef|serial_sequence|statisticsobjdef\\w*|triggerdef|userbyid|viewdef))$",
);

/** Of the others. `current_setting` and what reads tables by their names are refused wherever they stand. */
const UNSETTLED =
  /^(?:inet_(?:client|server)_(?:addr|port)|(?:statement|transaction)_timestamp|now|txid_\w+|mxid_age|current_setting|row_security_active)$/;
