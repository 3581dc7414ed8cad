/** What a statement puts at risk without taking it away. Names are folded, with a schema where one is written. */
export type DangerKind =
  /** A sequence goes on from a value that it may have given: `what` is "SEQUENCE s" or "the identity of t.id". */
  | { readonly kind: "sequence-set"; readonly what: string; readonly to: string }
  | { readonly kind: "sequence-restarts"; readonly what: string; readonly to: string | undefined }
  | { readonly kind: "sequence-cycles"; readonly what: string }
  | { readonly kind: "sequence-turns"; readonly what: string; readonly increment: string }
  /** Seen when it ran. */
  | { readonly kind: "sequence-set-back"; readonly sequence: string }
  | { readonly kind: "sequence-bounded"; readonly what: string; readonly how: string }
  | { readonly kind: "sequence-owned"; readonly what: string; readonly owner: string }
  /** Without a table it is an event trigger, without a name all of the table. */
  | {
      readonly kind: "switched-off";
      readonly of: "TRIGGER" | "RULE" | "EVENT TRIGGER" | "CONSTRAINT";
      readonly name: string | undefined;
      readonly table: string | undefined;
    }
  /** A trigger that was there is another one under its name. */
  | { readonly kind: "trigger-replaced"; readonly name: string; readonly table: string }
  /** A setting that protects data, for whom and to what. */
  | {
      readonly kind: "setting";
      readonly name: string;
      readonly value: string | undefined;
      readonly scope: string;
      readonly effect: string;
    }
  /** Members of a role of PostgreSQL itself, or roles that may set what protects data. */
  | {
      readonly kind: "role-may";
      readonly may: string;
      readonly members: readonly string[];
      readonly how: string;
    }
  /** Who signed in before may be unable to. */
  | { readonly kind: "locked-out"; readonly what: "ROLE" | "DATABASE"; readonly name: string; readonly how: string }
  | { readonly kind: "subscription"; readonly name: string; readonly effect: "writes" | "stops" | "skips" }
  | { readonly kind: "publication-narrowed"; readonly name: string; readonly how: string }
  | { readonly kind: "replica-identity"; readonly table: string }
  | { readonly kind: "replication-slot"; readonly call: string }
  | { readonly kind: "catalogue"; readonly table: string }
  | { readonly kind: "library"; readonly name: string };

/** With what runs it, where that is not the statement itself. */
export type Danger = DangerKind & { readonly by?: string };

/** In a few words that go on from "this": "restarts SEQUENCE users_id_seq: values that it has given may come again". Pure. */
export function dangerWords(danger: Danger): string {
  const words = wordsOf(danger);
  return danger.by === undefined ? words : `${words}, by running ${danger.by}`;
}

/** Whether a sequence gives values again, or may. Pure. */
export function repeatsValues({ kind }: Danger): boolean {
  return REPEATING.has(kind);
}

/** Whether it is about a sequence. Pure. */
export function isOfSequence({ kind }: Danger): boolean {
  return REPEATING.has(kind) || QUIET.has(kind);
}

/** Whether somebody has to be asked before it: bounds and owners of a sequence only make something else fail, or drop it. Pure. */
export function isAskedFor({ kind }: Danger): boolean {
  return !QUIET.has(kind);
}

const REPEATING: ReadonlySet<DangerKind["kind"]> = new Set<DangerKind["kind"]>([
  "sequence-set",
  "sequence-set-back",
  "sequence-restarts",
  "sequence-cycles",
  "sequence-turns",
]);

/** Bounds and owners of sequences. */
const QUIET: ReadonlySet<DangerKind["kind"]> = new Set<DangerKind["kind"]>(["sequence-bounded", "sequence-owned"]);

const AGAIN = "values that it has given may come again";

function wordsOf(danger: DangerKind): string {
  switch (danger.kind) {
    case "sequence-set":
      return `sets ${danger.what} to ${danger.to}: ${AGAIN}`;
    case "sequence-restarts":
      return `restarts ${danger.what}${danger.to === undefined ? "" : ` at ${danger.to}`}: ${AGAIN}`;
    case "sequence-cycles":
      return `lets ${danger.what} begin again at its end (CYCLE): ${AGAIN}`;
    case "sequence-turns":
      return `lets ${danger.what} count backwards (INCREMENT ${danger.increment}): ${AGAIN}`;
    case "sequence-set-back":
      return `sets SEQUENCE ${danger.sequence} back: values that it has given come again`;
    case "sequence-bounded":
      return `bounds ${danger.what} ${danger.how}`;
    case "sequence-owned":
      return `lets ${danger.what} be dropped with ${danger.owner} from now on (OWNED BY)`;
    case "switched-off": {
      const { of, name, table } = danger;
      if (table === undefined) return `switches ${of} ${name} off`;
      if (name === undefined) return `switches every TRIGGER of ${table} off, those of foreign keys among them`;
      return `switches ${of} ${name} of ${table} off: what it did for writes is not done any more`;
    }
    case "trigger-replaced":
      return `replaces TRIGGER ${danger.name} of ${danger.table}: what it did for writes may not be done any more`;
    case "setting": {
      const { name, value, scope, effect } = danger;
      return `${value === undefined ? `resets ${name}` : `sets ${name} to ${value}`} for ${scope}: ${effect}`;
    }
    case "role-may":
      return `lets ${rolesWords(danger.members)} ${danger.may} (${danger.how})`;
    case "locked-out":
      return `may keep whoever uses ${danger.what} ${danger.name} from connecting (${danger.how})`;
    case "subscription":
      return SUBSCRIPTION[danger.effect](danger.name);
    case "publication-narrowed":
      return `lets subscribers of PUBLICATION ${danger.name} miss changes (${danger.how})`;
    case "replica-identity":
      return `lets UPDATE and DELETE on ${danger.table} fail while a publication has it (REPLICA IDENTITY NOTHING)`;
    case "replication-slot":
      return `lets whoever replicates from a slot miss changes (${danger.call})`;
    case "catalogue":
      return `writes to ${danger.table}, a catalogue of PostgreSQL itself`;
    case "library":
      return `loads the library ${danger.name} into the server, and what that does is not known`;
  }
}

function rolesWords(members: readonly string[]): string {
  return members.includes("public") ? "every role" : `ROLE ${members.join(", ")}`;
}

const SUBSCRIPTION = {
  writes: (name: string) => `lets SUBSCRIPTION ${name} add, change and delete rows here, as its publisher does`,
  stops: (name: string) => `lets SUBSCRIPTION ${name} bring no changes any more`,
  skips: (name: string) => `lets SUBSCRIPTION ${name} leave out a transaction of its publisher`,
};
