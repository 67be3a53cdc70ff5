#!/bin/sh
# Measures the cost of int8 on sample scenes of several seeds: IoU with the truth, and of int8 with
# fp32. Takes a minute or two; needs the results of Scripts/demo.sh.
#
#   Scripts/accuracy.sh [FIRST_SEED [LAST_SEED]]      default: 1 14
set -eu
. "$(dirname "$0")/common.sh"

bin=$(swift build -c release --show-bin-path)
models=out/demo
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

iou() { "$bin/sam2" score "$1" "$2" | sed -n 's/^mean IoU \([0-9.]*\).*/\1/p'; }

printf 'seed  picture: fp32  int8  int8/fp32   clip: fp32  int8  int8/fp32\n'
for seed in $(seq "${1:-1}" "${2:-14}"); do
  scene=$folder/$seed
  "$bin/sam2" sample -o "$scene" --seed "$seed" -q
  for model in nano nano-int8; do
    "$bin/sam2" segment "$scene/picture.png" --prompts "$scene/prompts.json" --format davis \
      --model "$models/$model.sam2" -o "$scene/picture-$model" -q >/dev/null
    "$bin/sam2" track "$scene/frames" --script "$scene/script.json" \
      --model "$models/$model.sam2" -o "$scene/clip-$model" -q >/dev/null
  done
  echo "$seed" \
    "$(iou "$scene/picture-nano/picture.png" "$scene/picture_truth.png")" \
    "$(iou "$scene/picture-nano-int8/picture.png" "$scene/picture_truth.png")" \
    "$(iou "$scene/picture-nano-int8/picture.png" "$scene/picture-nano/picture.png")" \
    "$(iou "$scene/clip-nano" "$scene/truth")" \
    "$(iou "$scene/clip-nano-int8" "$scene/truth")" \
    "$(iou "$scene/clip-nano-int8" "$scene/clip-nano")"
  rm -rf "$scene"
done | awk '
  { printf "%4d         %.4f %.4f     %.4f       %.4f %.4f     %.4f\n", $1, $2, $3, $4, $5, $6, $7
    for (i = 2; i <= 7; i++) sum[i] += $i }
  END { printf "mean         %.4f %.4f     %.4f       %.4f %.4f     %.4f\n",
    sum[2]/NR, sum[3]/NR, sum[4]/NR, sum[5]/NR, sum[6]/NR, sum[7]/NR }'
