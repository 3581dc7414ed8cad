#!/usr/bin/env node
// Runs the executable of the package for this machine, which npm has installed beside this one.
"use strict";

/** The packages that could fit, the likeliest first; npm installs those whose os, cpu and libc are the machine's. */
function candidates() {
  const system = process.platform === "win32" ? "windows" : process.platform;
  const machine = `${system}-${process.arch}`;
  if (system !== "linux") return [machine];
  // Versions of npm that know no `libc` install both. The report is slow, and so it is asked only then.
  const installed = [machine, `${machine}-musl`].filter((name) => find(name) !== undefined);
  if (installed.length < 2) return installed;
  const isGlibc = process.report.getReport().header.glibcVersionRuntime !== undefined;
  return isGlibc ? installed : installed.slice(1);
}

function find(name) {
  try {
    return require.resolve(`@confiture/${name}/confiture${process.platform === "win32" ? ".exe" : ""}`);
  } catch {
    return undefined;
  }
}

function main() {
  const executable = candidates().map(find).find(Boolean);
  if (executable === undefined) {
    const machine = `${process.platform}-${process.arch}`;
    const { version } = require("./package.json");
    console.error(
      `confiture: the executable for ${machine} is not installed. It is a package of its own: from files of a release, ` +
        `give \`npm install\` both confiture-${version}.tgz and confiture-${machine}-${version}.tgz. From a registry that ` +
        `has both, it comes as an optional dependency, which --omit=optional, --no-optional and a node_modules copied from ` +
        `another machine leave out.`,
    );
    process.exitCode = 1;
    return;
  }
  const args = process.argv.slice(2);
  // Newer versions of Node become the executable, so that signals reach it and nothing stays in memory.
  if (typeof process.execve === "function" && process.platform !== "win32") {
    process.execve(executable, [executable, ...args], process.env);
  }
  const child = require("child_process").spawn(executable, args, { stdio: "inherit" });
  // The terminal sends its signals to both; twice would be "at once" to the executable.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      if (!process.stdin.isTTY || signal === "SIGTERM") child.kill(signal);
    });
  }
  child.on("error", (error) => {
    console.error(`confiture: ${executable} cannot be run: ${error.message}`);
    process.exitCode = 1;
  });
  child.on("exit", (code, signal) => {
    process.exitCode = code === null ? 128 + require("os").constants.signals[signal] : code;
  });
}

main();
