import type { RangeVar } from "#sql/parser.ts";
import { isTemporary } from "../syntax.ts";
import type { Relation } from "./relation.ts";

/** A name as a statement writes it. */
export type Name = Pick<RangeVar, "schemaname" | "relname">;

/** Tables, views and indexes by name. */
export class Relations {
  /** A number for each file, counting up. */
  here = 0;
  readonly #all = new Map<string, Relation>();
  /** Indexes by the key of their table. */
  readonly #indexes = new Map<string, Set<Relation>>();
  /** The schemas in which names without one are looked up. */
  path: readonly string[] = ["public"];

  /** What a name stands for; what is not there is in the schema in which it would be made. */
  keyOf(range: Name | undefined): string {
    const name = range?.relname ?? "";
    if (range?.schemaname !== undefined) return `${range.schemaname}.${name}`;
    return this.path.map((schema) => `${schema}.${name}`).find((key) => this.#all.has(key)) ?? this.#newKey(name);
  }

  find(range: Name | undefined): Relation | undefined {
    return this.#all.get(this.keyOf(range)) ?? this.#temporary(range);
  }

  /** A name as DROP and COMMENT write it: a list of its parts. */
  findByParts(parts: readonly string[]): Relation | undefined {
    return this.find(rangeOf(parts));
  }

  get all(): ReadonlyMap<string, Relation> {
    return this.#all;
  }

  indexesOf(key: string): Relation[] {
    return [...(this.#indexes.get(key) ?? [])];
  }

  #put(relation: Relation): void {
    const key = `${relation.schema}.${relation.name}`;
    this.#take(key);
    this.#all.set(key, relation);
    if (relation.index !== undefined) this.#indexesOn(relation.index.table).add(relation);
  }

  #take(key: string): void {
    const relation = this.#all.get(key);
    this.#all.delete(key);
    if (relation?.index !== undefined) this.#indexesOn(relation.index.table).delete(relation);
  }

  #indexesOn(table: string): Set<Relation> {
    const known = this.#indexes.get(table) ?? new Set();
    this.#indexes.set(table, known);
    return known;
  }

  /** Notes what a statement makes. */
  make(
    range: RangeVar | undefined,
    kind: Relation["kind"],
    more: Partial<Pick<Relation, "complete" | "partitioned" | "index" | "rowSecurity">>,
  ): void {
    if (range?.relname === undefined) return;
    const temporary = isTemporary(range);
    const schema = temporary ? "pg_temp" : (range.schemaname ?? this.#newSchema());
    this.#put({
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
    });
  }

  /** Notes a table that is there and was not seen to be made. */
  meet(range: RangeVar): void {
    const here = this.here;
    this.here = -1;
    this.make(range, "table", {});
    this.here = here;
  }

  /** Forgets a relation and its indexes. */
  remove(relation: Relation): void {
    this.#take(`${relation.schema}.${relation.name}`);
    this.removeIndexes(relation, () => true);
  }

  removeIndexes(table: Relation, which: (index: Relation) => boolean): void {
    for (const index of this.indexesOf(`${table.schema}.${table.name}`)) {
      if (which(index)) this.#take(`${index.schema}.${index.name}`);
    }
  }

  /** Gives a relation another name or schema. */
  move(relation: Relation, schema: string, name: string): void {
    const old = `${relation.schema}.${relation.name}`;
    const key = `${schema}.${name}`;
    this.#take(old);
    this.#put({ ...relation, schema, name });
    for (const one of this.indexesOf(old)) {
      if (one.index !== undefined) one.index.table = key;
      this.#indexesOn(key).add(one);
    }
    this.#indexes.delete(old);
  }

  #newSchema(): string {
    return this.path[0] ?? "public";
  }

  #newKey(name: string): string {
    return `${this.#newSchema()}.${name}`;
  }

  #temporary(range: Name | undefined): Relation | undefined {
    return range?.schemaname === undefined ? this.#all.get(`pg_temp.${range?.relname ?? ""}`) : undefined;
  }
}

/** The last two parts of a name. */
export function rangeOf(parts: readonly string[]): RangeVar {
  const [schemaname, relname] = [parts.at(-2), parts.at(-1) ?? ""];
  return schemaname === undefined ? { relname } : { schemaname, relname };
}
