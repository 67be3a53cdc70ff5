#!/bin/sh
# Remakes the model inside the sam2 binary from the trained checkpoint. Run it after a change of the
# checkpoint, the importer, the passes, the quantiser or the file format; a test fails until then.
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
ls -l Sources/Commands/CBundledModel/nano-int8.sam2
