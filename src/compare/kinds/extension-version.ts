import { kind } from "./kind.ts";

interface ExtensionVersion {
  readonly version: string;
}

export const extensionVersion = kind<ExtensionVersion>({
  query: { path: "array[extname]", payload: "'version', extversion", from: "from pg_extension" },
  text: ({ version }) => version,
  statements: undefined,
});
