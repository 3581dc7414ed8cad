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
