/** `--allow-drop` of every command that may take something away. */
export const REMOVAL_ARGS = {
  "allow-drop": {
    type: "string",
    valueHint: "[=WHAT]",
    description:
      "allow taking things away: all, or with commas: KIND:NAME for one thing (column:public.users.bio), a kind (policy), or a NAME for all that is listed by it",
  },
} as const;
