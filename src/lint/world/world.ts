import { inside, type Node, type NodeOf, type RangeVar, strings } from "#sql/parser.ts";
import { pathBehind, USUAL_PATH } from "#sql/search-path.ts";
import type { Statement } from "#sql/statement.ts";
import { Triggers } from "#sql/effects/swallowed-writes.ts";
import { typeText } from "../syntax.ts";
import { alterTable, rename } from "./alter.ts";
import { CodeBodies } from "./code-bodies.ts";
import { createIndex, createTable } from "./define.ts";
import { FillingTriggers } from "./filling-triggers.ts";
import type { Column, Relation } from "./relation.ts";
import { PublicRights } from "./public-rights.ts";
import { type Name, rangeOf, Relations } from "./relations.ts";

/** What the statements so far have made. Names without a schema are looked up in the search path. */
export class World {
  readonly #relations = new Relations();
  /** Types that were made, by their last name, with where. */
  readonly #types = new Map<string, { readonly made: number; readonly isChecked: boolean }>();
  /** Functions and procedures that were made, by their last name, with where. */
  readonly #functions = new Map<string, { readonly made: number; readonly isTrigger: boolean }>();
  /** Schemas that were made, with where. */
  readonly #schemas = new Map<string, number>();
  readonly #publicRights = new PublicRights();
  readonly #fillingTriggers = new FillingTriggers();
  /** Labels that this file has added to enums. */
  readonly addedValues = new Set<string>();
  readonly triggers = new Triggers();
  readonly bodies = new CodeBodies();
  /** Files whose objects no application uses yet. */
  isNewFile: (made: number) => boolean = () => false;

  /** A number for each file, counting up. */
  get here(): number {
    return this.#relations.here;
  }

  get relations(): ReadonlyMap<string, Relation> {
    return this.#relations.all;
  }

  keyOf(range: Name | undefined): string {
    return this.#relations.keyOf(range);
  }

  find(range: Name | undefined): Relation | undefined {
    return this.#relations.find(range);
  }

  /** A name as DROP and COMMENT write it: a list of its parts. */
  findByParts(parts: readonly string[]): Relation | undefined {
    return this.#relations.findByParts(parts);
  }

  column(range: RangeVar | undefined, name: string | undefined): Column | undefined {
    return this.find(range)?.columns.get(name ?? "");
  }

  indexesOf(key: string): Relation[] {
    return this.#relations.indexesOf(key);
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

  /** Whether a trigger may give the column a value which writers leave out. */
  mayFill(range: Name | undefined, column: string): boolean {
    return this.#fillingTriggers.mayFill(this.keyOf(range), column);
  }

  /** Whether everybody was given rights on a table, by files that were there before. */
  isOpenToPublic(range: Name | undefined): boolean {
    return this.#publicRights.has(this.keyOf(range), (file) => !this.isNewFile(file));
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

  isNewSchema(name: string): boolean {
    const made = this.#schemas.get(name);
    return made !== undefined && this.isNewFile(made);
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
    this.#relations.here++;
    this.#relations.path = USUAL_PATH;
    this.addedValues.clear();
    this.triggers.settle();
  }

  /** Takes note of what a statement does. */
  apply(statement: Statement, node: Node): void {
    this.triggers.apply(statement);
    this.#fillingTriggers.apply(this.#relations, statement.text, node);
    this.bodies.apply(node);
    if (SETS_PATH.has(statement.firstWord ?? "")) this.#relations.path = pathBehind(statement, this.#relations.path);
    else this.#apply(node);
    const into = inside(node, "SelectStmt")?.intoClause?.rel;
    if (into !== undefined) this.#relations.make(into, "table", {});
  }

  #apply(node: Node): void {
    const create = inside(node, "CreateStmt");
    if (create !== undefined) return createTable(this.#relations, create);
    const alter = inside(node, "AlterTableStmt");
    if (alter !== undefined) return alterTable(this.#relations, node, alter.relation, alter.cmds ?? []);
    const index = inside(node, "IndexStmt");
    if (index !== undefined) return createIndex(this.#relations, index);
    const asTable = inside(node, "CreateTableAsStmt");
    if (asTable !== undefined) {
      const kind = asTable.objtype === "OBJECT_MATVIEW" ? "materialized view" : "table";
      return this.#relations.make(asTable.into?.rel, kind, {});
    }
    const view = inside(node, "ViewStmt");
    if (view !== undefined) return this.#relations.make(view.view, "view", {});
    const sequence = inside(node, "CreateSeqStmt")?.sequence;
    if (sequence !== undefined) return this.#relations.make(sequence, "sequence", {});
    const drop = inside(node, "DropStmt");
    if (drop?.removeType === "OBJECT_POLICY") return this.#dropPolicies(drop.objects ?? []);
    if (drop !== undefined) return this.#drop(drop.objects ?? []);
    const renamed = inside(node, "RenameStmt");
    if (renamed !== undefined) return rename(this.#relations, renamed);
    const moved = inside(node, "AlterObjectSchemaStmt");
    if (moved?.relation !== undefined) return this.#move(moved.relation, moved.newschema);
    const policy = inside(node, "CreatePolicyStmt");
    if (policy?.table !== undefined) return this.#addPolicy(policy.table, policy);
    const grant = inside(node, "GrantStmt");
    if (grant !== undefined) return this.#publicRights.apply(this.#relations, grant);
    const defaults = inside(node, "AlterDefaultPrivilegesStmt");
    if (defaults !== undefined) return this.#publicRights.applyDefaults(this.#relations, defaults);
    this.#noteType(node);
    this.#noteFunction(node);
    const schema = inside(node, "CreateSchemaStmt");
    if (schema?.schemaname !== undefined && !this.#schemas.has(schema.schemaname))
      this.#schemas.set(schema.schemaname, this.here);
    for (const element of schema?.schemaElts ?? []) this.#apply(element);
  }

  #noteType(node: Node): void {
    const domain = inside(node, "CreateDomainStmt");
    const composite = inside(node, "CompositeTypeStmt")?.typevar?.relname;
    const type =
      domain?.domainname ?? inside(node, "CreateEnumStmt")?.typeName ?? inside(node, "CreateRangeStmt")?.typeName;
    if (composite !== undefined) this.#types.set(composite, { made: this.here, isChecked: false });
    if (type !== undefined) {
      const isChecked = (domain?.constraints ?? []).some(
        (constraint) => inside(constraint, "Constraint")?.contype !== "CONSTR_DEFAULT",
      );
      this.#types.set(strings(type).at(-1) ?? "", { made: this.here, isChecked });
    }
    const added = inside(node, "AlterEnumStmt");
    if (added?.newVal !== undefined && added.oldVal === undefined) this.addedValues.add(added.newVal);
  }

  #noteFunction(node: Node): void {
    const code = inside(node, "CreateFunctionStmt");
    const name = strings(code?.funcname).at(-1);
    // One that is replaced stays what applications use.
    if (name === undefined || this.#functions.has(name)) return;
    const isTrigger = /^(?:event_)?trigger$/.test(typeText(code?.returnType));
    this.#functions.set(name, { made: this.here, isTrigger });
  }

  #addPolicy(range: RangeVar, policy: NodeOf<"CreatePolicyStmt">): void {
    if (this.find(range) === undefined) this.#relations.meet(range);
    this.find(range)?.policies.set(policy.policy_name ?? "", {
      permissive: policy.permissive === true,
      command: policy.cmd_name ?? "all",
      roles: (policy.roles ?? []).map((role) => inside(role, "RoleSpec")?.rolename ?? "public"),
    });
  }

  #dropPolicies(objects: readonly Node[]): void {
    for (const object of objects) {
      const parts = strings(inside(object, "List")?.items);
      this.findByParts(parts.slice(0, -1))?.policies.delete(parts.at(-1) ?? "");
    }
  }

  #drop(objects: readonly Node[]): void {
    for (const object of objects) {
      const relation = this.find(rangeOf(strings(inside(object, "List")?.items)));
      if (relation !== undefined) this.#relations.remove(relation);
    }
  }

  #move(range: RangeVar, schema: string | undefined): void {
    const relation = this.find(range);
    if (relation !== undefined && schema !== undefined) this.#relations.move(relation, schema, relation.name);
  }
}

/** First words of statements that may set the search path; nothing that they make is known here. */
const SETS_PATH: ReadonlySet<string> = new Set(["SET", "RESET", "DISCARD", "SELECT"]);
