import { clipName, NAME_BYTES } from "#sql/clip-name.ts";
import { encodeId, type ObjectId } from "../engine/object-id.ts";
import type { Catalogue } from "../catalogue/catalogue.ts";
import type { PlannedStatement } from "../plan/statement.ts";
import { textOf } from "../engine/lookups.ts";

export interface OnlineContext {
  readonly from: Catalogue;
  readonly to: Catalogue;
  /** What was there before the migration began: only that is in use. */
  readonly existing: Catalogue;
  /** SQL of new columns whose default has to be computed row by row, as far as that was tried. */
  readonly rewriting: ReadonlySet<string>;
  /** Whether the database that the migration is for knows NOT NULL ... NOT VALID. */
  readonly takesUncheckedNotNull: boolean;
}

/** What the rules ask about the plan as a whole. */
export class OnlinePlan {
  readonly context: OnlineContext;
  readonly #statements: readonly PlannedStatement[];
  readonly #takenOver = new Set<PlannedStatement>();
  readonly #madeLater = new Set<string>();
  readonly #removedLater = new Set<string>();
  readonly #givenNames = new Set<string>();

  constructor(statements: readonly PlannedStatement[], context: OnlineContext) {
    this.#statements = statements;
    this.context = context;
  }

  /** Another statement does this one's work. */
  isTakenOver(statement: PlannedStatement): boolean {
    return this.#takenOver.has(statement);
  }

  /**
   * The statement that takes an object away, whose work is then done later, by the caller; undefined where there is
   * none, or where others need the object gone before.
   */
  takeOverRemoval(id: ObjectId, table: ObjectId): PlannedStatement | undefined {
    const key = encodeId(id);
    const removal = this.#statements.find(({ removes: [first] }) => first !== undefined && encodeId(first) === key);
    const removed = new Set(this.#statements.flatMap(({ removes }) => removes.map(encodeId)));
    const needsRemoved = this.context.from.facts.outgoingEdges(id).some((edge) => removed.has(encodeId(edge.to)));
    if (removal === undefined || needsRemoved || this.changesColumns(table)) return undefined;
    this.#takenOver.add(removal);
    return removal;
  }

  makes(id: ObjectId): boolean {
    const key = encodeId(id);
    return this.#statements.some(({ makes }) => makes.some((made) => encodeId(made) === key));
  }

  putOff({ makes, removes }: PlannedStatement): void {
    for (const id of makes) this.#madeLater.add(encodeId(id));
    for (const id of removes) this.#removedLater.add(encodeId(id));
  }

  waitsFor({ makes, removes, needs }: PlannedStatement): boolean {
    const { from, to } = this.context;
    const isLater = (id: ObjectId): boolean => this.#madeLater.has(encodeId(id));
    return (
      needs.some(isLater) ||
      makes.some((id) => {
        const parent = to.facts.get(id)?.parent;
        return (parent !== undefined && isLater(parent)) || to.facts.outgoingEdges(id).some((edge) => isLater(edge.to));
      }) ||
      removes.some((id) => from.facts.incomingEdges(id).some((edge) => this.#removedLater.has(encodeId(edge.from))))
    );
  }

  /** A table with rows that others work with: it was there before, and stays. */
  isInUse(table: ObjectId): boolean {
    return this.context.existing.facts.has(table) && !this.makes(table);
  }

  isPartitioned(table: ObjectId): boolean {
    return [this.context.from, this.context.to].some(({ facts }) => textOf(facts, table, "partitionKey") !== undefined);
  }

  /** Columns of it get another type, allow NULL again or go, and what stands on them has to be gone before. */
  changesColumns(table: ObjectId): boolean {
    if (!("schema" in table && "name" in table)) return false;
    const isOfTable = (id: ObjectId): boolean =>
      id.kind === "column" && id.schema === table.schema && id.table === table.name;
    return this.#statements.some(
      ({ sql, needs, removes }) =>
        (/ ALTER COLUMN .* (TYPE |DROP NOT NULL$)/s.test(sql) && needs.some(isOfTable)) || removes.some(isOfTable),
    );
  }

  /** A name for something that is there for a while only. */
  freeName(schema: string, base: string, suffix: string): string {
    for (let count = 1; ; count++) {
      const end = count === 1 ? suffix : `${suffix}${count}`;
      const name = `${clipName(base, NAME_BYTES - end.length)}${end}`;
      if (this.#isTaken(schema, name)) continue;
      this.#givenNames.add(`${schema}.${name}`);
      return name;
    }
  }

  #isTaken(schema: string, name: string): boolean {
    if (this.#givenNames.has(`${schema}.${name}`)) return true;
    return [this.context.from, this.context.to].some(({ facts }) =>
      facts.facts().some(({ id }) => "schema" in id && id.schema === schema && "name" in id && id.name === name),
    );
  }
}
