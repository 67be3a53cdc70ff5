#!/bin/sh
# Tracks a clip of 10,000 frames (the sample scene's, repeated) with the bundled model, and shows
# that memory does not grow: resident memory after 1,000 and after 10,000 frames, and whether the
# masks of the first frames are those of a run that keeps everything. Takes long: see FRAMES.
#
#   Scripts/long_clip.sh [FOLDER]     where results go (default: out/long-clip)
#   BIN=FOLDER      built commands (default: builds them)
#   FRAMES=10000    how many frames; memory is first read at a tenth of them
#   MODEL=FILE      another model than the bundled one
#   TRACKER=NAME    another tracker than SAM 2's own
#
# Exits with 1 when memory differs by more than 5 % or a mask differs.
set -eu
. "$(dirname "$0")/common.sh"

out=$(absolute "${1:-$PWD/out/long-clip}")
frames=${FRAMES:-10000}
kept=200
if [ -z "${BIN:-}" ]; then
  install_missing
  swift build -c release --product sam2 >&2
  BIN=$(swift build -c release --show-bin-path)
fi
sam2="$(absolute "$BIN")/sam2"
model="${MODEL:+--model $(absolute "$MODEL")} ${TRACKER:+--tracker $TRACKER}"

rm -rf "$out"
mkdir -p "$out"
"$sam2" sample -o "$out/scene" -q
# The same frames over and over; what is lost by encoding them is lost to both runs.
ffmpeg -loglevel error -framerate 24 -loop 1 -i "$out/scene/frames/%05d.jpg" -frames:v "$frames" \
  -c:v mpeg4 -q:v 3 "$out/clip.mp4"

# Median of the resident kilobytes of process $1 from mask number $2 to mask number $3, or to its
# end: single readings swing with the frames that are read and written beside the tracking.
resident_between() {
  first=$(printf '%s/masks/%05d.png' "$out" "$2")
  last=$(printf '%s/masks/%05d.png' "$out" "$3")
  while [ ! -e "$first" ] && kill -0 "$1" 2>/dev/null; do sleep 0.1; done
  while [ ! -e "$last" ] && kill -0 "$1" 2>/dev/null; do
    sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$1/status" 2>/dev/null || true
    sleep 0.02
  done | sort -n | awk '{ value[NR] = $1 } END { print value[int((NR + 1) / 2)] }'
}

# shellcheck disable=SC2086
"$sam2" track "$out/clip.mp4" --script "$out/scene/script.json" $model -o "$out/masks" -q &
process=$!
early=$(resident_between $process $((frames / 10 - frames / 50)) $((frames / 10 - 1)))
late=$(resident_between $process $((frames - frames / 50)) $((frames - 1)))
wait $process

# An action after the propagation may look back, so that nothing is dropped.
sed -e "s/\"max_frames\": null/\"max_frames\": $((kept - 1))/" \
  -e 's/"reverse": false}/&, {"do": "reset"}/' "$out/scene/script.json" >"$out/unbounded.json"
# shellcheck disable=SC2086
"$sam2" track "$out/clip.mp4" --script "$out/unbounded.json" $model -o "$out/unbounded" -q
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
