/** Goes to the thread that migrations run in. One task at a time. */
export type ToGuest =
  | { readonly type: "load"; readonly paths: readonly string[] }
  | { readonly type: "run"; readonly path: string; readonly method: "up" | "down" }
  | { readonly type: "done"; readonly number: number; readonly rows: readonly object[] | undefined }
  | { readonly type: "refused"; readonly number: number; readonly refusal: Refusal };

/** Comes from it. */
export type FromGuest =
  /** One more file of those that are to be loaded. */
  | { readonly type: "loaded"; readonly facts: GuestFacts }
  | ({ readonly type: "statement" } & GuestStatement)
  /** No statement follows, whatever becomes of those that were asked for: nothing is open, and nobody waits for an outcome. */
  | { readonly type: "asked-all" }
  /** Where the statement that failed was asked for: a stack. */
  | { readonly type: "failed-at"; readonly stack: string }
  /** `up` or `down` has come to its end, and something that it left open may still run. */
  | { readonly type: "ended" }
  /** The task is over, and nothing of it is open. */
  | { readonly type: "over"; readonly fault: Fault | undefined }
  /** A statement was asked for after the end of this file's method, at this stack. */
  | { readonly type: "late"; readonly path: string; readonly stack: string }
  /** Thrown where nobody could catch it: in a timer, or a rejection that nobody handles. */
  | { readonly type: "stray"; readonly fault: Fault }
  /** It is about to end the process, as far as it knows. */
  | { readonly type: "ends"; readonly call: string; readonly stack: string };

export interface GuestStatement {
  /** Counted from 1 in each task. */
  readonly number: number;
  /** `progress` runs nothing: its parameters are what is done, and of how much, or null. */
  readonly kind: "execute" | "query" | "file" | "progress" | "backfill";
  /** SQL, the path of a file, or what is asked of a backfill, as JSON. */
  readonly text: string;
  readonly parameters: readonly unknown[];
}

/** What a migration's class says of itself. */
export interface GuestFacts {
  readonly exports: "migration" | "nothing" | "something else";
  readonly hasUp: boolean;
  readonly hasDown: boolean;
  readonly transactional: boolean;
  /** As text where it is text; anything else is shown as JavaScript. */
  readonly version: Said | undefined;
  readonly name: Said | undefined;
}

export interface Said {
  readonly text: string | undefined;
  readonly shown: string;
}

/** Something thrown, as data: whatever it was, it can be shown. */
export interface Fault {
  readonly text: string;
  readonly stack: string | undefined;
  /** The class was to be made, rather than its file to be loaded. */
  readonly constructing?: boolean;
  /** An import that was not found. */
  readonly missing?: { readonly specifier: string; readonly referrer: string };
  /** What does not parse. */
  readonly position?: {
    readonly file: string;
    readonly line: number;
    readonly column: number;
    readonly lineText: string;
    readonly message: string;
  };
}

/** Why a statement was not done, for a migration that looks. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly server: object | undefined;
}

/** A parameter that is more than data, told by what a driver would ask it. */
export interface Portable {
  readonly confiturePortable: true;
  readonly json: string | undefined;
  readonly text: string;
  readonly primitive: unknown;
}
