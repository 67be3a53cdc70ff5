#!/bin/sh
# From a fresh checkout to masks: installs missing packages, builds, converts and quantises the small
# trained model, segments a picture and tracks a clip of the sample scene, and prints sizes, accuracy
# and times.
#
#   Scripts/demo.sh [FOLDER]      folder for results (default: out/demo)
set -eu
. "$(dirname "$0")/common.sh"

out=$(absolute "${1:-$PWD/out/demo}")
checkpoint=Tests/Fixtures/nano/nano.pt

install_missing
note "building (a few minutes the first time)"
for product in sam2-convert sam2-quantize sam2; do
  swift build -c release --product "$product" >&2
done
bin=$(swift build -c release --show-bin-path)

mkdir -p "$out"
"$bin/sam2-convert" "$checkpoint" -o "$out/nano.sam2" --force
"$bin/sam2-quantize" "$out/nano.sam2" -o "$out/nano-int8.sam2" --force
"$bin/sam2" sample -o "$out/scene"

for model in nano nano-int8; do
  "$bin/sam2" segment "$out/scene/picture.png" --prompts "$out/scene/prompts.json" \
    --model "$out/$model.sam2" -o "$out/picture-$model" --format davis --overlay --json \
    >"$out/picture-$model.json"
  "$bin/sam2" track "$out/scene/frames" --script "$out/scene/script.json" \
    --model "$out/$model.sam2" -o "$out/clip-$model" --overlay "$out/clip-$model.mp4" --json \
    >"$out/clip-$model.json"
done

# Words in place of clicks: a small detector that knows coloured shapes finds them, and nothing else.
"$bin/sam2-convert" Tests/Fixtures/shapes -o "$out/shapes.sam2" --force
"$bin/sam2-quantize" "$out/shapes.sam2" -o "$out/shapes-int8.sam2" --force
for model in nano nano-int8; do
  detector="$out/shapes${model#nano}.sam2"
  set -- --text "teal hexagon" "orange blob" "purple ellipse" "red star" --threshold 0.3 \
    --detector "$detector" --model "$out/$model.sam2" --quiet --json
  "$bin/sam2" segment "$out/scene/picture.png" "$@" -o "$out/words-$model" --format png \
    --overlay >"$out/words-$model.json"
  "$bin/sam2" track "$out/scene/frames" "$@" -o "$out/words-clip-$model" \
    --overlay "$out/words-clip-$model.mp4" >"$out/words-clip-$model.json"
done

# The last line that `sam2 score` prints: the mean over objects and frames.
iou() { "$bin/sam2" score "$1" "$2" | sed -n 's/^mean IoU \([0-9.]*\).*/\1/p'; }
bytes() { wc -c <"$1" | tr -d ' '; }
# Milliseconds a call of each graph, from the JSON of `sam2 track`.
stages() {
  awk '/"graph_milliseconds"/ { on = 1; next }
    on && /": {/ { gsub(/[ ":{]/, ""); name = $0 }
    on && /"calls"/ { gsub(/[^0-9]/, ""); calls = $0 }
    on && /"total"/ { gsub(/[^0-9.]/, ""); printf "%s %.2f %d\n", name, $0 / calls, calls }' "$1"
}

echo
echo "bytes"
printf '  %-34s %12s\n' "checkpoint ($checkpoint)" "$(bytes $checkpoint)"
printf '  %-34s %12s\n' "model file, fp32" "$(bytes "$out/nano.sam2")"
printf '  %-34s %12s\n' "model file, int8" "$(bytes "$out/nano-int8.sam2")"

echo
printf '%-36s %10s %10s\n' "mean IoU" fp32 int8
printf '  %-34s %10s %10s\n' "picture against the truth" \
  "$(iou "$out/picture-nano/picture.png" "$out/scene/picture_truth.png")" \
  "$(iou "$out/picture-nano-int8/picture.png" "$out/scene/picture_truth.png")"
printf '  %-34s %10s %10s\n' "clip against the truth" \
  "$(iou "$out/clip-nano" "$out/scene/truth")" "$(iou "$out/clip-nano-int8" "$out/scene/truth")"
printf '  %-34s %10s %10s\n' "picture, int8 against fp32" "" \
  "$(iou "$out/picture-nano-int8/picture.png" "$out/picture-nano/picture.png")"
printf '  %-34s %10s %10s\n' "clip, int8 against fp32" "" \
  "$(iou "$out/clip-nano-int8" "$out/clip-nano")"

# Words and the scores of what they found, from the JSON of `sam2 segment` or `sam2 track`.
found() {
  awk -F'"' '/"label"/ { label = $4 }
    /"score"/ { gsub(/[^0-9.]/, "", $3); if (label) printf "%s %.2f\n", label, $3; label = "" }' "$1"
}

echo
echo "found by --text \"teal hexagon\" \"orange blob\" \"purple ellipse\" \"red star\""
for model in nano nano-int8; do
  found "$out/words-$model.json" | sed "s/^/  picture, $model: /"
  found "$out/words-clip-$model.json" | sed "s/^/  clip, $model: /"
done

echo
printf '%-36s %10s %10s\n' "milliseconds a call (clip)" fp32 int8
stages "$out/clip-nano.json" >"$out/stages-fp32.txt"
stages "$out/clip-nano-int8.json" >"$out/stages-int8.txt"
while read -r name milliseconds calls; do
  int8=$(awk -v name="$name" '$1 == name { print $2 }' "$out/stages-int8.txt")
  printf '  %-34s %10s %10s\n' "$name ($calls calls)" "$milliseconds" "$int8"
done <"$out/stages-fp32.txt"

echo
echo "overlays"
echo "  $out/picture-nano/picture_overlay.png       $out/clip-nano.mp4"
echo "  $out/picture-nano-int8/picture_overlay.png  $out/clip-nano-int8.mp4"
echo "  $out/words-nano/picture_overlay.png         $out/words-clip-nano.mp4"
echo "  $out/words-nano-int8/picture_overlay.png    $out/words-clip-nano-int8.mp4"
