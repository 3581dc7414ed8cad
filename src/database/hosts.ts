import type { ServerAddress, ServerTarget, SessionAttributes } from "./target.ts";

/** What decides about a host: what its server says about itself. */
export interface SessionState {
  readonly inHotStandby: boolean;
  readonly readOnly: boolean;
}

/** The hosts of a target, each as a target of its own, in the order in which they are tried. */
export function hostsOf(target: ServerTarget): ServerTarget[] {
  const { alternatives = [], password: _password, hostAddress: _hostAddress, ...common } = target;
  const first: ServerAddress = target;
  const hosts = [first, ...alternatives].map(({ host, hostAddress, port, password }): ServerTarget => ({
    ...common,
    host,
    port,
    ...(hostAddress === undefined ? {} : { hostAddress }),
    ...(password === undefined ? {} : { password }),
  }));
  return inOrder(target, hosts);
}

/** As given, or shuffled where the load is to be balanced. */
export function inOrder<T>({ loadBalance }: ServerTarget, items: readonly T[]): T[] {
  const order = [...items];
  if (loadBalance !== true) return order;
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

/** What a host has to be; `prefer-standby` is two passes over all hosts. */
export function passesFor(wanted: SessionAttributes): readonly SessionAttributes[] {
  return wanted === "prefer-standby" ? ["standby", "any"] : [wanted];
}

/** Why a host is not the one that is wanted; undefined when it is. */
export function mismatch(wanted: SessionAttributes, state: SessionState): string | undefined {
  switch (wanted) {
    case "any":
    case "prefer-standby":
      return undefined;
    case "read-write":
      return state.inHotStandby || state.readOnly ? "is read-only" : undefined;
    case "read-only":
      return state.inHotStandby || state.readOnly ? undefined : "is not read-only";
    case "primary":
      return state.inHotStandby ? "is a standby" : undefined;
    case "standby":
      return state.inHotStandby ? undefined : "is not a standby";
  }
}
