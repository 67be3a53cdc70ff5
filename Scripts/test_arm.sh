#!/bin/sh
# Tests the kernels of ARM on any machine: compiles them for AArch64 with the toolchain's clang and
# replays test vectors under user emulation, once for a processor of each level. The vectors are
# results of the portable level on this machine's own processor, whose other levels are held to
# them first. Integers must be bit-equal, floats within the tolerance in Tests/KernelVectors.
#
#   Scripts/test_arm.sh
set -eu
. "$(dirname "$0")/common.sh"

system=/usr/aarch64-linux-gnu
clang="$(dirname "$(readlink -f "$(command -v swift)")")/clang"
[ -x "$clang" ] || clang=clang
"$clang" --print-targets | grep -q aarch64 || {
  note "$clang cannot compile for AArch64"
  exit 69
}
# shellcheck disable=SC2046
install_packages $(missing_packages libc6-dev-arm64-cross qemu-user)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sources="Sources/Base/CKernels/*/*.c Tests/KernelVectors/*.c"

# compile NAME OPTION...: objects of all sources, in $work/NAME
compile() {
  name=$1
  shift
  mkdir "$work/$name"
  for source in $sources; do
    "$clang" -std=gnu17 -O2 -Wall -Wextra -Werror "$@" -ISources/Base/CKernels/include \
      -c "$source" -o "$work/$name/$(basename "$source" .c).o"
  done
}

note "compiling for this machine"
compile here
"$clang" "$work"/here/*.o -lm -lpthread -o "$work/vectors"
"$work/vectors" write "$work/file"
"$work/vectors" check "$work/file"

note "compiling for AArch64"
compile arm --target=aarch64-linux-gnu -isystem "$system/include" -mno-outline-atomics
"$clang" --target=aarch64-linux-gnu -nostdlib -fuse-ld=lld -L "$system/lib" \
  -Wl,-dynamic-linker,/lib/ld-linux-aarch64.so.1 "$system/lib/crt1.o" "$system/lib/crti.o" \
  "$work"/arm/*.o -lm -lc "$system/lib/crtn.o" -o "$work/vectors-arm"

# NEON alone, with dot products, with everything.
for processor in cortex-a72 neoverse-n1 max; do
  note "replaying on $processor"
  status=0
  qemu-aarch64 -L "$system" -cpu "$processor" "$work/vectors-arm" check "$work/file" \
    >"$work/$processor" || status=$?
  cat "$work/$processor"
  [ "$status" -eq 0 ] || exit "$status"
done
for level in neon dotprod i8mm; do
  grep -q "^$level .*passed" "$work/max" || {
    note "$level did not run"
    exit 1
  }
done
