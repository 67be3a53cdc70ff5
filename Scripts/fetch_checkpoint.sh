#!/bin/sh
# Downloads a checkpoint of Meta's from its publisher's address, goes on where an earlier download
# broke off, and prints its size and SHA-256.
#
#   Scripts/fetch_checkpoint.sh NAME [FOLDER]     FOLDER: where the file goes, here unless named
#
#   sam2.1_hiera_tiny.pt  sam2.1_hiera_small.pt  sam2.1_hiera_base_plus.pt  sam2.1_hiera_large.pt
#   sam2_hiera_tiny.pt    sam2_hiera_small.pt    sam2_hiera_base_plus.pt    sam2_hiera_large.pt
#
# The ending .pt may be left out. SAM2_CHECKPOINTS names another address to download from, such as a
# mirror: the folders 072824/ (SAM 2) and 092824/ (SAM 2.1) must be below it.
# Exit codes: 0 the file is there, 64 unknown name, 69 curl is missing, 73 the folder cannot be
# written to, 74 the download broke off (run it again to go on).
set -eu

base=${SAM2_CHECKPOINTS:-https://dl.fbaipublicfiles.com/segment_anything_2}

usage() {
  sed -n '2,/^set/s/^# \{0,1\}//p' "$0" | sed '$d' >&2
  exit 64
}

say() { printf '%s\n' "$*" >&2; }

[ $# -eq 1 ] || [ $# -eq 2 ] || usage
name=${1%.pt}.pt
folder=${2:-.}
case "$name" in
  sam2_hiera_tiny.pt | sam2_hiera_small.pt | sam2_hiera_base_plus.pt | sam2_hiera_large.pt)
    address=$base/072824/$name
    ;;
  sam2.1_hiera_tiny.pt | sam2.1_hiera_small.pt | sam2.1_hiera_base_plus.pt | sam2.1_hiera_large.pt)
    address=$base/092824/$name
    ;;
  *)
    say "error: there is no checkpoint called $1"
    usage
    ;;
esac

# Size and hash go to stdout, in the form that sha256sum --check reads behind the size.
report() {
  size=$(wc -c <"$folder/$name")
  hash=$(sha256sum "$folder/$name" | cut -d ' ' -f 1)
  printf '%s bytes\n%s  %s\n' "$((size))" "$hash" "$folder/$name"
}

if [ -f "$folder/$name" ]; then
  say "$folder/$name is there already"
  report
  exit 0
fi
command -v curl >/dev/null 2>&1 || {
  say "error: curl is needed to download $address"
  exit 69
}
part=$folder/$name.part
if ! mkdir -p "$folder" 2>/dev/null || ! : 2>/dev/null >>"$part"; then
  say "error: cannot write to $folder"
  exit 73
fi
if [ -s "$part" ]; then
  say "going on with $address after $(($(wc -c <"$part"))) bytes"
else
  say "downloading $address"
fi

# Servers answer 416 when nothing is missing: the earlier run was ended before it renamed the file.
status=0
curl --fail --location --retry 3 --connect-timeout 30 --progress-bar --continue-at - \
  --output "$part" "$address" || status=$?
if [ "$status" -ne 0 ]; then
  length=$(curl --fail --silent --location --head --connect-timeout 30 "$address" |
    tr -d '\r' | sed -n 's/^[Cc]ontent-[Ll]ength: *//p' | tail -n 1)
  if [ -z "$length" ] || [ "$length" -ne "$(wc -c <"$part")" ]; then
    [ -s "$part" ] || rm -f "$part"
    say "error: the download broke off (curl $status): run this again to go on"
    exit 74
  fi
fi
# A checkpoint is a zip archive; an error page that a server calls a success is none.
if [ "$(head -c 2 "$part")" != PK ]; then
  rm -f "$part"
  say "error: $address gave something that is no checkpoint"
  exit 74
fi
mv "$part" "$folder/$name"
report
