#!/bin/sh
# Installs a package of Scripts/package.sh into bare Debian systems and runs it there: commands,
# manuals, completions, the C library from C and Python, and the archive beside them.
#
#   Scripts/check_package.sh FOLDER SUITE...    FOLDER: that of package.sh; suites: bookworm trixie
#
# Needs root, for chroot, and debootstrap. Systems are kept in FOLDER/roots for the next time.
# MIRROR names another mirror than deb.debian.org.
set -eu
. "$(dirname "$0")/common.sh"

[ $# -ge 2 ] && [ "$(id -u)" -eq 0 ] || {
  note "usage, as root: Scripts/check_package.sh FOLDER SUITE..."
  exit 64
}
folder=$(cd "$(absolute "$1")" && pwd)
shift
mirror=${MIRROR:-http://deb.debian.org/debian}
# shellcheck disable=SC2046
install_packages $(missing_packages debootstrap)

# The commands of Scripts/demo.sh, and what else an installation promises; in the bare system.
inside() {
  cat <<'EOF'
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
apt-get update -qq
apt-get install -y -qq -o Dpkg::Use-Pty=0 --no-install-recommends /packages/*.deb >/dev/null
echo "installed: $(dpkg-query -W -f '${Version}, ${Installed-Size} kB' sam2); depends on"
dpkg-query -W -f '  ${Depends}\n' sam2
cd /work

sam2 --version
sam2-convert nano.pt --config nano.yaml -o nano.sam2
sam2-quantize nano.sam2 -o nano-int8.sam2 --quiet
sam2-convert verify nano-int8.sam2 --run
sam2-convert export nano.sam2 -o nano.h5
sam2-convert nano.h5 --config nano.yaml -o again.sam2
sam2 sample -o scene
sam2 segment scene/picture.png --prompts scene/prompts.json -o masks --format davis --overlay
sam2 track scene/frames --script scene/script.json -o tracks
sam2 auto scene/picture.png -o everything --points-per-side 8
sam2 score tracks scene/truth | tail -1
sam2 doctor >/dev/null

# A picture from start to exit: the median of eleven.
for round in 1 2 3 4 5 6 7 8 9 10 11; do
  before=$(date +%s%N)
  sam2 segment scene/picture.png --point 152,200 -o timed --quiet
  echo $((($(date +%s%N) - before) / 1000))
done | sort -n | sed -n '6s/$/ microseconds from start to exit, one picture/p'
for round in 1 2 3 4 5 6 7 8 9 10 11; do
  before=$(date +%s%N)
  sam2 --version >/dev/null
  echo $((($(date +%s%N) - before) / 1000))
done | sort -n | sed -n '6s/$/ microseconds from start to exit, --version/p'

test -f /usr/share/bash-completion/completions/sam2
test -f /usr/share/zsh/vendor-completions/_sam2-convert
# Minimal systems leave out manuals on installing, not from the package.
dpkg-deb -c /packages/*.deb | grep usr/share/man/man1/sam2-segment.1.gz >/dev/null

echo "from C, C++ and Python"
apt-get install -y -qq -o Dpkg::Use-Pty=0 --no-install-recommends g++ pkg-config python3 >/dev/null
examples=/usr/share/doc/sam2/examples
# shellcheck disable=SC2046
cc -std=c11 $examples/segment.c $(pkg-config --cflags --libs sam2) -o segment
./segment /usr/share/sam2/nano-int8.sam2 scene/picture.png 152 200 mine
# shellcheck disable=SC2046
c++ -std=c++17 $examples/track.cpp $(pkg-config --cflags --libs sam2) -o track
mkdir -p tracked
./track /usr/share/sam2/nano-int8.sam2 scene/frames tracked 1,96,84
ls tracked | wc -l
cp $examples/*.py .
python3 example.py segment /usr/share/sam2/nano-int8.sam2 scene/picture.png 208,180,379,349 py.pgm

echo "the archive, without the package"
apt-get remove -y -qq -o Dpkg::Use-Pty=0 sam2 >/dev/null
test ! -e /usr/bin/sam2
mkdir -p moved && tar -xzf /packages/*.tar.gz -C moved --strip-components=1
moved/bin/sam2 segment scene/picture.png --point 152,200 -o archived
# shellcheck disable=SC2046
cc -std=c11 moved/share/doc/sam2/examples/segment.c \
  $(PKG_CONFIG_PATH=$PWD/moved/lib/pkgconfig pkg-config --cflags --libs sam2) \
  -Wl,-rpath,"$PWD/moved/lib" -o segment-archived
./segment-archived moved/share/sam2/nano-int8.sam2 scene/picture.png 152 200 archived
cmp mine.pgm archived.pgm
EOF
}

for suite in "$@"; do
  system="$folder/roots/$suite"
  note "== $suite"
  [ -d "$system/usr" ] || debootstrap --variant=minbase "$suite" "$system" "$mirror" >&2
  rm -rf "$system/packages" "$system/work"
  mkdir -p "$system/packages" "$system/work"
  cp "$folder"/*.deb "$folder"/*.tar.gz "$system/packages/"
  cp Tests/Fixtures/nano/nano.pt Tests/Fixtures/nano/nano.yaml "$system/work/"
  mountpoint -q "$system/proc" || mount -t proc proc "$system/proc"
  inside | chroot "$system" sh || {
    umount "$system/proc"
    note "$suite: failed"
    exit 1
  }
  umount "$system/proc"
  note "$suite: everything ran"
done
