#!/bin/sh
# Downloads a checkpoint from its publisher's address, resumes an interrupted download, compares its
# SHA-256, and prints size and hash.
#
#   Scripts/fetch_checkpoint.sh [--sha256 HASH] NAME [FOLDER]
#
# FOLDER: folder for the files; the current one unless named.
#
# Meta's, one file each:
#   sam2.1_hiera_tiny.pt  sam2.1_hiera_small.pt  sam2.1_hiera_base_plus.pt  sam2.1_hiera_large.pt
#   sam2_hiera_tiny.pt    sam2_hiera_small.pt    sam2_hiera_base_plus.pt    sam2_hiera_large.pt
#
# The same models for Keras, as HDF5:
#   paz:NAME         of oarriaga/paz, for example paz:sam2.1_hiera_tiny: nine files and two manifests,
#                    which go into FOLDER/NAME; each file is compared with the hash in its manifest
#   zeromodels:NAME  of zeromodels, for example zeromodels:sam2_hiera_tiny (not of SAM 2.1): one file,
#                    for pictures only, which becomes FOLDER/NAME.weights.h5
#
# Detectors, which find things by words, of google (Apache-2.0), for sam2-convert and --detector:
#   owlv2-base       owlv2-base-patch16-ensemble, 620 MB
#   owlv2-large      owlv2-large-patch14-ensemble, 1.7 GB
#                    weights, configuration and tokenizer go into FOLDER/NAME; no hash is published
#
# The ending .pt may be left out. The hashes of Meta's files are known here; those of paz are in its
# manifests; zeromodels publishes none. The Keras files could not be fetched when this was written: their
# addresses are those that their projects name. --sha256 names another hash for the one file, and
# --sha256 none compares nothing. A file with another hash is not kept. SAM2_CHECKPOINTS names another
# address to download from, such as a mirror: the folders 072824/ (SAM 2) and 092824/ (SAM 2.1) must be
# below it, or for paz v0.30/ and v0.34/. Only https is used, also after redirections.
#
# Exit codes: 0 the files are there, 64 unknown name or an address without https, 65 a hash differs,
# 69 curl is missing, 73 the folder cannot be written to, 74 the download broke off (run it again to
# resume).
set -eu

meta=${SAM2_CHECKPOINTS:-https://dl.fbaipublicfiles.com/segment_anything_2}
paz=${SAM2_CHECKPOINTS:-https://github.com/oarriaga/altamira-data/releases/download}
zeromodels=${SAM2_CHECKPOINTS:-https://huggingface.co/zeromodels}
owl=${SAM2_CHECKPOINTS:-https://huggingface.co/google}

usage() {
  sed -n '2,/^set/s/^# \{0,1\}//p' "$0" | sed '$d' >&2
  exit 64
}

note() { printf '%s\n' "$*" >&2; }

expected=
given=
while [ $# -gt 0 ]; do
  case "$1" in
    --sha256)
      [ $# -ge 2 ] || usage
      given=$(printf '%s' "$2" | tr 'A-F' 'a-f')
      shift 2
      ;;
    --sha256=*)
      given=$(printf '%s' "${1#--sha256=}" | tr 'A-F' 'a-f')
      shift
      ;;
    -*) usage ;;
    *) break ;;
  esac
done
[ $# -eq 1 ] || [ $# -eq 2 ] || usage
folder=${2:-.}

# Sets `expected` to the SHA-256 of a checkpoint of Meta's.
hash_of_metas() {
  case "$1" in
    sam2_hiera_tiny.pt)
      expected=65b50056e05bcb13694174f51bb6da89c894b57b75ccdf0ba6352c597c5d1125 ;;
    sam2_hiera_small.pt)
      expected=95949964d4e548409021d47b22712d5f1abf2564cc0c3c765ba599a24ac7dce3 ;;
    sam2_hiera_base_plus.pt)
      expected=d0bb7f236400a49669ffdd1be617959a8b1d1065081789d7bbff88eded3a8071 ;;
    sam2_hiera_large.pt)
      expected=7442e4e9b732a508f80e141e7c2913437a3610ee0c77381a66658c3a445df87b ;;
    sam2.1_hiera_tiny.pt)
      expected=7402e0d864fa82708a20fbd15bc84245c2f26dff0eb43a4b5b93452deb34be69 ;;
    sam2.1_hiera_small.pt)
      expected=6d1aa6f30de5c92224f8172114de081d104bbd23dd9dc5c58996f0cad5dc4d38 ;;
    sam2.1_hiera_base_plus.pt)
      expected=a2345aede8715ab1d5d31b4a509fb160c5a4af1970f199d9054ccfb746c004c5 ;;
    sam2.1_hiera_large.pt)
      expected=2647878d5dfa5098f2f8649825738a9345572bae2d4350a2468587ece47dd318 ;;
    *)
      note "error: there is no checkpoint called $1"
      usage
      ;;
  esac
}

# Passes for the names that the models of Keras have.
check_name() {
  case "$1" in
    sam2_hiera_tiny | sam2_hiera_small | sam2_hiera_base_plus | sam2_hiera_large) return 0 ;;
    sam2.1_hiera_tiny | sam2.1_hiera_small | sam2.1_hiera_base_plus | sam2.1_hiera_large)
      [ "$2" = zeromodels ] || return 0
      ;;
  esac
  note "error: there is no model called $1 of $2"
  usage
}

case "$given" in
  "" | none) ;;
  *[!0-9a-f]*) note "error: --sha256 takes 64 hexadecimal digits, or none"; exit 64 ;;
  *)
    [ ${#given} -eq 64 ] || {
      note "error: --sha256 takes 64 hexadecimal digits, or none"
      exit 64
    }
    ;;
esac

hash_of() { sha256sum "$1" | cut -d ' ' -f 1; }

# Passes for a file whose hash is the expected one; warns when there is nothing to compare with.
check() {
  hash=$(hash_of "$1")
  if [ -z "$expected" ]; then
    note "warning: no hash was compared; the SHA-256 of the file is $hash"
    return 0
  fi
  [ "$hash" = "$expected" ] && return 0
  note "error: the SHA-256 of $1 is $hash, not $expected"
  return 1
}

# Size and hash go to stdout, in the form that sha256sum --check reads after the size.
report() {
  size=$(wc -c <"$1")
  printf '%s bytes\n%s  %s\n' "$((size))" "$hash" "$1"
}

download() {
  curl --fail --location --proto '=https' --proto-redir '=https' --connect-timeout 30 "$@" \
    "$address"
}

# Downloads to the file $part, from where an earlier run broke off.
resume() {
  # Servers answer 416 when nothing is missing: the earlier run was ended before it renamed the file.
  status=0
  download --retry 3 --progress-bar --continue-at - --output "$part" || status=$?
  [ "$status" -ne 0 ] || return 0
  length=$(download --silent --head | tr -d '\r' | sed -n 's/^[Cc]ontent-[Ll]ength: *//p' |
    tail -n 1)
  if [ -z "$length" ] || [ "$length" -ne "$(wc -c <"$part")" ]; then
    [ -s "$part" ] || rm -f "$part"
    note "error: the download broke off (curl $status): run this again to continue"
    exit 74
  fi
}

# fetch FILE ADDRESS START EXPECTED: the file FILE, which must begin with the characters START if there
# are any.
fetch() {
  file=$1
  address=$2
  expected=$4
  case "$address" in
    https://*) ;;
    *)
      note "error: $address is not an https address"
      exit 64
      ;;
  esac
  if [ -f "$file" ]; then
    note "$file is there already"
    check "$file" || exit 65
    report "$file"
    return 0
  fi
  command -v curl >/dev/null 2>&1 || {
    note "error: curl is needed to download $address"
    exit 69
  }
  part=$file.part
  if [ -L "$part" ]; then
    note "error: $part is a link; remove it"
    exit 73
  fi
  if ! mkdir -p "$(dirname "$file")" 2>/dev/null || ! : 2>/dev/null >>"$part"; then
    note "error: cannot write to $(dirname "$file")"
    exit 73
  fi
  if [ -s "$part" ]; then
    note "continuing with $address after $(($(wc -c <"$part"))) bytes"
  else
    note "downloading $address"
  fi
  resume
  # An error page that a server calls a success is not a checkpoint.
  if [ -n "$3" ] &&
    [ "$(head -c 4 "$part" | tr -dc '[:print:]' | cut -c "1-${#3}")" != "$3" ]; then
    rm -f "$part"
    note "error: $address gave something that is not a checkpoint"
    exit 74
  fi
  if ! check "$part"; then
    rm -f "$part"
    exit 65
  fi
  mv "$part" "$file"
  report "$file"
}

# fetch_listed NAME RELEASE MANIFEST: a manifest of paz, and the files that it names.
fetch_listed() {
  fetch "$folder/$1/$3" "$paz/$2/$3" "{" ""
  # "image_encoder.weights.h5": "HASH", a pair or more on a line.
  pairs=$(tr ',{}' '\n\n\n' <"$folder/$1/$3" |
    sed -n 's/^ *"\([a-z_]*\.weights\.h5\)" *: *"\([0-9a-f]\{64\}\)" *$/\1 \2/p')
  [ -n "$pairs" ] || {
    note "error: $folder/$1/$3 names no files"
    exit 65
  }
  while read -r stem sum; do
    fetch "$folder/$1/$1_$stem" "$paz/$2/$1_$stem" HDF "$sum"
  done <<END
$pairs
END
}

# fetch_detector NAME: weights, configuration and tokenizer of a detector.
fetch_detector() {
  [ -z "$given" ] || {
    note "error: --sha256 is for one file"
    exit 64
  }
  fetch "$folder/$1/config.json" "$owl/$1/resolve/main/config.json" "{" ""
  fetch "$folder/$1/merges.txt" "$owl/$1/resolve/main/merges.txt" "#" ""
  fetch "$folder/$1/model.safetensors" "$owl/$1/resolve/main/model.safetensors" "" ""
}

case "$1" in
  owlv2-base) fetch_detector owlv2-base-patch16-ensemble ;;
  owlv2-large) fetch_detector owlv2-large-patch14-ensemble ;;
  paz:*)
    check_name "${1#paz:}" paz
    [ -z "$given" ] || {
      note "error: --sha256 is for one file"
      exit 64
    }
    fetch_listed "${1#paz:}" v0.30 "${1#paz:}.manifest.json"
    fetch_listed "${1#paz:}" v0.34 "${1#paz:}.video.manifest.json"
    ;;
  zeromodels:*)
    name=${1#zeromodels:}
    check_name "$name" zeromodels
    expected=
    [ -z "$given" ] || [ "$given" = none ] || expected=$given
    fetch "$folder/$name.weights.h5" "$zeromodels/$name/resolve/main/model.weights.h5" HDF "$expected"
    ;;
  *)
    name=${1%.pt}.pt
    hash_of_metas "$name"
    case "$given" in
      "") ;;
      none) expected= ;;
      *) expected=$given ;;
    esac
    case "$name" in
      sam2.1_*) release=092824 ;;
      *) release=072824 ;;
    esac
    fetch "$folder/$name" "$meta/$release/$name" PK "$expected"
    ;;
esac
