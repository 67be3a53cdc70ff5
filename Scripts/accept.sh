#!/bin/sh
# Accepts a checkpoint: converts it, runs it, compares it with the official code if that is
# installed, quantises it, measures what that costs, and prints a verdict with figures that can be
# pasted into an issue.
#
#   Scripts/accept.sh [OPTIONS] NAME|FILE
#
# NAME is one of Meta's checkpoints (Scripts/fetch_checkpoint.sh lists them), which is downloaded
# first; FILE is any checkpoint.
#
#   --media PATH      a picture, a folder of pictures, a video or a folder of frames to calibrate
#                     and measure with; repeatable (default: sample scenes)
#   --config FILE     the official YAML configuration, where the weights do not determine it
#   --sha256 HASH     the expected hash of the file; none compares nothing. Without this option a file
#                     with one of Meta's names must have Meta's hash
#   --work FOLDER     folder for files (default: out/accept/NAME)
#   --bin FOLDER      the built commands (default: those of swift build -c release)
#   --python PROGRAM  a Python with the official code, see Scripts/requirements.txt (default: python3)
#   --frames N        frames of each clip (default: 8)
#   --min-iou X       mean mask IoU of int8 with float that is accepted (default: 0.99)
#
# Exit codes: 0 accepted, 1 not accepted, 64 usage, 65 the hash differs, 66 no such file, and those of
# the download.
set -eu
started=$(date +%s)
. "$(dirname "$0")/common.sh"

usage() {
  sed -n '2,/^set/s/^# \{0,1\}//p' Scripts/accept.sh | sed '$d' >&2
  exit 64
}

media='' config='' hash='' work='' bin='' python=python3 frames=8 minimum=0.99
while [ $# -gt 1 ]; do
  case "$1" in
    --media)
      media="$media$(absolute "$2")
" ;;
    --config) config=$(absolute "$2") ;;
    --sha256) hash=$2 ;;
    --work) work=$(absolute "$2") ;;
    --bin) bin=$(absolute "$2") ;;
    --python) python=$2 ;;
    --frames) frames=$2 ;;
    --min-iou) minimum=$2 ;;
    *) usage ;;
  esac
  shift 2
done
[ $# -eq 1 ] || usage
case "$1" in -*) usage ;; esac
[ -n "$bin" ] || bin=$(swift build -c release --show-bin-path)

# The checkpoint

given=$(absolute "$1")
name=$(basename "$1" .pt)
: "${work:=out/accept/$name}"
mkdir -p "$work"
official=$(sed -n 's/^  \(sam2[a-z0-9._]*\)\.pt)$/\1/p' Scripts/fetch_checkpoint.sh)
is_official() { printf '%s\n' "$official" | grep -qx "$name"; }
if [ -f "$given" ]; then
  checkpoint=$given
  if is_official && [ "$(basename "$given")" = "$name.pt" ]; then
    Scripts/fetch_checkpoint.sh ${hash:+--sha256 "$hash"} "$name" "$(dirname "$given")" >/dev/null
  elif [ -n "$hash" ] && [ "$hash" != none ]; then
    found=$(sha256sum "$given" | cut -d ' ' -f 1)
    [ "$found" = "$hash" ] || {
      note "error: the SHA-256 of $given is $found, not $hash"
      exit 65
    }
  fi
elif is_official; then
  Scripts/fetch_checkpoint.sh ${hash:+--sha256 "$hash"} "$name" "$work" >/dev/null
  checkpoint=$work/$name.pt
else
  note "error: there is no file $given and no checkpoint called $name"
  exit 66
fi

# The steps: the output of each is kept in a file, and the end of it in the verdict when the step fails.

verdict=$work/verdict.txt
: >"$verdict"
accepted=1

record() {
  note "$*"
  printf '%s\n' "$*" >>"$verdict"
}

# step TITLE COMMAND...: runs it, its stdout in $work/TITLE.out
step() {
  title=$1
  shift
  began=$(date +%s)
  if "$@" >"$work/$title.out" 2>"$work/$title.err"; then
    record "ok    $title, $(($(date +%s) - began)) s"
    return 0
  else
    status=$?
  fi
  record "FAIL  $title, exit code $status"
  sed 's/^/        /' "$work/$title.err" | tail -n 5 >&2
  sed 's/^/        /' "$work/$title.err" | tail -n 5 >>"$verdict"
  accepted=0
  return 1
}

# member KEY... FILE: a figure of a JSON file
member() {
  "$python" - "$@" <<'PYTHON'
import json, sys
*keys, path = sys.argv[1:]
value = json.load(open(path))
for key in keys:
    value = None if value is None else value.get(key)
print("-" if value is None else value)
PYTHON
}

finish() {
  seconds=$(($(date +%s) - started))
  if [ "$accepted" -eq 1 ]; then
    record "ACCEPTED in $seconds s"
  else
    record "NOT ACCEPTED in $seconds s"
  fi
  printf '\n--- paste from here ---\n'
  cat "$verdict"
  [ "$accepted" -eq 1 ]
  exit
}

record "checkpoint $name, SHA-256 $(sha256sum "$checkpoint" | cut -d ' ' -f 1)"
record "$("$bin/sam2" --version), $("$bin/sam2" doctor --json | "$python" -c '
import json, sys
d = json.load(sys.stdin)
name, count, level = d["processor"], d["processors"], d["kernel_level"]
print(f"{name}, {count} threads, kernels {level}")')"

model=$work/$name.sam2 int8=$work/$name-int8.sam2 calibrated=$work/$name-calibrated.sam2
step convert "$bin/sam2-convert" "$checkpoint" ${config:+--config "$config"} -o "$model" --force \
  --json -q || finish
step verify "$bin/sam2-convert" verify "$model" --run --json -q || finish

# The official code

if "$python" -c 'import sam2, torch' 2>/dev/null; then
  case "$name" in
    sam2.1_hiera_* | sam2_hiera_*)
      sizes=$(printf '%s' "$name" | sed 's/_hiera_/-/; s/base_plus/base+/') ;;
    *) sizes='' ;;
  esac
  if [ -n "$sizes" ] || [ -n "$config" ]; then
    sources=$work/media
    rm -rf "$sources"
    "$bin/sam2" sample -o "$work/scene" --frames "$frames" -q >/dev/null
    mkdir -p "$sources/clip"
    cp "$work/scene/picture.png" "$sources/sample.png"
    cp "$work"/scene/frames/*.jpg "$sources/clip"
    step official "$python" Scripts/parity.py --bin "$bin" --media "$sources" \
      --work "$work/official" --models "${sizes:-sam2.1-tiny}" --checkpoint "$checkpoint" \
      ${config:+--config "$config"} --kinds images clip --images 1 --frames "$frames" || true
    [ ! -s "$work/official.out" ] || sed 's/^/        /' "$work/official.out" | tee -a "$verdict" >&2
  else
    record "--    official: the name does not determine the configuration; give --config"
  fi
else
  record "--    official: $python has no sam2, see Scripts/requirements.txt"
fi

# Int8

# measure TITLE OUTPUT WORDS...
measure() {
  measured=$1 output=$2
  shift 2
  step "$measured" "$bin/sam2-quantize" "$model" -o "$output" --report "$work/report-$measured" \
    --report-frames "$frames" --no-sensitivity --force --json -q "$@" || return 0
  report=$work/report-$measured/report.json
  figures=''
  for part in pictures clips; do
    mean=free_mean_iou
    [ "$part" = clips ] || mean=mean_iou
    iou=$(member $part $mean "$report")
    figures="$figures, $part $iou of $(member $part masks "$report") masks ($(member $part origin "$report"))"
    case "$iou" in
      -) ;;
      *)
        if ! awk "BEGIN { exit !($iou >= $minimum) }"; then
          record "FAIL  $measured: $part at $iou, below $minimum"
          accepted=0
        fi
        ;;
    esac
  done
  record "        mask IoU with float${figures}"
  record "        $(wc -c <"$model" | tr -d ' ') -> $(wc -c <"$output" | tr -d ' ') bytes"
  step "$measured-verify" "$bin/sam2-convert" verify "$output" --run --json -q || true
}

measure int8 "$int8"
if [ -n "$media" ]; then
  set --
  while IFS= read -r path; do
    [ -z "$path" ] || set -- "$@" --calibrate "$path"
  done <<PATHS
$media
PATHS
  measure calibrated "$calibrated" --calibrate-frames "$frames" "$@"
fi
finish
