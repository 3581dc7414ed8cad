#!/bin/sh
# Installs the confiture executable. What it does, and its options, is in help() below.
set -eu

say() { printf '%s\n' "$*" >&2; }
help() {
  cat << 'END'
Installs the confiture executable.

  sh install.sh [--from URL] [--version VERSION] [--to FOLDER] [--key KEY]

  --from URL         the folder with the release: archives and SHA256SUMS, as scripts/release makes them
                     (the install.sh of a release that was made with --base-url knows it)
  --version VERSION  which one, where that folder has several
  --to FOLDER        where to put the executable (default: ~/.local/bin)
  --key KEY          the public key (minisign's) with which SHA256SUMS has to be signed. The installer of a signed release
                     knows one; it goes on without, and says so, where the machine has neither minisign nor OpenSSL 3.
                     With --key, nothing is installed then.

CONFITURE_FROM, CONFITURE_VERSION, CONFITURE_TO and CONFITURE_KEY stand for the options. Nothing is installed unless the archive has
the checksum that SHA256SUMS says, and the executable runs on this machine.
END
}
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

# Whether SHA256SUMS in folder $1 is signed with the key $2. 0 yes, 1 no, 2 this machine cannot tell.
signed() {
  if command -v minisign > /dev/null; then
    minisign -Vqm "$1/SHA256SUMS" -P "$2" > /dev/null 2>&1 || return 1
    return 0
  fi
  # OpenSSL 3: the signature is an Ed25519 one of the file's BLAKE2b hash.
  command -v openssl > /dev/null || return 2
  openssl pkeyutl -help 2>&1 | grep -q -e -rawin || return 2
  openssl dgst -blake2b512 -binary "$1/SHA256SUMS" > "$1/hash" 2> /dev/null || return 2
  printf '%s\n' "$2" | openssl base64 -d -A 2> /dev/null > "$1/key" || return 1
  { printf '\060\052\060\005\006\003\053\145\160\003\041\000' && tail -c 32 "$1/key"; } > "$1/key.der"
  sed -n 2p "$1/SHA256SUMS.minisig" | openssl base64 -d -A 2> /dev/null > "$1/signature" || return 1
  # Which key, and that it is one over the hash: "ED" and eight bytes.
  [ "$(tail -c +3 "$1/key" | head -c 8 | od -An -tx1)" = "$(tail -c +3 "$1/signature" | head -c 8 | od -An -tx1)" ] || return 1
  tail -c 64 "$1/signature" > "$1/signature.bin"
  openssl pkeyutl -verify -pubin -keyform DER -inkey "$1/key.der" -rawin -in "$1/hash" -sigfile "$1/signature.bin" \
    > /dev/null 2>&1 || return 1
}

# Whether this machine can unpack .tar.xz, which is a third smaller.
unpacks_xz() {
  command -v xz > /dev/null || case $(tar --version 2>&1 || true) in *bsdtar*) ;; *) return 1 ;; esac
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
  key=${CONFITURE_KEY:-}
  # Whether somebody asked for the signature, and not only the script that came with it.
  asked=${CONFITURE_KEY:+yes}
  # Such as a secret that a build service does not have: nobody means "unchecked" by it.
  [ -z "${CONFITURE_KEY+set}" ] || [ -n "$CONFITURE_KEY" ] || fail "CONFITURE_KEY is empty: set it to the public key, or unset it"
  while [ $# -gt 0 ]; do
    case $1 in
      -h | --help)
        help
        exit
        ;;
      --from=* | --version=* | --to=* | --key=*)
        option=${1%%=*} value=${1#*=}
        shift
        ;;
      --from | --version | --to | --key)
        [ $# -gt 1 ] || fail "$1 needs a value"
        # An empty variable without quotes leaves nothing in its place.
        case $2 in --*) fail "$1 needs a value, and $2 is an option" ;; esac
        option=$1 value=$2
        shift 2
        ;;
      *) fail "unknown option $1: there are --from URL, --version VERSION, --to FOLDER and --key KEY" ;;
    esac
    [ -n "$value" ] || fail "$option needs a value, and the one given is empty"
    case $option in
      --from) from=$value ;;
      --version) version=$value ;;
      --to) to=$value ;;
      --key) key=$value asked=yes ;;
    esac
  done
  [ -n "$from" ] || fail "where from? This install.sh was made without an address: give --from URL, the folder with the release"
  if [ -z "$to" ]; then
    [ -n "${HOME:-}" ] || fail "HOME is not set: give --to FOLDER"
    to=$HOME/.local/bin
  fi
  # It is named in PATH, where it has to hold in every folder.
  case $to in /*) ;; *) to=$PWD/$to ;; esac
  machine=$(target)

  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  download "$from/SHA256SUMS" "$work/SHA256SUMS"
  if [ -n "$key" ]; then
    download "$from/SHA256SUMS.minisig" "$work/SHA256SUMS.minisig"
    status=0
    signed "$work" "$key" || status=$?
    case $status in
      0) say "The signature of SHA256SUMS is right." ;;
      1) fail "SHA256SUMS is not signed with the key $key" ;;
      2)
        [ -z "$asked" ] || fail "the signature of SHA256SUMS cannot be checked: that needs minisign or OpenSSL 3"
        say "The signature of SHA256SUMS was not checked: that needs minisign or OpenSSL 3."
        ;;
    esac
  fi
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

  smaller=${found%.gz}.xz
  if unpacks_xz && grep -q "  $smaller\$" "$work/SHA256SUMS"; then found=$smaller; fi
  download "$from/$found" "$work/$found"
  wanted=$(grep "  $found\$" "$work/SHA256SUMS" | cut -d ' ' -f 1)
  actual=$(checksum "$work/$found")
  [ -n "$actual" ] && [ "$actual" = "$wanted" ] || fail "$found has the checksum $actual, and SHA256SUMS says $wanted"

  case $found in *.xz) with=J ;; *) with=z ;; esac
  tar "-x${with}f" "$work/$found" -C "$work" || fail "cannot unpack $found"
  executable=$work/${found%.tar.?z}/confiture
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
