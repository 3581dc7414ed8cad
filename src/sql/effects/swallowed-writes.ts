import { mayBeSame } from "../names-in.ts";
import { parseQualifiedName } from "../quote.ts";
import type { Statement } from "../statement.ts";
import { foldedName, namesFrom } from "../lexer/token-names.ts";
import {
  type Fate,
  fateOfRow,
  type RowTrigger,
  rowTriggerMade,
  triggerFunctionMade,
  triggersEnabled,
  type Write,
} from "./trigger-code.ts";

/** Rows that a table, or view, does not take any more because of a trigger. */
export interface SwallowedWrites {
  readonly trigger: string;
  /** As the statement or the database names it, as SQL takes it. */
  readonly table: string;
  readonly events: readonly Write[];
  readonly fate: Exclude<Fate, "written">;
}

/** A trigger of a database, or of a statement. */
export interface KnownTrigger extends RowTrigger {
  /** The code of its function; undefined where that is not in PL/pgSQL, or not known. */
  readonly body: string | undefined;
  readonly isOn: boolean;
}

/** A function for triggers in PL/pgSQL; its name folded, as SQL takes it. */
export interface TriggerFunction {
  readonly name: string;
  readonly body: string;
}

/** The triggers of a database while statements run, and what they swallow that was written before. */
export class Triggers {
  #before: readonly KnownTrigger[] = [];
  #now: readonly KnownTrigger[];
  #functions: readonly TriggerFunction[];
  /** Tables made since `settle`, which no application writes to. */
  #made: readonly string[] = [];

  constructor(triggers: readonly KnownTrigger[] = [], functions: readonly TriggerFunction[] = []) {
    this.#now = triggers;
    this.#functions = functions;
    this.settle();
  }

  /** What is there now is in use. */
  settle(): void {
    this.#before = this.#now;
    this.#made = [];
  }

  /** What a statement swallows that comes next: a trigger that it makes or enables, or whose function it replaces. */
  swallowedBy(statement: Statement): SwallowedWrites[] {
    return mattersToTriggers(statement) ? this.#newlyIn(this.#changesOf(statement).changed) : [];
  }

  /** Takes note of what a statement does. */
  apply(statement: Statement): void {
    const table = statement.firstWord === "CREATE" ? tableMade(statement) : undefined;
    if (table !== undefined) this.#made = [...this.#made, table];
    if (!mattersToTriggers(statement)) return;
    const { triggers, functions } = this.#changesOf(statement);
    this.#now = triggers;
    this.#functions = functions;
  }

  #changesOf(statement: Statement): Changes {
    const made = triggerFunctionMade(statement);
    if (made !== undefined) {
      const { name, body } = made;
      const functions = [...this.#functions, made];
      return this.#change((one) => one.body !== body && mayBeSame(one.routine, name), { body }, functions);
    }
    const trigger = rowTriggerMade(statement);
    if (trigger !== undefined) {
      const body = this.#functions.findLast(({ name }) => mayBeSame(name, trigger.routine))?.body;
      const known: KnownTrigger = { ...trigger, body, isOn: true };
      return { triggers: [...this.#now, known], functions: this.#functions, changed: [known] };
    }
    const enabled = triggersEnabled(statement);
    return this.#change(
      ({ isOn, name, table }) =>
        enabled !== undefined && !isOn && mayBeSame(table, enabled.table) && (enabled.name ?? name) === name,
      { isOn: true },
      this.#functions,
    );
  }

  #change(
    which: (trigger: KnownTrigger) => boolean,
    to: Partial<KnownTrigger>,
    functions: readonly TriggerFunction[],
  ): Changes {
    const changed: KnownTrigger[] = [];
    const triggers = this.#now.map((one) => {
      if (!which(one)) return one;
      const other = { ...one, ...to };
      changed.push(other);
      return other;
    });
    return { triggers, functions, changed };
  }

  #newlyIn(changed: readonly KnownTrigger[]): SwallowedWrites[] {
    return changed.flatMap((trigger) => {
      const { name, table, isOn } = trigger;
      if (!isOn || this.#made.some((one) => mayBeSame(one, table))) return [];
      const events = trigger.events.filter((event) => !this.#before.some((one) => swallowsToo(one, trigger, event)));
      return [...Map.groupBy(events, (event) => fateOf(trigger, event))].flatMap(([fate, grouped]) =>
        fate === "written" ? [] : [{ trigger: name, table, events: grouped, fate }],
      );
    });
  }
}

interface Changes {
  readonly triggers: readonly KnownTrigger[];
  readonly functions: readonly TriggerFunction[];
  readonly changed: readonly KnownTrigger[];
}

/** Whether a statement may make, enable or change triggers, told without reading it through. Pure. */
export function mattersToTriggers({ firstWord, text }: Statement): boolean {
  return (firstWord === "CREATE" || firstWord === "ALTER") && /\btrigger\b/i.test(text);
}

/**
 * In the words of a loss.
 * @param isMeasured whether rows of a scratch database went that way, which the text does not tell
 */
export function lossOfSwallowed({ trigger, table, events, fate }: SwallowedWrites, isMeasured = false): string {
  const may = fate === "swallowed" ? "lets" : "may let";
  return `${may} ${listed(events)} on ${table} ${NOTHING}${isMeasured ? MEASURED : ""} (TRIGGER ${trigger})`;
}

/** Whether a loss is one of `lossOfSwallowed`. Pure. */
export function isSwallowing(loss: string): boolean {
  return loss.includes(`${NOTHING} (TRIGGER `) || isSwallowingMeasured(loss);
}

/** Whether it is one that only shows where rows are tried. Pure. */
export function isSwallowingMeasured(loss: string): boolean {
  return loss.includes(`${NOTHING}${MEASURED} (TRIGGER `);
}

const NOTHING = "write nothing";
const MEASURED = ", as with rows made up here";

/** "INSERT, UPDATE and DELETE" */
function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)!}`;
}

function fateOf(trigger: KnownTrigger, event: Write): Fate {
  const table = parseQualifiedName(trigger.table)?.name ?? trigger.table;
  return trigger.body === undefined ? "written" : fateOfRow(trigger.body, trigger, event, table);
}

/** Whether a trigger that was there does the same to the same rows. */
function swallowsToo(one: KnownTrigger, { table, isInstead }: RowTrigger, event: Write): boolean {
  if (!one.isOn || one.isInstead !== isInstead || !mayBeSame(one.table, table) || !one.events.includes(event))
    return false;
  return /^(?:swallowed|perhaps)$/.test(fateOf(one, event));
}

/** CREATE [UNLOGGED | FOREIGN | TEMPORARY] TABLE users, CREATE VIEW v; one that may be there already is none. */
function tableMade(statement: Statement): string | undefined {
  const tokens = statement.tokens(16);
  const at = tokens.findIndex((token, index) => index < 5 && (token === "TABLE" || token === "VIEW"));
  if (at < 0 || tokens[at + 1] === "IF" || tokens[1] === "OR") return undefined;
  const [name] = namesFrom(tokens, at + 1);
  return name === undefined ? undefined : foldedName(name);
}
