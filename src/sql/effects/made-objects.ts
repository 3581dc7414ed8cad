import { inside, type Node, type NodeOf, type Parser } from "../parser.ts";
import { pathBehind, searchPathChange } from "../search-path.ts";
import type { Statement } from "../statement.ts";
import { withinSchema } from "../statements-in-code.ts";
import { createdBy, type CreatedObject } from "./created-objects.ts";
import { defaultRights, type DefaultRights, rightsChange, type RightsChange, roleOf } from "./given-rights.ts";
import { partRenamedBy, partsMadeBy } from "./made-parts.ts";
import {
  type Family,
  familyOf,
  isSameName,
  isSameObject,
  nameIn,
  nameOf,
  nameOfRelation,
  type ObjectName,
} from "./object-names.ts";

/** An object that statements make, with what they put on it. */
export interface MadeObject {
  name: ObjectName;
  readonly isSequence: boolean;
  /** The statement that makes it. */
  readonly statement: Statement;
  /** The one that dropped or renamed what was called so; undefined where none says so, as where CASCADE takes it. */
  dropped: Statement | undefined;
  /** OR REPLACE: what is there stays, with everything but its settings. */
  readonly isReplaced: boolean;
  owner: string;
  /** In their order: default rights of whoever makes it come before them. */
  readonly changes: RightsChange[];
  /** What statements have said of default rights until then. */
  readonly defaults: readonly DefaultRights[];
  /** "COMMENT", "COMMENT a" of a column, "LABEL provider", "TRIGGER t", "INDEX i": what is on it by name. */
  readonly parts: Set<string>;
  /** What those parts begin with that it has from a table that it was made like. */
  readonly copied: readonly string[];
}

/** Whether statements may make an object again: most migrations do not, and nothing has to be read. */
export function mayRecreate(migrations: readonly (readonly Statement[])[]): boolean {
  const some = (may: (statement: Statement) => boolean): boolean =>
    migrations.some((statements) => statements.some(may));
  return some(mayReplace) || (some(mayLeaveName) && some(mayTakeName));
}

function mayReplace({ firstWord, text }: Statement): boolean {
  return firstWord === "DO" || (firstWord === "CREATE" && /^create\s+or\s+replace\b/i.test(text));
}

function mayLeaveName({ firstWord, text }: Statement): boolean {
  if (firstWord !== "ALTER" && firstWord !== "DO") return firstWord === "DROP";
  return /\b(?:drop(?!\s+(?:constraint|default|not)\b)|rename|schema)\b/i.test(text);
}

function mayTakeName({ firstWord, text }: Statement): boolean {
  if (firstWord === "ALTER") return /\b(?:add(?!\s+constraint\b)|rename|schema)\b/i.test(text);
  return firstWord === "DO" || (firstWord === "CREATE" && !/^create\s+(?:unique\s+)?index\b/i.test(text));
}

/** Statements that matter to what objects are called, and have on them. */
const TELLING: ReadonlySet<string> = new Set(
  "DROP,CREATE,ALTER,GRANT,REVOKE,COMMENT,SECURITY,SET,RESET,REASSIGN".split(","),
);

/**
 * What is made by statements that run in this order, and is there at their end. Pure.
 * @param migrations statements of each: the role that one takes on ends with it
 * @param user the role that they run as
 */
export function madeObjects(migrations: readonly (readonly Statement[])[], parser: Parser, user: string): MadeObject[] {
  const reader = new Reader(user);
  for (const statements of migrations) {
    reader.begin();
    for (const statement of statements) {
      reader.follow(statement);
      if (!TELLING.has(statement.firstWord ?? "")) continue;
      reader.read(parser.parse(statement.text), statement);
      const inner = withinSchema(statement);
      if (inner[0] !== statement) for (const one of inner) reader.read(parser.parse(one.text), statement);
    }
  }
  return reader.made;
}

class Reader {
  made: MadeObject[] = [];
  readonly #user: string;
  #role: string;
  /** Where a name without a schema is, if statements have set the search_path; undefined where it is that of the session. */
  #schema: string | undefined;
  readonly #gone: { readonly name: ObjectName; readonly statement: Statement }[] = [];
  readonly #defaults: DefaultRights[] = [];

  constructor(user: string) {
    this.#user = user;
    this.#role = user;
  }

  begin(): void {
    this.#role = this.#user;
    this.#schema = undefined;
  }

  follow(statement: Statement): void {
    const change = searchPathChange(statement);
    if (change !== undefined) this.#schema = change === "set" ? pathBehind(statement, [])[0] : undefined;
  }

  read(node: Node | undefined, statement: Statement): void {
    const [kind, content] = Object.entries(node ?? {})[0] ?? [];
    if (kind === undefined) return;
    this.#creates(node, statement);
    for (const { on, part } of partsMadeBy(node, this.#role)) this.#find(on)?.parts.add(part);
    switch (kind) {
      case "DropStmt":
        this.#drops(content as NodeOf<"DropStmt">, statement);
        break;
      case "RenameStmt":
        this.#renames(content as NodeOf<"RenameStmt">, statement);
        break;
      case "AlterObjectSchemaStmt": {
        const { objectType, relation, object, newschema } = content as NodeOf<"AlterObjectSchemaStmt">;
        const name = nameOf(objectType, relation, object);
        if (name !== undefined) this.#moves(name, { ...name, schema: newschema }, statement);
        break;
      }
      case "AlterTableStmt":
        this.#alters(content as NodeOf<"AlterTableStmt">, statement);
        break;
      case "AlterOwnerStmt": {
        const { objectType, relation, object, newowner } = content as NodeOf<"AlterOwnerStmt">;
        this.#owns(nameOf(objectType, relation, object), newowner);
        break;
      }
      case "ReassignOwnedStmt": {
        const { roles, newrole } = content as NodeOf<"ReassignOwnedStmt">;
        const from = (roles ?? []).map((one) => roleOf(inside(one, "RoleSpec"), this.#role));
        for (const one of this.made) if (from.includes(one.owner)) one.owner = roleOf(newrole, this.#role) ?? one.owner;
        break;
      }
      case "GrantStmt":
        this.#grants(content as NodeOf<"GrantStmt">);
        break;
      case "AlterDefaultPrivilegesStmt": {
        const given = content as NodeOf<"AlterDefaultPrivilegesStmt">;
        const family = familyOf(given.action?.objtype);
        if (family !== undefined) this.#defaults.push(...defaultRights(given, family, this.#role));
        break;
      }
      case "VariableSetStmt":
        this.#sets(content as NodeOf<"VariableSetStmt">);
        break;
    }
  }

  #drops({ objects, removeType }: NodeOf<"DropStmt">, statement: Statement): void {
    const family = familyOf(removeType);
    if (family === undefined) return;
    for (const object of objects ?? []) {
      const name = nameIn(family, object);
      if (name !== undefined) this.#drop(name, statement);
    }
  }

  #drop(given: ObjectName, statement: Statement): void {
    const name = this.#placed(given);
    const own = this.#find(name);
    this.made = this.made.filter((one) => one !== own && !(name.family === "schema" && one.name.schema === name.name));
    this.#gone.push({ name, statement: own?.dropped ?? statement });
  }

  #make(given: CreatedObject & { readonly name: ObjectName }, statement: Statement): void {
    const { mayBeThere, isReplacing = false, isSequence = false, copied = [] } = given;
    const name = this.#placed(given.name);
    const dropped = this.#takeGone(name);
    // IF NOT EXISTS leaves what is there with all that is on it.
    const isReplaced = isReplacing && dropped === undefined && this.#find(name) === undefined;
    if (mayBeThere && dropped === undefined && !isReplaced) return;
    const defaults = [...this.#defaults];
    const owner = this.#role;
    const parts = new Set<string>();
    this.made.push({ name, isSequence, statement, dropped, isReplaced, owner, changes: [], defaults, parts, copied });
  }

  /** The statement that has left a name to others; routines of other types count where there is none of these. */
  #takeGone(name: ObjectName): Statement | undefined {
    const index = this.#gone.findLastIndex((one) => isSameObject(one.name, name));
    const at = index < 0 ? this.#gone.findLastIndex((one) => isSameName(one.name, name)) : index;
    if (at >= 0) return this.#gone.splice(at, 1)[0]?.statement;
    // It went with its schema.
    const isHome = (one: MadeObject): boolean => one.name.family === "schema" && one.name.name === name.schema;
    return this.made.find(isHome)?.dropped;
  }

  /** With the schema in which PostgreSQL looks first. */
  #placed(name: ObjectName): ObjectName {
    return name.schema === undefined && this.#schema !== undefined && IN_SCHEMAS.has(name.family)
      ? { ...name, schema: this.#schema }
      : name;
  }

  #moves(given: ObjectName, to: Pick<ObjectName, "schema" | "name">, statement: Statement): void {
    const from = this.#placed(given);
    const own = this.#find(from);
    if (own === undefined) this.#gone.push({ name: from, statement });
    else {
      own.name = { ...own.name, schema: to.schema ?? own.name.schema, name: to.name };
      own.dropped = this.#takeGone(own.name) ?? own.dropped;
    }
  }

  #renames(rename: NodeOf<"RenameStmt">, statement: Statement): void {
    const { renameType, relation, object, subname, newname = "" } = rename;
    const part = partRenamedBy(rename);
    if (part !== undefined) {
      const having = part.on === undefined ? this.made : [this.#find(part.on)];
      for (const one of having) if (one?.parts.delete(part.from) === true) one.parts.add(part.to);
      return;
    }
    const family = familyOf(renameType);
    if (family === undefined) return;
    if (family === "column") {
      if (relation === undefined || subname === undefined) return;
      const column = columnOf(relation, subname);
      this.#moves(column, { ...column, name: newname }, statement);
      return;
    }
    const plain = subname === undefined ? undefined : { family, schema: undefined, name: subname };
    const name = nameOf(renameType, relation, object) ?? plain;
    if (name !== undefined) this.#moves(name, { ...name, name: newname }, statement);
  }

  #alters({ relation, cmds }: NodeOf<"AlterTableStmt">, statement: Statement): void {
    if (relation === undefined) return;
    for (const one of cmds ?? []) {
      const { subtype, name, def, newowner } = inside(one, "AlterTableCmd") ?? {};
      if (subtype === "AT_ChangeOwner") this.#owns(nameOfRelation("relation", relation), newowner);
      if (subtype === "AT_DropColumn" && name !== undefined) this.#drop(columnOf(relation, name), statement);
      const added = subtype === "AT_AddColumn" ? inside(def, "ColumnDef")?.colname : undefined;
      if (added !== undefined && this.#find(nameOfRelation("relation", relation)) === undefined) {
        this.#make({ name: columnOf(relation, added), mayBeThere: true }, statement);
      }
    }
  }

  #owns(name: ObjectName | undefined, owner: NodeOf<"RoleSpec"> | undefined): void {
    const one = name === undefined ? undefined : this.#find(name);
    if (one !== undefined) one.owner = roleOf(owner, this.#role) ?? one.owner;
  }

  #find(given: ObjectName): MadeObject | undefined {
    const name = this.#placed(given);
    return this.made.findLast((one) => isSameObject(one.name, name));
  }

  #grants(grant: NodeOf<"GrantStmt">): void {
    const family = familyOf(grant.objtype);
    if (family === undefined) return;
    const change = rightsChange(grant, family, this.#role);
    const isAll = grant.targtype === "ACL_TARGET_ALL_IN_SCHEMA";
    for (const object of grant.objects ?? []) {
      const name = nameIn(family, object);
      if (name === undefined) continue;
      if (!isAll) this.#find(name)?.changes.push(change);
      const isSequences = grant.objtype === "OBJECT_SEQUENCE";
      for (const one of this.made) {
        if (isAll) {
          const isIn = one.name.schema === undefined || one.name.schema === name.name;
          if (isIn && one.name.family === family && one.isSequence === isSequences) one.changes.push(change);
        } else if (family === "relation" && one.name.family === "column" && one.name.table === name.name) {
          const { name: column } = one.name;
          one.changes.push({ ...change, rights: change.rights.filter((right) => right.column === column) });
        }
      }
    }
  }

  #sets({ kind, name, args }: NodeOf<"VariableSetStmt">): void {
    if (name !== "role" && name !== "session_authorization") return;
    const value = inside(args?.[0], "A_Const")?.sval?.sval;
    this.#role = kind === "VAR_SET_VALUE" && value !== undefined && value !== "none" ? value : this.#user;
  }

  #creates(node: Node | undefined, statement: Statement): void {
    for (const one of createdBy(node)) {
      if (one.name !== undefined) this.#make({ ...one, name: one.name }, statement);
    }
    const schema = inside(node, "CreateSchemaStmt");
    const own = schema?.authrole === undefined ? undefined : this.made.at(-1);
    if (own?.name.family === "schema") own.owner = roleOf(schema?.authrole, this.#role) ?? own.owner;
  }
}

const IN_SCHEMAS: ReadonlySet<Family> = new Set(["relation", "column", "routine", "type"]);

function columnOf({ schemaname, relname = "" }: NodeOf<"RangeVar">, name: string): ObjectName {
  return { family: "column", schema: schemaname, table: relname, name };
}
