#!/bin/sh
# Tracks a clip of 10,000 frames (the sample scene's, repeated) with the bundled model, and shows
# that memory does not grow: resident memory after 1,000 and after 10,000 frames, and whether the
# masks of the first frames are those of a run that keeps everything. Takes long: see FRAMES.
#
#   Scripts/long_clip.sh [FOLDER]     where results go (default: out/long-clip)
#   BIN=FOLDER      built commands (default: builds them)
#   FRAMES=10000    how many frames; memory is first read at a tenth of them
#   MODEL=FILE      another model than the bundled one
#
# Exits with 1 when memory differs by more than 5 % or a mask differs.
set -eu
. "$(dirname "$0")/common.sh"

out=${1:-out/long-clip}
frames=${FRAMES:-10000}
kept=200
if [ -z "${BIN:-}" ]; then
  install_missing
  swift build -c release --product sam2 >&2
  BIN=$(swift build -c release --show-bin-path)
fi
sam2="$BIN/sam2"
model=${MODEL:+--model $MODEL}

rm -rf "$out"
mkdir -p "$out"
"$sam2" sample -o "$out/scene" -q
clip=$(cd "$out/scene/frames" && pwd)
set -- "$clip"/*.jpg
count=$#
# Numbered links to the clip's frames: $1 folder, $2 how many.
repeat() {
  mkdir -p "$1"
  awk -v n="$2" -v count="$count" -v from="$clip" -v to="$1" 'BEGIN {
    for (i = 0; i < n; i++) printf "ln -s %s/%05d.jpg %s/%05d.jpg\n", from, i % count, to, i
  }' | sh
}

# Resident kilobytes of process $1 when mask number $2 is there.
resident_at() {
  file=$(printf '%s/masks/%05d.png' "$out" "$2")
  while [ ! -e "$file" ] && kill -0 "$1" 2>/dev/null; do sleep 0.2; done
  sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$1/status"
}

repeat "$out/frames" "$frames"
repeat "$out/first" "$kept"
# shellcheck disable=SC2086
"$sam2" track "$out/frames" --script "$out/scene/script.json" $model -o "$out/masks" -q &
process=$!
early=$(resident_at $process $((frames / 10 - 1)))
late=$(resident_at $process $((frames - 2)))
wait $process

# An action after the propagation may look back, so that nothing is dropped.
sed 's/"reverse": false}/&, {"do": "reset"}/' "$out/scene/script.json" >"$out/unbounded.json"
# shellcheck disable=SC2086
"$sam2" track "$out/first" --script "$out/unbounded.json" $model -o "$out/unbounded" -q
equal=0
for mask in "$out"/unbounded/*.png; do
  if cmp -s "$mask" "$out/masks/$(basename "$mask")"; then equal=$((equal + 1)); fi
done

echo "frames tracked                         $(ls "$out/masks" | wc -l)"
echo "resident after $((frames / 10)) frames   $early kB"
echo "resident after $frames frames   $late kB"
awk -v a="$early" -v b="$late" 'BEGIN { printf "growth   %.2f %%\n", (b / a - 1) * 100 }'
echo "first masks equal to an unbounded run  $equal of $kept"
[ "$equal" -eq "$kept" ] &&
  awk -v a="$early" -v b="$late" 'BEGIN { exit !(b <= a * 1.05 && b >= a * 0.95) }'
