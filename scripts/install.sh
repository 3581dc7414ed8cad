#!/bin/sh
# Installs the confiture executable: sh install.sh --from URL [--version VERSION] [--to FOLDER]
#
# URL is a folder with a release: archives and SHA256SUMS, as scripts/release makes them. CONFITURE_FROM, CONFITURE_VERSION and
# CONFITURE_TO stand for the options. Nothing is installed unless the archive has the checksum that SHA256SUMS says, and the
# executable runs on this machine.
set -eu

say() { printf '%s\n' "$*" >&2; }
fail() {
  say "install.sh: $*"
  say "Nothing was installed."
  exit 1
}

# The release's name for this machine.
target() {
  case $(uname -s) in
    Linux) system=linux ;;
    Darwin) system=darwin ;;
    *) fail "there is no release for $(uname -s); on Windows, unpack the zip file" ;;
  esac
  case $(uname -m) in
    x86_64 | amd64) processor=x64 ;;
    aarch64 | arm64) processor=arm64 ;;
    *) fail "there is no release for the processor $(uname -m)" ;;
  esac
  # A shell under Rosetta says x86_64.
  if [ $system-$processor = darwin-x64 ] && [ "$(sysctl -n sysctl.proc_translated 2> /dev/null || true)" = 1 ]; then
    processor=arm64
  fi
  library=
  if [ $system = linux ]; then
    # musl's ldd fails and says so; where there is none, its loader tells.
    case $(ldd --version 2>&1 || true) in
      *musl*) library=-musl ;;
      *GLIBC* | *"GNU libc"* | *glibc*) ;;
      *) for loader in /lib/ld-musl-*; do [ ! -e "$loader" ] || library=-musl; done ;;
    esac
  fi
  printf '%s\n' "$system-$processor$library"
}

# download URL FILE
download() {
  if command -v curl > /dev/null; then
    curl -fsSL -o "$2" "$1" || fail "cannot download $1"
  elif command -v wget > /dev/null; then
    wget -q -O "$2" "$1" || fail "cannot download $1"
  else
    fail "needs curl or wget"
  fi
}

checksum() {
  if command -v sha256sum > /dev/null; then
    sha256sum < "$1" | cut -d ' ' -f 1
  elif command -v shasum > /dev/null; then
    shasum -a 256 < "$1" | cut -d ' ' -f 1
  elif command -v openssl > /dev/null; then
    openssl dgst -sha256 -r < "$1" | cut -d ' ' -f 1
  else
    fail "needs sha256sum, shasum or openssl to check the download"
  fi
}

# A function, so that half of a script that was cut on its way runs nothing.
main() {
  from=${CONFITURE_FROM:-}
  version=${CONFITURE_VERSION:-}
  to=${CONFITURE_TO:-}
  while [ $# -gt 0 ]; do
    case $1 in
      --from | --version | --to) [ $# -gt 1 ] || fail "$1 needs a value" ;;
      *) fail "unknown option $1: there are --from URL, --version VERSION and --to FOLDER" ;;
    esac
    case $1 in
      --from) from=$2 ;;
      --version) version=$2 ;;
      --to) to=$2 ;;
    esac
    shift 2
  done
  [ -n "$from" ] || fail "where from? Give --from URL, the folder of a release"
  if [ -z "$to" ]; then
    [ -n "${HOME:-}" ] || fail "HOME is not set: give --to FOLDER"
    to=$HOME/.local/bin
  fi
  machine=$(target)

  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  download "$from/SHA256SUMS" "$work/SHA256SUMS"
  # Lines are "SUM  confiture-VERSION-TARGET.tar.gz".
  names=$(sed -n 's/^[0-9a-f]\{64\}  \(confiture-[0-9A-Za-z.+-]*\.tar\.gz\)$/\1/p' "$work/SHA256SUMS")
  found=
  for name in $names; do
    of=${name#confiture-}
    of=${of%-"$machine".tar.gz}
    [ "confiture-$of-$machine.tar.gz" = "$name" ] || continue
    [ -z "$version" ] || [ "$of" = "$version" ] || continue
    [ -z "$found" ] || fail "there are several versions at $from: give --version"
    found=$name
  done
  [ -n "$found" ] || fail "there is no ${version:+$version }release for $machine at $from"

  download "$from/$found" "$work/$found"
  wanted=$(grep "  $found\$" "$work/SHA256SUMS" | cut -d ' ' -f 1)
  actual=$(checksum "$work/$found")
  [ -n "$actual" ] && [ "$actual" = "$wanted" ] || fail "$found has the checksum $actual, and SHA256SUMS says $wanted"

  tar -xzf "$work/$found" -C "$work" || fail "cannot unpack $found"
  executable=$work/${found%.tar.gz}/confiture
  chmod 755 "$executable"
  shown=$("$executable" --version) || fail "the executable for $machine does not run on this machine"

  mkdir -p -- "$to" || fail "cannot make the folder $to"
  [ ! -d "$to/confiture" ] || fail "$to/confiture is a folder: remove it, or give another one with --to"
  # Beside its place and then renamed, so that a confiture that runs now is left alone.
  cp "$executable" "$to/.confiture.$$" && mv -f "$to/.confiture.$$" "$to/confiture" || {
    rm -f "$to/.confiture.$$"
    fail "cannot write to $to"
  }
  say "$shown is installed as $to/confiture"
  case :${PATH:-}: in
    *:"$to":*) ;;
    *) say "Add it to your PATH: export PATH=\"$to:\$PATH\"" ;;
  esac
}

main "$@"
