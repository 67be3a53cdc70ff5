#!/bin/sh
# Builds the DocC documentation of the SAM2 library from a release build, and fails when a link in it
# or in a documentation comment leads nowhere. Needs `swift build -c release` first.
#
#   Scripts/check_docs.sh [FOLDER]      folder for the archive (default: out/SAM2.doccarchive)
set -eu
. "$(dirname "$0")/common.sh"

out=$(absolute "${1:-$PWD/out/SAM2.doccarchive}")
bin=$(swift build -c release --show-bin-path)
symbols=$(mktemp -d)
trap 'rm -rf "$symbols"' EXIT
maps=""
for map in "$bin"/C*.build/module.modulemap Sources/*/C*/module.modulemap; do
  [ ! -e "$map" ] || maps="$maps -Xcc -fmodule-map-file=$map"
done
target=$(swift -print-target-info | sed -n 's/.*"unversionedTriple": "\(.*\)".*/\1/p' | head -n 1)
# shellcheck disable=SC2086
swift symbolgraph-extract -module-name SAM2 -I "$bin/Modules" -target "$target" -sdk / \
  -minimum-access-level public -skip-synthesized-members -output-dir "$symbols" $maps
mkdir -p "$(dirname "$out")"
docc convert Sources/Family/SAM2/SAM2.docc --additional-symbol-graph-dir "$symbols" --output-dir "$out" \
  --fallback-bundle-identifier SAM2 --fallback-display-name SAM2 --warnings-as-errors
note "$out"
