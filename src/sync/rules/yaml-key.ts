/** A name as a key or value of YAML. */
export function yamlKey(name: string): string {
  return /^[A-Za-z_][\w ]*$/.test(name) && !/^(?:null|true|false|yes|no|on|off)$/i.test(name) && name.trim() === name
    ? name
    : JSON.stringify(name);
}
