/** The names of the C library of Linux: GNU's and musl's. */
export const LINUX_LIBRARIES = ["libc.so.6", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1"];
/** And that of macOS. */
export const C_LIBRARIES = [...LINUX_LIBRARIES, "libSystem.B.dylib"];
