#!/bin/sh
# Installs what is missing, builds everything and runs every test. Release mode, since that is what
# ships; imports between rooms that Package.swift does not declare fail the build.
#
#   Scripts/test.sh [FILTER]      FILTER: as in `swift test --filter`
set -eu
. "$(dirname "$0")/common.sh"

install_missing
if [ "${CI:-}" = "true" ]; then
  export SAM2_WARNINGS_AS_ERRORS=1
fi
# Tests reach internals of some rooms: release builds allow that only with -enable-testing.
flags="-c release --explicit-target-dependency-import-check error -Xswiftc -enable-testing"

note "checking the format"
swift format lint --strict --recursive --parallel Package.swift Sources Tests

note "building"
# shellcheck disable=SC2086
swift build $flags --build-tests

# `swift test` would compile everything once more.
note "testing"
# shellcheck disable=SC2086
if [ $# -gt 0 ]; then
  swift test $flags --skip-build --filter "$1"
else
  swift test $flags --skip-build
fi
