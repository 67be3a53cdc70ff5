#!/bin/sh
# Runs tests under a sanitizer: what only a compiler's checks can see.
#
#   Scripts/sanitize.sh thread              many callers on one model, pools, background work
#   Scripts/sanitize.sh address             memory and, in C, undefined behaviour: kernels, runtime,
#                                           readers
#   Scripts/sanitize.sh MODE FILTER         the tests whose names match FILTER, a regular expression
#
# The tests are built apart, in .build-MODE, without optimisation of Swift and with that of C.
set -eu
. "$(dirname "$0")/common.sh"

mode=${1:?"thread or address"}
case $mode in
  thread)
    filter='ManyCallers|TwoPredictors|RowChainTests|BackgroundWork|StoragePool|ThreadPool'
    options="-Xswiftc -DTHREAD_SANITIZER"
    export TSAN_OPTIONS="halt_on_error=0 exitcode=66 ${TSAN_OPTIONS:-}"
    ;;
  address)
    filter='KernelTests|RuntimeTests|TorchCheckpointTests|SafetensorsCheckpointTests|HDF5CheckpointTests|ModelFileTests'
    options="-Xcc -fsanitize=undefined -Xcc -fno-sanitize-recover=undefined"
    # Leaks are looked for by the tests of allocation.
    export ASAN_OPTIONS="detect_leaks=0 ${ASAN_OPTIONS:-}"
    ;;
  *)
    say "no such sanitizer: $mode (thread or address)"
    exit 64
    ;;
esac
filter=${2:-$filter}
install_missing

# shellcheck disable=SC2086
swift build -c debug --build-tests --sanitize "$mode" --scratch-path ".build-$mode" -Xcc -O1 \
  $options
tests=$(find ".build-$mode/debug/" -maxdepth 1 -name '*PackageTests.xctest')
"$tests" --testing-library swift-testing --filter "$filter"
say "the $mode sanitizer reported nothing"
