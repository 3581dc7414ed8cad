import type { Database } from "#database/database.ts";
import {
  calledWithin,
  type Code,
  codeMade,
  type EventTrigger,
  isName,
  lastOf,
  readCode,
  usedKey,
  type Wake,
  type WakingEvent,
  wakes,
} from "#sql/effects/code.ts";
import { type Danger, dangerWords } from "#sql/effects/danger-kinds.ts";
import { type Exposure, exposureWords } from "#sql/effects/exposure-kinds.ts";
import { writtenName } from "#sql/lexer/token-names.ts";
import type { Statement } from "#sql/statement.ts";
import { dangersIn } from "./dangers.ts";
import { exposuresOf } from "./exposures.ts";
import { hasCode, readAnywhere, readRoutines, readRules, readTargets, readUses, readWakes } from "./known-code.ts";

/** What a statement does by the words of the code that it runs. */
export interface DoneByCode {
  /** Names of the functions that may change or delete something. */
  readonly takes: readonly string[];
  /** What functions show to others. */
  readonly exposes: readonly Exposure[];
  /** What functions put at risk. */
  readonly endangers: readonly Danger[];
}

/** What a statement runs besides itself. */
interface Asks {
  /** Of DO. */
  readonly block: Code | undefined;
  /** Functions and operators. */
  readonly calls: readonly string[];
  /** What it names besides them: a view, a domain, a type. */
  readonly uses: readonly string[];
  readonly writes: readonly Write[];
  /** Event triggers that it is the first to wake. */
  readonly wakes: readonly EventTrigger[];
}

interface Write {
  readonly table: string;
  readonly event: WakingEvent;
}

/**
 * What these statements, run in this order, take away or expose by the code that they run: functions that they call, by themselves or
 * by an operator, an aggregate, a view, a domain or a cast, and that such a function calls in turn; triggers, rules, constraints and defaults of
 * the tables to which they add rows; and event triggers. All of that may be in the database, or made by one of the statements. Of DO,
 * whose purpose is to run code, it tells what that exposes or puts at risk.
 */
export async function doneByCode(
  statements: readonly Statement[],
  database: Database | undefined,
): Promise<ReadonlyMap<Statement, DoneByCode>> {
  const codes = new Map<string, Code[]>();
  const woken: Wake[] = [];
  const there = database !== undefined && (await hasCode(database)) ? database : undefined;
  const { operators, eventTriggers } =
    there === undefined ? { operators: [], eventTriggers: [] } : await readAnywhere(there);
  const asleep: EventTrigger[] = [...eventTriggers];
  for (const [sign, code] of operators) addTo(codes, sign, code);
  const asks = new Map<Statement, Asks>();
  for (const statement of statements) {
    const wakened = asleep.filter((trigger) => wakes(trigger, statement));
    // Whoever is told once knows.
    for (const trigger of wakened) asleep.splice(asleep.indexOf(trigger), 1);
    const made = codeMade(statement, (name) => codes.has(usedKey(name)));
    for (const [key, code] of made.codes) addTo(codes, key, code);
    woken.push(...made.wakes);
    asleep.push(...made.eventTriggers);
    const runs = runsWhatItNames(statement);
    if (!runs && wakened.length === 0) continue;
    const tokens = runs ? statement.tokens() : [];
    const block = statement.firstWord === "DO" ? { name: "DO", ...readCode(tokens, true) } : undefined;
    asks.set(statement, {
      block,
      calls: block?.calls ?? [...calledWithin(tokens), ...tokens.filter((token) => OPERATOR.test(token))],
      uses: block === undefined ? usedIn(tokens, statement) : [],
      writes: writesOf(tokens),
      wakes: wakened,
    });
  }
  if (asks.size === 0) return new Map();
  if (there !== undefined) await readThere(there, [...asks.values()], codes, woken);
  const blocks = [...asks.values()].flatMap(({ block }) => block ?? []);
  const inside = [...codes.values(), blocks].flat().flatMap((code) => code.statements);
  const exposures = await exposuresOf(inside, database, [...statements, ...inside]);
  const dangers = await dangersIn(inside, database);
  const done = new Map<Statement, DoneByCode>();
  for (const [statement, { block, calls, uses, writes, wakes: triggers }] of asks) {
    const keys = new Set([...calls, ...uses.map(usedKey)]);
    const run = [...keys].map((key) => ({ as: codes.get(key)?.at(-1)?.name ?? key, reached: reachedFrom(key, codes) }));
    const wakened = woken.filter((wake) => writes.some((one) => wake.table === one.table && wake.event === one.event));
    for (const key of new Set(wakened.map(({ routine }) => routine))) {
      // What an extension has put on a table keeps that in order.
      const reached = reachedFrom(key, codes).filter(({ isOfExtension }) => isOfExtension !== true);
      if (!keys.has(key)) run.push({ as: codes.get(key)?.at(-1)?.name ?? key, reached });
    }
    if (block !== undefined) run.push({ as: block.name, reached: [block] });
    const byTriggers = triggers.map(({ name, routine }) => {
      const as = codes.get(routine)?.at(-1)?.name ?? routine;
      const reached = reachedFrom(routine, codes).filter(({ isOfExtension }) => isOfExtension !== true);
      return { as: `${as} (EVENT TRIGGER ${name})`, reached };
    });
    const within = <T>(found: ReadonlyMap<Statement, readonly T[]>): (T & { readonly by: string })[] =>
      [...run, ...byTriggers].flatMap(({ as, reached }) =>
        reached
          .flatMap((code) => code.statements.flatMap((one) => found.get(one) ?? []))
          .map((one) => ({ ...one, by: as })),
      );
    const exposes = withoutRepeats(within(exposures), exposureWords);
    const endangers = withoutRepeats(within(dangers), dangerWords);
    const takes = run.filter(({ reached }) => reached.some((code) => code.takes)).map(({ as }) => as);
    // They keep rights and other objects in order.
    const taking = byTriggers.filter(({ reached }) => reached.some((code) => code.takesRows)).map(({ as }) => as);
    // What code takes that is run for its own sake is not known anyway.
    const told = [...(isCode(statement) ? [] : takes), ...taking];
    if (told.length + exposes.length + endangers.length > 0) done.set(statement, { takes: told, exposes, endangers });
  }
  return done;
}

/** Of one of the functions that `takes` names. */
export function lossByCode(name: string): string {
  return `runs ${name}, which may change or delete something`;
}

/** One of those that are told in the same words. */
function withoutRepeats<T>(all: readonly T[], words: (one: T) => string): T[] {
  return [...new Map(all.map((one) => [words(one), one])).values()];
}

function isCode({ firstWord }: Statement): boolean {
  return firstWord === "DO" || firstWord === "CALL";
}

/** Adds what the database has of all that is asked for. */
async function readThere(
  database: Database,
  asks: readonly Asks[],
  codes: Map<string, Code[]>,
  woken: Wake[],
): Promise<void> {
  const uses = [...new Set(asks.flatMap((one) => one.uses))];
  const written = [...new Set(asks.flatMap(({ writes }) => writes.map(({ table }) => table)))];
  if (written.length > 0) {
    const targets = await readTargets(database, written);
    const tables = [...new Set([...targets.values()].flat())];
    const rules = await readRules(database, tables);
    for (const { code } of rules) addTo(codes, code.name, code);
    const found = [...(await readWakes(database, tables)), ...rules.map(({ wake }) => wake)];
    // Whoever writes to a view or a parent writes to these.
    for (const [name, all] of targets) {
      woken.push(...found.filter(({ table }) => all.includes(table)).map((wake) => ({ ...wake, table: name })));
    }
  }
  if (uses.length > 0) for (const [key, code] of await readUses(database, uses)) addTo(codes, key, code);
  const calls = [
    ...asks.flatMap((one) => one.calls),
    ...[...codes.values()].flat().flatMap((code) => code.calls),
    ...woken.map(({ routine }) => routine),
    ...asks.flatMap((one) => one.wakes.map(({ routine }) => routine)),
  ];
  // Functions of the database come last: those that statements make are told by their names.
  for (const [key, code] of await readRoutines(database, calls)) addTo(codes, key, code);
}

/** What is known by a name, and all that it calls. */
function reachedFrom(name: string, codes: ReadonlyMap<string, readonly Code[]>): Code[] {
  const names = new Set([name]);
  // A set goes on to what is added while it is gone through.
  for (const one of names) for (const { calls } of codes.get(one) ?? []) for (const called of calls) names.add(called);
  return [...names].flatMap((one) => codes.get(one) ?? []);
}

const RUNS: ReadonlySet<string> = new Set(
  "SELECT,WITH,VALUES,TABLE,INSERT,UPDATE,DELETE,MERGE,COPY,DECLARE,PREPARE,DO,CALL,REFRESH,(".split(","),
);

/** Whether functions that stand in it are called when it runs; definitions only keep them. */
function runsWhatItNames(statement: Statement): boolean {
  const { firstWord = "", words } = statement;
  if (firstWord === "EXPLAIN") return /\banaly[zs]e\b/i.test(statement.text);
  if (RUNS.has(firstWord)) return true;
  if (firstWord === "ALTER") return words[1] === "TABLE" || words[1] === "DOMAIN" || words[1] === "FOREIGN";
  if (firstWord !== "CREATE") return false;
  if (words.includes("INDEX")) return true;
  const isStored = words.slice(1, 4).some((word) => word === "TABLE" || word === "MATERIALIZED");
  return isStored && /\bas\b/i.test(statement.text) && !/\bgenerated\b/i.test(statement.text);
}

/** So many names are looked up; what has more of them is rows. */
const MOST_NAMES = 2000;

/** What a statement names besides functions. */
function usedIn(tokens: readonly string[], { firstWord }: Statement): string[] {
  // The columns and constraints of a table are called like anything.
  const isQuery = firstWord !== "ALTER" && firstWord !== "CREATE";
  const used = tokens.filter((token, at) => {
    if (!isName(token)) return false;
    return isQuery || /^(?:FROM|JOIN|\.)$/.test(tokens[at - 1] ?? "") || isTypeAt(tokens, at);
  });
  return [...new Set(used.map(writtenName))].slice(0, MOST_NAMES);
}

const OPERATOR = /^[-+*/<>=~!@#%^&|`?]+$/;

/** Behind a name, as in ADD COLUMN total money_amount, behind TYPE, AS and DOMAIN, and behind a cast. */
function isTypeAt(tokens: readonly string[], at: number): boolean {
  const before = tokens[at - 1] ?? "";
  return /^(?:TYPE|AS|DOMAIN|::)$/.test(before) || (isName(before) && /^(?:COLUMN|ADD)$/.test(tokens[at - 2] ?? ""));
}

/** Which tables a statement adds rows to or changes rows of, where it is not said to take something as it is, and those that it alters. */
function writesOf(tokens: readonly string[]): Write[] {
  const writes: Write[] = [];
  for (const [at, token] of tokens.entries()) {
    const before = tokens[at - 1];
    if (token === "INTO" && (before === "INSERT" || before === "MERGE")) {
      const table = lastOf(tokens, at + 1);
      writes.push({ table, event: "INSERT" });
      // ON CONFLICT DO UPDATE, WHEN MATCHED THEN UPDATE
      if (tokens.includes("UPDATE", at)) writes.push({ table, event: "UPDATE" });
    }
  }
  const [first, second] = tokens;
  if (first === "UPDATE") writes.push({ table: lastOf(tokens, 1), event: "UPDATE" });
  if (first === "COPY" && tokens.includes("FROM")) writes.push({ table: lastOf(tokens, 1), event: "INSERT" });
  // Others look at no row again, or only for what they add.
  const looksAgain = tokens.some((token) => /^(?:TYPE|VALIDATE|ATTACH|EXPRESSION)$/.test(token));
  if (first === "ALTER" && (second === "TABLE" || second === "FOREIGN") && looksAgain) {
    const from = tokens.indexOf("TABLE") + 1;
    writes.push({ table: lastOf(tokens, tokens[from] === "IF" ? from + 2 : from), event: "ALTER" });
  }
  return writes;
}

function addTo(codes: Map<string, Code[]>, key: string, code: Code): void {
  codes.set(key, [...(codes.get(key) ?? []), code]);
}
