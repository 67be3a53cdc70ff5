#!/bin/sh
# Remakes the model and the detector inside the sam2 binary from the trained checkpoints. Run it after
# a change of a checkpoint, the importers, the passes, the quantiser or the file format; a test fails
# until then.
set -eu
cd "$(dirname "$0")/.."

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

swift build -c release --product sam2-convert
swift build -c release --product sam2-quantize
bin=$(swift build -c release --show-bin-path)
"$bin/sam2-convert" Tests/Fixtures/nano/nano.pt --config Tests/Fixtures/nano/nano.yaml \
  -o "$folder/nano.sam2" --quiet
"$bin/sam2-quantize" "$folder/nano.sam2" -o Sources/Commands/CBundledModel/nano-int8.sam2 --force --quiet
"$bin/sam2-convert" Tests/Fixtures/shapes -o "$folder/shapes.sam2" --quiet
"$bin/sam2-quantize" "$folder/shapes.sam2" -o Sources/Commands/CBundledModel/shapes-int8.sam2 \
  --force --quiet
ls -l Sources/Commands/CBundledModel/*.sam2
