import {
  type AlterTableCmd,
  type ColumnDef,
  type Constraint,
  inside,
  type Node,
  type RangeVar,
  strings,
} from "#sql/parser.ts";
import { Triggers } from "#sql/swallowed-writes.ts";
import { addedConstraints, notNullColumns, typeText } from "./syntax.ts";

/** A table, view or index as far as migrations tell: what their text says, and not what a database holds. */
export interface Relation {
  readonly schema: string;
  name: string;
  readonly kind: "table" | "view" | "materialized view" | "index";
  /** Where it was made, as `World.here` was then. */
  readonly made: number;
  readonly temporary: boolean;
  /** Whether all of its columns are known. */
  complete: boolean;
  readonly partitioned: boolean;
  /** Key of the table that it is a partition of. */
  partitionOf?: string;
  hasDefaultPartition?: boolean;
  readonly columns: Map<string, Column>;
  readonly constraints: Map<string, KnownConstraint>;
  /** Whether row level security is on; undefined where the table was not seen to be made. */
  rowSecurity: boolean | undefined;
  readonly policies: Map<string, KnownPolicy>;
  /** Only of an index. */
  readonly index?: KnownIndex;
}

export interface Column {
  readonly name: string;
  type: string;
  notNull: boolean;
  hasDefault: boolean;
}

export interface KnownConstraint {
  readonly name: string;
  readonly kind: NonNullable<Constraint["contype"]>;
  readonly columns: readonly string[];
  valid: boolean;
  /** Columns that it proves to be no NULL, once it is valid. */
  readonly provesNotNull: readonly string[];
  readonly made: number;
}

export interface KnownPolicy {
  readonly permissive: boolean;
  /** "select", "all" */
  readonly command: string;
  readonly roles: readonly string[];
}

export interface KnownIndex {
  /** Key of its table. */
  table: string;
  readonly unique: boolean;
  readonly columns: readonly string[];
  readonly plain: boolean;
  /** Whether a constraint is built on it. */
  ofConstraint: boolean;
}

/** What the statements so far have made. Names without a schema are in the first schema of the search path. */
export class World {
  /** A number for each file, counting up. */
  here = 0;
  readonly relations = new Map<string, Relation>();
  /** Types that were made, by their last name, with where. */
  readonly #types = new Map<string, { readonly made: number; readonly isChecked: boolean }>();
  /** Functions and procedures that were made, by their last name, with where. */
  readonly #functions = new Map<string, { readonly made: number; readonly isTrigger: boolean }>();
  /** Labels that this file has added to enums. */
  readonly addedValues = new Set<string>();
  /** Files whose objects no application uses yet. */
  isNewFile: (made: number) => boolean = () => false;
  readonly triggers = new Triggers();
  #searchPath = "public";

  keyOf(range: Pick<RangeVar, "schemaname" | "relname"> | undefined): string {
    return `${range?.schemaname ?? this.#searchPath}.${range?.relname ?? ""}`;
  }

  find(range: Pick<RangeVar, "schemaname" | "relname"> | undefined): Relation | undefined {
    return this.relations.get(this.keyOf(range)) ?? this.#temporary(range);
  }

  /** A name as DROP and COMMENT write it: a list of its parts. */
  findByParts(parts: readonly string[]): Relation | undefined {
    return this.find(rangeOf(parts));
  }

  column(range: RangeVar | undefined, name: string | undefined): Column | undefined {
    return this.find(range)?.columns.get(name ?? "");
  }

  indexesOf(key: string): Relation[] {
    return [...this.relations.values()].filter(({ index }) => index?.table === key);
  }

  /** Whether a valid constraint proves that the column holds no NULL. */
  isProvenNotNull(range: RangeVar | undefined, column: string): boolean {
    const table = this.find(range);
    if (table?.columns.get(column)?.notNull === true) return true;
    return [...(table?.constraints.values() ?? [])].some(
      ({ valid, provesNotNull }) => valid && provesNotNull.includes(column),
    );
  }

  /** Whether a NOT NULL or a CHECK keeps new rows from holding NULL there, valid for the old ones or not. */
  refusesNull(range: RangeVar | undefined, column: string): boolean {
    const { constraints, columns } = this.find(range) ?? {};
    return (
      columns?.get(column)?.notNull === true ||
      [...(constraints?.values() ?? [])].some(({ provesNotNull }) => provesNotNull.includes(column))
    );
  }

  /** Whether a domain or enum was made by what is linted, by the parts of its name. */
  isNewType(parts: readonly string[]): boolean {
    const type = this.#types.get(parts.at(-1) ?? "");
    return type !== undefined && this.isNewFile(type.made);
  }

  /** Whether it is a domain whose values are checked. */
  isCheckedType(parts: readonly string[]): boolean {
    return this.#types.get(parts.at(-1) ?? "")?.isChecked === true;
  }

  isNewFunction(parts: readonly string[]): boolean {
    const known = this.#functions.get(parts.at(-1) ?? "");
    return known !== undefined && this.isNewFile(known.made);
  }

  /** Whether triggers alone can call it. */
  isTriggerFunction(parts: readonly string[]): boolean {
    return this.#functions.get(parts.at(-1) ?? "")?.isTrigger === true;
  }

  /** Whether a function was made before what is linted. */
  isOldFunction(parts: readonly string[]): boolean {
    const known = this.#functions.get(parts.at(-1) ?? "");
    return known !== undefined && !this.isNewFile(known.made);
  }

  /** What a file may have set for its session ends with it. */
  nextFile(): void {
    this.here++;
    this.addedValues.clear();
    this.triggers.settle();
    this.#searchPath = "public";
  }

  /** Takes note of what a statement does. */
  apply(node: Node): void {
    const create = inside(node, "CreateStmt");
    if (create !== undefined) return this.#createTable(create);
    const alter = inside(node, "AlterTableStmt");
    if (alter !== undefined) return this.#alterTable(node, alter.relation, alter.cmds ?? []);
    const index = inside(node, "IndexStmt");
    if (index?.relation !== undefined) {
      const columns = (index.indexParams ?? []).map((param) => inside(param, "IndexElem")?.name ?? "");
      const name = index.idxname ?? [index.relation.relname, ...columns, "idx"].join("_");
      this.#makeIndex(index.relation, name, {
        unique: index.unique === true,
        columns,
        plain: index.whereClause === undefined && (index.accessMethod ?? "btree") === "btree" && !columns.includes(""),
      });
      return;
    }
    const asTable = inside(node, "CreateTableAsStmt");
    if (asTable !== undefined)
      return this.#make(asTable.into?.rel, asTable.objtype === "OBJECT_MATVIEW" ? "materialized view" : "table", {});
    const view = inside(node, "ViewStmt");
    if (view !== undefined) return this.#make(view.view, "view", {});
    const drop = inside(node, "DropStmt");
    if (drop?.removeType === "OBJECT_POLICY") return this.#dropPolicies(drop.objects ?? []);
    if (drop !== undefined) return this.#drop(drop.objects ?? []);
    const rename = inside(node, "RenameStmt");
    if (rename !== undefined) return this.#rename(rename);
    const schema = inside(node, "AlterObjectSchemaStmt");
    if (schema?.relation !== undefined) return this.#move(schema.relation, schema.newschema);
    const set = inside(node, "VariableSetStmt");
    if (set?.name === "search_path") this.#setSearchPath(set.args);
    const domain = inside(node, "CreateDomainStmt");
    const type = domain?.domainname ?? inside(node, "CreateEnumStmt")?.typeName;
    if (type !== undefined) {
      const isChecked = (domain?.constraints ?? []).some(
        (constraint) => inside(constraint, "Constraint")?.contype !== "CONSTR_DEFAULT",
      );
      this.#types.set(strings(type).at(-1) ?? "", { made: this.here, isChecked });
    }
    const added = inside(node, "AlterEnumStmt");
    if (added?.newVal !== undefined && added.oldVal === undefined) this.addedValues.add(added.newVal);
    const code = inside(node, "CreateFunctionStmt");
    const name = strings(code?.funcname).at(-1);
    // One that is replaced stays what applications use.
    if (name !== undefined && !this.#functions.has(name)) {
      const isTrigger = /^(?:event_)?trigger$/.test(typeText(code?.returnType));
      this.#functions.set(name, { made: this.here, isTrigger });
    }
    const policy = inside(node, "CreatePolicyStmt");
    if (policy?.table !== undefined) this.#addPolicy(policy.table, policy);
    for (const element of inside(node, "CreateSchemaStmt")?.schemaElts ?? []) this.apply(element);
  }

  #addPolicy(range: RangeVar, policy: NonNullable<ReturnType<typeof inside<"CreatePolicyStmt">>>): void {
    if (this.find(range) === undefined) this.#meet(range);
    this.find(range)?.policies.set(policy.policy_name ?? "", {
      permissive: policy.permissive === true,
      command: policy.cmd_name ?? "all",
      roles: (policy.roles ?? []).map((role) => inside(role, "RoleSpec")?.rolename ?? "public"),
    });
  }

  #temporary(range: Pick<RangeVar, "schemaname" | "relname"> | undefined): Relation | undefined {
    return range?.schemaname === undefined ? this.relations.get(`pg_temp.${range?.relname ?? ""}`) : undefined;
  }

  #make(
    range: RangeVar | undefined,
    kind: Relation["kind"],
    more: Partial<Pick<Relation, "complete" | "partitioned" | "index" | "rowSecurity">>,
  ): void {
    if (range?.relname === undefined) return;
    const temporary = range.relpersistence === "t" || range.schemaname === "pg_temp";
    const schema = temporary ? "pg_temp" : (range.schemaname ?? this.#searchPath);
    const relation: Relation = {
      schema,
      name: range.relname,
      kind,
      made: this.here,
      temporary,
      complete: false,
      partitioned: false,
      columns: new Map(),
      constraints: new Map(),
      rowSecurity: undefined,
      policies: new Map(),
      ...more,
    };
    this.relations.set(`${schema}.${range.relname}`, relation);
  }

  #createTable(create: NonNullable<ReturnType<typeof inside<"CreateStmt">>>): void {
    const { relation: range } = create;
    // What is there stays what it is.
    if (create.if_not_exists === true && this.find(range) !== undefined) return;
    const parent = create.partbound === undefined ? undefined : inside(create.inhRelations?.[0], "RangeVar");
    const isPlain = create.inhRelations === undefined && create.ofTypename === undefined;
    this.#make(range, "table", {
      complete: isPlain && !(create.tableElts ?? []).some((element) => "TableLikeClause" in element),
      partitioned: create.partspec !== undefined,
      rowSecurity: false,
    });
    const table = this.find(range);
    if (table === undefined) return;
    if (parent !== undefined) this.#attach(table, parent, create.partbound?.is_default === true);
    for (const element of create.tableElts ?? []) {
      const column = inside(element, "ColumnDef");
      if (column !== undefined) this.#addColumn(table, range, column);
      const constraint = inside(element, "Constraint");
      if (constraint !== undefined) this.#addConstraint(table, range, constraint, undefined);
    }
  }

  #attach(partition: Relation, parent: RangeVar, isDefault: boolean): void {
    partition.partitionOf = this.keyOf(parent);
    const known = this.find(parent);
    if (known !== undefined && isDefault) known.hasDefaultPartition = true;
  }

  #addColumn(table: Relation, range: RangeVar | undefined, definition: ColumnDef): void {
    const { colname: name = "", constraints = [] } = definition;
    const kinds = constraints.map((constraint) => inside(constraint, "Constraint")?.contype);
    const type = typeText(definition.typeName);
    table.columns.set(name, {
      name,
      type,
      notNull: kinds.some(
        (kind) => kind === "CONSTR_NOTNULL" || kind === "CONSTR_PRIMARY" || kind === "CONSTR_IDENTITY",
      ),
      hasDefault:
        /^(?:small|big)?serial\d?$/.test(type) ||
        kinds.some((kind) => kind === "CONSTR_DEFAULT" || kind === "CONSTR_IDENTITY" || kind === "CONSTR_GENERATED"),
    });
    for (const node of constraints) {
      const constraint = inside(node, "Constraint");
      if (constraint !== undefined) this.#addConstraint(table, range, constraint, name);
    }
  }

  #addConstraint(
    table: Relation,
    range: RangeVar | undefined,
    constraint: Constraint,
    column: string | undefined,
  ): void {
    const { contype: kind } = constraint;
    const suffix = kind === undefined ? undefined : SUFFIXES[kind];
    if (kind === undefined || suffix === undefined) return;
    const named = strings(kind === "CONSTR_FOREIGN" ? constraint.fk_attrs : constraint.keys);
    const columns = named.length > 0 ? named : column === undefined ? [] : [column];
    const name = constraint.conname ?? [table.name, ...(kind === "CONSTR_PRIMARY" ? [] : columns), suffix].join("_");
    table.constraints.set(name, {
      name,
      kind,
      columns,
      valid: constraint.skip_validation !== true && constraint.is_enforced !== false,
      provesNotNull: notNullColumns(constraint, columns),
      made: this.here,
    });
    if (kind === "CONSTR_PRIMARY")
      for (const key of columns) {
        const known = table.columns.get(key);
        if (known !== undefined) known.notNull = true;
      }
    if (kind !== "CONSTR_PRIMARY" && kind !== "CONSTR_UNIQUE" && kind !== "CONSTR_EXCLUSION") return;
    const used =
      constraint.indexname === undefined ? undefined : this.find({ ...range, relname: constraint.indexname });
    if (used?.index !== undefined) {
      used.index.ofConstraint = true;
      // PostgreSQL calls it as the constraint is called.
      this.relations.delete(`${used.schema}.${used.name}`);
      used.name = constraint.conname ?? used.name;
      this.relations.set(`${used.schema}.${used.name}`, used);
      return;
    }
    if (range !== undefined)
      this.#makeIndex(range, name, { unique: true, columns, plain: kind !== "CONSTR_EXCLUSION", ofConstraint: true });
  }

  #makeIndex(
    table: RangeVar,
    name: string,
    index: Pick<KnownIndex, "unique" | "columns" | "plain"> & { readonly ofConstraint?: boolean },
  ): void {
    const range: RangeVar = {
      ...(table.schemaname === undefined ? {} : { schemaname: table.schemaname }),
      relname: name,
    };
    if (this.find(range) !== undefined) return;
    this.#make(range, "index", { index: { ofConstraint: false, ...index, table: this.keyOf(table) } });
  }

  #alterTable(node: Node, range: RangeVar | undefined, commands: readonly Node[]): void {
    const known = this.find(range);
    // One that was made elsewhere: what happens to it from here on is known.
    if (
      known === undefined &&
      range?.relname !== undefined &&
      inside(node, "AlterTableStmt")?.objtype === "OBJECT_TABLE"
    )
      this.#meet(range);
    const table = known ?? this.find(range);
    if (table === undefined) return;
    for (const entry of commands) {
      const command = inside(entry, "AlterTableCmd");
      if (command !== undefined) this.#alter(table, range, command);
    }
    for (const { constraint, column } of addedConstraints(node)) {
      if (column === undefined) this.#addConstraint(table, range, constraint, undefined);
    }
  }

  /** Notes a table that is there and was not seen to be made. */
  #meet(range: RangeVar): void {
    const here = this.here;
    this.here = -1;
    this.#make(range, "table", {});
    this.here = here;
  }

  #alter(table: Relation, range: RangeVar | undefined, command: AlterTableCmd): void {
    const { name = "", def } = command;
    const column = table.columns.get(name);
    switch (command.subtype) {
      case "AT_AddColumn": {
        const definition = inside(def, "ColumnDef");
        if (definition !== undefined) this.#addColumn(table, range, definition);
        break;
      }
      case "AT_DropColumn":
        table.columns.delete(name);
        for (const constraint of table.constraints.values())
          if (constraint.columns.includes(name)) table.constraints.delete(constraint.name);
        this.#dropIndexes(table, ({ index }) => index?.columns.includes(name) === true);
        break;
      case "AT_SetNotNull":
        if (column === undefined) table.columns.set(name, { name, type: "", notNull: true, hasDefault: false });
        else column.notNull = true;
        break;
      case "AT_DropNotNull":
        if (column !== undefined) column.notNull = false;
        break;
      case "AT_ColumnDefault":
        if (column !== undefined) column.hasDefault = def !== undefined;
        break;
      case "AT_AlterColumnType":
        if (column !== undefined) column.type = typeText(inside(def, "ColumnDef")?.typeName);
        break;
      case "AT_ValidateConstraint": {
        const constraint = table.constraints.get(name);
        if (constraint !== undefined) constraint.valid = true;
        break;
      }
      case "AT_DropConstraint":
        table.constraints.delete(name);
        this.#dropIndexes(table, (index) => index.name === name);
        break;
      case "AT_EnableRowSecurity":
        table.rowSecurity = true;
        break;
      case "AT_DisableRowSecurity":
        table.rowSecurity = false;
        break;
      case "AT_AttachPartition": {
        const partition = inside(def, "PartitionCmd");
        const attached = this.find(partition?.name);
        if (attached !== undefined && range !== undefined)
          this.#attach(attached, range, partition?.bound?.is_default === true);
        break;
      }
      default:
    }
  }

  #dropPolicies(objects: readonly Node[]): void {
    for (const object of objects) {
      const parts = strings(inside(object, "List")?.items);
      this.findByParts(parts.slice(0, -1))?.policies.delete(parts.at(-1) ?? "");
    }
  }

  #drop(objects: readonly Node[]): void {
    for (const object of objects) {
      const range = rangeOf(strings(inside(object, "List")?.items));
      const relation = this.find(range);
      if (relation === undefined) continue;
      this.relations.delete(`${relation.schema}.${relation.name}`);
      this.#dropIndexes(relation, () => true);
    }
  }

  #dropIndexes(table: Relation, which: (index: Relation) => boolean): void {
    for (const index of this.indexesOf(`${table.schema}.${table.name}`)) {
      if (which(index)) this.relations.delete(`${index.schema}.${index.name}`);
    }
  }

  #rename(rename: NonNullable<ReturnType<typeof inside<"RenameStmt">>>): void {
    const { relation: range, newname = "", subname = "" } = rename;
    const relation = this.find(range);
    if (relation === undefined) return;
    if (rename.renameType === "OBJECT_COLUMN") {
      const column = relation.columns.get(subname);
      if (column === undefined) return;
      relation.columns.delete(subname);
      relation.columns.set(newname, { ...column, name: newname });
      return;
    }
    if (rename.renameType === "OBJECT_TABCONSTRAINT") {
      const constraint = relation.constraints.get(subname);
      if (constraint === undefined) return;
      relation.constraints.delete(subname);
      relation.constraints.set(newname, { ...constraint, name: newname });
      return;
    }
    this.#rekey(relation, relation.schema, newname);
  }

  #move(range: RangeVar, schema: string | undefined): void {
    const relation = this.find(range);
    if (relation !== undefined && schema !== undefined) this.#rekey(relation, schema, relation.name);
  }

  #rekey(relation: Relation, schema: string, name: string): void {
    const old = `${relation.schema}.${relation.name}`;
    const key = `${schema}.${name}`;
    this.relations.delete(old);
    this.relations.set(key, { ...relation, schema, name });
    for (const { index } of this.indexesOf(old)) if (index !== undefined) index.table = key;
  }

  #setSearchPath(args: readonly Node[] | undefined): void {
    const first = inside(args?.[0], "A_Const")?.sval?.sval;
    this.#searchPath = first === undefined || first === "" || first === "$user" ? "public" : first;
  }
}

/** How PostgreSQL names constraints that get no name (ChooseConstraintName). */
const SUFFIXES: Readonly<Partial<Record<NonNullable<Constraint["contype"]>, string>>> = {
  CONSTR_PRIMARY: "pkey",
  CONSTR_UNIQUE: "key",
  CONSTR_CHECK: "check",
  CONSTR_FOREIGN: "fkey",
  CONSTR_EXCLUSION: "excl",
  CONSTR_NOTNULL: "not_null",
};

/** The last two parts of a name. */
function rangeOf(parts: readonly string[]): RangeVar {
  const [schemaname, relname] = [parts.at(-2), parts.at(-1) ?? ""];
  return schemaname === undefined ? { relname } : { schemaname, relname };
}
