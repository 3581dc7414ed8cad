import { writeQualified } from "#sql/quote.ts";

/** A name as a key or value of YAML. */
export function yamlKey(name: string): string {
  return /^[A-Za-z_][\w ]*$/.test(name) && !/^(?:null|true|false|yes|no|on|off)$/i.test(name) && name.trim() === name
    ? name
    : JSON.stringify(name);
}

/** A path of documents as a key of YAML: plain where it has neither brackets nor quotes. */
export function yamlPath(path: string): string {
  return /^[A-Za-z_][\w.]*$/.test(path) ? path : JSON.stringify(path);
}

/** The key of a table's rule: as the catalogue has its names where that reads back as the same table, else as SQL writes them. */
export function tableKey({ schema, name }: { readonly schema: string; readonly name: string }): string {
  const parts = schema === "public" ? [name] : [schema, name];
  const isPlain = parts.every((part) => !part.includes(".") && yamlKey(part) === part);
  return isPlain ? parts.join(".") : JSON.stringify(writeQualified(schema, name));
}
