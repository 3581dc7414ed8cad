/** What an output has besides `write`, for one that is written to in no other way. */
export const NO_MORE = {
  writeAll: async (): Promise<void> => {},
  writeNow: (): void => {},
  endsWith: (): void => {},
  closed: false,
  failure: undefined,
} as const;
