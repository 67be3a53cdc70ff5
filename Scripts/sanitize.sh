#!/bin/sh
# Runs tests under a sanitizer, or in a debug build: what only a compiler's checks can see.
#
#   Scripts/sanitize.sh thread              many callers on one model, pools, background work, the server
#   Scripts/sanitize.sh address             memory and, in C, undefined behaviour: kernels, runtime,
#                                           pools, readers of files and pictures
#   Scripts/sanitize.sh debug               every test, with the checks that release builds leave out
#   Scripts/sanitize.sh MODE FILTER         the tests whose names match FILTER, a regular expression
#   Scripts/sanitize.sh all                 the three, one after the other
#
# The tests are built apart, in .build-MODE, without optimisation of Swift and with that of C.
set -eu
. "$(dirname "$0")/common.sh"

mode=${1:?"thread, address, debug or all"}
case $mode in
  thread)
    filter='ManyCallers|TwoPredictors|RowChainTests|BackgroundWork|StoragePool|ThreadPool|WorkbenchTests'
    options="--sanitize thread -Xswiftc -DTHREAD_SANITIZER"
    export TSAN_OPTIONS="halt_on_error=0 exitcode=66 ${TSAN_OPTIONS:-}"
    ;;
  address)
    filter='KernelTests|RuntimeTests|StoragePool|ModelFileTests|MediaTests|CheckpointTests|CheckpointsTests'
    options="--sanitize address -Xswiftc -DADDRESS_SANITIZER -Xcc -fsanitize=undefined -Xcc -fno-sanitize-recover=undefined"
    # Leaks are looked for by the tests of allocation.
    export ASAN_OPTIONS="detect_leaks=0 ${ASAN_OPTIONS:-}"
    ;;
  debug)
    filter='.'
    options=
    ;;
  all)
    for mode in thread address debug; do "$0" "$mode"; done
    exit
    ;;
  *)
    note "no such mode: $mode (thread, address, debug or all)"
    exit 64
    ;;
esac
filter=${2:-$filter}
install_missing

# shellcheck disable=SC2086
swift build -c debug --build-tests --scratch-path ".build-$mode" -Xcc -O1 $options
tests=$(find ".build-$mode/debug/" -maxdepth 1 -name '*PackageTests.xctest')
"$tests" --testing-library swift-testing --filter "$filter"
note "$mode: nothing to report"
