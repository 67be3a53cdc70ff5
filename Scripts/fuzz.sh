#!/bin/sh
# Builds the fuzz targets of Tests/FuzzTests with libFuzzer and the address sanitiser, and runs them;
# C also with the sanitiser of undefined behaviour.
#
#   Scripts/fuzz.sh build                      builds only
#   Scripts/fuzz.sh run TARGET [SECONDS]       zip, pickle, safetensors, numpy, ggml, model, hdf5,
#                                              runtime, passes or state; 600 seconds
#   Scripts/fuzz.sh minimize TARGET            reduces the finds to the smallest set with equal coverage
#   Scripts/fuzz.sh random ROOM [COUNT] [SEED] compares COUNT random graphs (10000) from SEED (1) on
#                                              with the reference; ROOM is runtime or passes
#
# Inputs of runtime and passes are the choices of a generator of graphs that verify
# (Tests/TestSupport/RandomGraphs), as are the seeds of random. Runs start from Corpus/TARGET. Their
# finds are kept in out/fuzz/TARGET, and inputs that fail in out/fuzz/TARGET-*. Such an input is
# added, with its fix, to the fixtures of the room's tests and to Corpus/TARGET, which Scripts/test.sh
# replays. The rooms are built separately, in .build-fuzz.
set -eu
. "$(dirname "$0")/common.sh"

build=.build-fuzz
program=$build/fuzz
tests=Tests/FuzzTests
runs=$build/random-runs
rooms="TorchCheckpoint SafetensorsCheckpoint NumPyCheckpoint GGMLCheckpoint HDF5Checkpoint SAM2 \
  Differential"
# Modules that those consist of, whose objects are linked.
graphs="CKernels CLinux Bytes JSON Tensors Graph Passes Quantizer Reference Runtime TestSupport \
  Differential"
modules="$graphs Zip TorchCheckpoint SafetensorsCheckpoint NumPyCheckpoint GGMLCheckpoint \
  HDF5Checkpoint ModelFile CImageCodecs Media \
  SAM2Config ModelInterface SAM2 Crypto CryptoBoringWrapper CCryptoBoringSSL \
  CCryptoBoringSSLShims CXKCP CXKCPShims"

# build_rooms ROOM...: their objects for libFuzzer, sanitised.
build_rooms() {
  for room in "$@"; do
    swift build -c release --scratch-path "$build" --sanitize address \
      -Xswiftc -sanitize=fuzzer -Xswiftc -enable-testing \
      -Xcc -fsanitize=undefined -Xcc -fno-sanitize-recover=undefined --target "$room" >&2
  done
}

# objects_of MODULE: its objects, without those of files that are there no more.
objects_of() {
  folder=$build/release/$1.build
  [ -d "$folder" ] || return 0
  room=$(echo Sources/*/"$1")
  [ -d "$room" ] || room=Tests/$1
  find "$folder/" -name '*.o' | while read -r object; do
    # Packages have no folder here, and change with their names.
    if [ ! -d "$room" ] || [ -n "$(find "$room" -name "$(basename "$object" .o)")" ]; then
      echo "$object"
    fi
  done
}

# link PROGRAM MODULES OPTION...: a program of sources, and of objects that have been built.
link() {
  output=$1
  linked=$2
  shift 2
  products=$build/release
  objects=""
  for module in $linked; do objects="$objects $(objects_of "$module")"; done
  # shellcheck disable=SC2046,SC2086
  swiftc -O -swift-version 6 -package-name main -o "$output" -I "$products/Modules" \
    -Xcc -fmodule-map-file="$products/CKernels.build/module.modulemap" \
    -Xcc -fmodule-map-file="$products/CLinux.build/module.modulemap" \
    -Xcc -fmodule-map-file="$products/CImageCodecs.build/module.modulemap" \
    -Xcc -fmodule-map-file=Sources/Base/CZlib/module.modulemap \
    -Xcc -fmodule-map-file=Sources/Checkpoints/CHDF5/module.modulemap \
    $(pkg-config --cflags-only-I hdf5 | sed 's/-I/-Xcc -I/g') $(pkg-config --libs-only-L hdf5) \
    "$@" $objects
}

build_program() {
  # shellcheck disable=SC2086
  build_rooms $rooms
  link "$program" "$modules" -parse-as-library -module-name FuzzTests -sanitize=fuzzer,address \
    "$tests"/Fuzz*.swift "$tests"/LibFuzzer/*.swift -lz -lhdf5 -ljpeg -lpng
}

# A trap must reach libFuzzer at once; leaks are not Swift's faults; less memory is reserved.
prepare() {
  export FUZZ_TARGET="$1" SWIFT_BACKTRACE=enable=no
  export ASAN_OPTIONS=detect_leaks=0:quarantine_size_mb=8:max_allocation_size_mb=300
  mkdir -p "out/fuzz/$1"
  build_program
}

run_target() {
  target=$1
  seconds=$2
  prepare "$target"
  set --
  words=$tests/Dictionaries/$target.dict
  [ ! -f "$words" ] || set -- -dict="$words"
  # Over an hour libFuzzer itself holds 400 MB of what it knows of the graphs.
  case $target in runtime | passes) memory=2048 ;; *) memory=512 ;; esac
  "$program" "out/fuzz/$target" "$tests/Corpus/$target" "$@" \
    -max_total_time="$seconds" -timeout=20 -rss_limit_mb="$memory" -malloc_limit_mb=256 \
    -max_len=16384 -print_final_stats=1 -artifact_prefix="out/fuzz/$target-"
}

# A graph that ends the process leaves its seed in out/fuzz/seed.
run_random() {
  export SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=detect_leaks=0 SEED_FILE=out/fuzz/seed
  mkdir -p out/fuzz
  build_rooms Differential
  link "$runs" "$graphs" -module-name RandomRuns -sanitize=address "$tests"/RandomRuns/*.swift
  "$runs" "$@" || {
    status=$?
    echo "ended with $status at seed $(cat "$SEED_FILE")" >&2
    exit "$status"
  }
}

minimize_target() {
  prepare "$1"
  rm -rf "out/fuzz/$1-minimum"
  mkdir -p "out/fuzz/$1-minimum"
  "$program" -set_cover_merge=1 -use_counters=0 -max_len=4096 "out/fuzz/$1-minimum" \
    "$tests/Corpus/$1" "out/fuzz/$1"
  du -sh "out/fuzz/$1-minimum" >&2
}

case "${1:-}" in
  build) build_program ;;
  run) run_target "$2" "${3:-600}" ;;
  minimize) minimize_target "$2" ;;
  random) run_random "$2" "${3:-10000}" "${4:-1}" ;;
  *)
    sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2
    exit 64
    ;;
esac
