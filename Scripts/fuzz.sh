#!/bin/sh
# Builds the fuzz targets of Tests/FuzzTests with libFuzzer and the address sanitiser, and runs them.
#
#   Scripts/fuzz.sh build                      builds only
#   Scripts/fuzz.sh run TARGET [SECONDS]       zip, pickle, safetensors, model or hdf5; 600 seconds
#   Scripts/fuzz.sh minimize TARGET            keeps of what was found the least that reaches as much
#
# Runs start from Corpus/TARGET. What they find lies in out/fuzz/TARGET, and inputs that fail in
# out/fuzz/TARGET-*. Such an input goes, with its fix, into the fixtures of the room's tests and into
# Corpus/TARGET, which Scripts/test.sh replays. The rooms are built apart, in .build-fuzz.
set -eu
. "$(dirname "$0")/common.sh"

build=.build-fuzz
program=$build/fuzz
tests=Tests/FuzzTests
rooms="TorchCheckpoint SafetensorsCheckpoint HDF5Checkpoint ModelFile TestSupport"
# Modules those are made of, whose objects are linked.
modules="CKernels CSystem Bytes JSON Tensors Graph $rooms"

build_program() {
  for room in $rooms; do
    swift build -c release --scratch-path "$build" --sanitize address \
      -Xswiftc -sanitize=fuzzer -Xswiftc -enable-testing --target "$room" >&2
  done
  products=$build/release
  objects=""
  for module in $modules Crypto CryptoBoringWrapper CCryptoBoringSSL CCryptoBoringSSLShims \
    CXKCP CXKCPShims; do
    [ -d "$products/$module.build" ] || continue
    objects="$objects $(find "$products/$module.build/" -name '*.o')"
  done
  # shellcheck disable=SC2046,SC2086
  swiftc -O -swift-version 6 -parse-as-library -module-name FuzzTests -o "$program" \
    -sanitize=fuzzer,address -I "$products/Modules" \
    -Xcc -fmodule-map-file="$products/CKernels.build/module.modulemap" \
    -Xcc -fmodule-map-file="$products/CSystem.build/module.modulemap" \
    -Xcc -fmodule-map-file=Sources/Base/CZlib/module.modulemap \
    -Xcc -fmodule-map-file=Sources/Checkpoints/CHDF5/module.modulemap \
    $(pkg-config --cflags-only-I hdf5 | sed 's/-I/-Xcc -I/g') $(pkg-config --libs-only-L hdf5) \
    "$tests"/Fuzz*.swift "$tests"/LibFuzzer/*.swift $objects -lz -lhdf5
}

# A trap must reach libFuzzer at once; leaks are none of Swift's faults; less memory is set apart.
prepare() {
  export FUZZ_TARGET="$1" SWIFT_BACKTRACE=enable=no
  export ASAN_OPTIONS=detect_leaks=0:quarantine_size_mb=8:max_allocation_size_mb=300
  mkdir -p "out/fuzz/$1"
  build_program
}

run_target() {
  prepare "$1"
  "$program" "out/fuzz/$1" "$tests/Corpus/$1" -dict="$tests/Dictionaries/$1.dict" \
    -max_total_time="${2:-600}" -timeout=5 -rss_limit_mb=512 -malloc_limit_mb=256 \
    -max_len=16384 -print_final_stats=1 -artifact_prefix="out/fuzz/$1-"
}

minimize_target() {
  prepare "$1"
  rm -rf "out/fuzz/$1-least"
  mkdir -p "out/fuzz/$1-least"
  "$program" -set_cover_merge=1 -use_counters=0 -max_len=4096 "out/fuzz/$1-least" \
    "$tests/Corpus/$1" "out/fuzz/$1"
  du -sh "out/fuzz/$1-least" >&2
}

case "${1:-}" in
  build) build_program ;;
  run) run_target "$2" "${3:-600}" ;;
  minimize) minimize_target "$2" ;;
  *)
    sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2
    exit 64
    ;;
esac
