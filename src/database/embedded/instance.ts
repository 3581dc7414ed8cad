import { type InterruptFlags, isInterrupted } from "./limit.ts";
import { raise, refuseConversions } from "./raise.ts";

/** What the module asks for, by its parts. */
export type Imports = Parameters<typeof WebAssembly.instantiate>[1];

/** What is reached from outside of the module that PGlite makes of it. */
export interface Instance {
  readonly memory: WebAssembly.Memory;
  readonly flags: InterruptFlags;
  /** As in raise.ts. */
  raise(message: string): never;
}

export function partsOf(
  { exports }: WebAssembly.Instance,
  imports: Parameters<typeof WebAssembly.instantiate>[1],
): Instance {
  const memory = memoryOf(imports);
  refuseConversions({ memory, exports }, imports?.["env"] as Record<string, unknown>);
  const addressOf = (name: string): number => (exports[name] as WebAssembly.Global<"i32">).value;
  return {
    memory,
    raise: (message) => raise({ memory, exports }, message),
    flags: {
      InterruptPending: addressOf("InterruptPending"),
      QueryCancelPending: addressOf("QueryCancelPending"),
      ProcDiePending: addressOf("ProcDiePending"),
    },
  };
}

/** Whoever sleeps looks at the clock again and again, and nowhere else: what is to end has slept enough. */
export function wakeable(imports: Imports): Imports {
  const wasi = imports?.["wasi_snapshot_preview1"];
  const clock = wasi?.["clock_time_get"] as (id: number, precision: bigint, result: number) => number;
  let slept = 0n;
  const clock_time_get = (id: number, precision: bigint, result: number): number => {
    const failure = clock(id, precision, result);
    if (!isInterrupted()) {
      slept = 0n;
      return failure;
    }
    // What catches the interruption may sleep again.
    slept += LONGEST_WAIT;
    const nanoseconds = new BigUint64Array(memoryOf(imports).buffer, result, 1);
    nanoseconds[0]! += slept;
    return failure;
  };
  return { ...imports, wasi_snapshot_preview1: { ...wasi, clock_time_get } };
}

function memoryOf(imports: Imports): WebAssembly.Memory {
  return imports?.["env"]?.["memory"] as WebAssembly.Memory;
}

/** In nanoseconds: PostgreSQL sleeps ten minutes at a time (pg_sleep in misc.c), and looks then whether it was interrupted. */
const LONGEST_WAIT = 600_000_000_000n;
