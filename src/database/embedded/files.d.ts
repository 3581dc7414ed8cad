/** Files imported `with { type: "file" }`: the path of the file, inside the executable or on disk. */
declare module "*.pack" {
  const path: string;
  export default path;
}
declare module "*.data" {
  const path: string;
  export default path;
}
declare module "*.wasm" {
  const path: string;
  export default path;
}
