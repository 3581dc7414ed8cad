/** A client's turn does not come, because it has asked to cancel what it waits with. */
export class TurnCancelled extends Error {}
