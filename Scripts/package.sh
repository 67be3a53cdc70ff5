#!/bin/sh
# Makes a Debian package and a relocatable archive of the same files: the three commands, the C
# library with its header, man pages, completions, licences and the small trained model.
#
#   Scripts/package.sh FOLDER    FOLDER/sam2_VERSION_ARCH.deb, FOLDER/sam2-VERSION-linux-ARCH.tar.gz
#
# Swift's runtime is linked statically, and so is libhdf5, whose SONAME differs between releases of
# Debian. Other C libraries are ordinary dependencies. Build on the oldest release that the packages
# are for; they run there and on newer ones. Equal sources and tools give equal bytes.
# Scripts/check_package.sh tries them in bare systems.
#
# The build is apart, in .build-package, and compiles everything the first time.
set -eu
. "$(dirname "$0")/common.sh"

[ $# -eq 1 ] || {
  note "usage: Scripts/package.sh FOLDER"
  exit 64
}
set -- "$(absolute "$1")"
install_missing
# shellcheck disable=SC2046
install_packages $(missing_packages dpkg-dev libaec-dev)

scratch=.build-package
version=$(sed -n 's/.*static let version = "\(.*\)"/\1/p' Sources/Jobs/JobSupport/Product.swift)
architecture=$(dpkg --print-architecture)
multiarch=$(dpkg-architecture -qDEB_HOST_MULTIARCH)
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || echo 946684800)
export SOURCE_DATE_EPOCH
interface=1

# --- Build -----------------------------------------------------------------------------------------

# A hdf5.pc that names the static library.
static="$PWD/$scratch/static"
mkdir -p "$static"
system=$(dirname "$(pkg-config --variable=pcfiledir hdf5)/hdf5.pc")
ln -sf "$(pkg-config --libs-only-L hdf5 | sed 's/-L//; s/ .*//')/libhdf5.a" "$static/libhdf5.a"
for library in sz aec; do ln -sf "/usr/lib/$multiarch/lib$library.a" "$static/lib$library.a"; done
cat >"$static/hdf5.pc" <<EOF
Name: hdf5
Description: HDF5, statically
Version: $(PKG_CONFIG_PATH=$system pkg-config --modversion hdf5)
Libs: -L$static -lhdf5 -lsz -laec -lz -ldl -lm
Cflags: $(pkg-config --cflags hdf5)
EOF

# SwiftPM links the runtime into programs by its own option, into libraries by the compiler's.
build() {
  PKG_CONFIG_PATH=$static swift build -c release --scratch-path "$scratch" \
    --static-swift-stdlib -Xswiftc -static-stdlib "$@"
}
for product in sam2 sam2-convert sam2-quantize sam2-c; do
  note "building $product"
  build --product "$product" >&2
done
products=$(build --show-bin-path)

# --- Files -----------------------------------------------------------------------------------------

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
root="$stage/root"
library="$root/usr/lib/$multiarch"
documents="$root/usr/share/doc/sam2"
mkdir -p "$root/usr/bin" "$library/pkgconfig" "$root/usr/include" "$root/usr/share/sam2" \
  "$documents/licences"

for command in sam2 sam2-convert sam2-quantize; do
  strip -o "$root/usr/bin/$command" "$products/$command"
done
strip --strip-unneeded -o "$library/libsam2.so.$interface" "$products/libsam2-c.so"
ln -s "libsam2.so.$interface" "$library/libsam2.so"
cp Sources/Interfaces/CSAM2/include/sam2.h "$root/usr/include/"
cp Sources/Commands/CBundledModel/nano-int8.sam2 "$root/usr/share/sam2/"

Scripts/make_manuals.sh "$stage/manuals" "$scratch" >&2
mkdir -p "$root/usr/share/man" "$root/usr/share/bash-completion/completions" \
  "$root/usr/share/zsh/vendor-completions" "$root/usr/share/fish/vendor_completions.d"
cp -R "$stage/manuals/man/man1" "$root/usr/share/man/"
find "$root/usr/share/man" -name '*.1' -exec gzip -9n {} +
cp "$stage"/manuals/completions/bash/* "$root/usr/share/bash-completion/completions/"
cp "$stage"/manuals/completions/zsh/* "$root/usr/share/zsh/vendor-completions/"
cp "$stage"/manuals/completions/fish/* "$root/usr/share/fish/vendor_completions.d/"

cp LICENSE "$documents/"
[ ! -f .github/NOTICE.md ] || cp .github/NOTICE.md "$documents/"
gzip -9nc CHANGELOG.md >"$documents/changelog.gz"
cp Formats/c-interface.md Formats/errors.md "$documents/"
cp -R Scripts/examples "$documents/examples"
# Texts of what is linked statically.
for folder in "$scratch"/checkouts/*/; do
  for text in "$folder"LICENSE* "$folder"NOTICE*; do
    [ -f "$text" ] || continue
    cp "$text" "$documents/licences/$(basename "$folder")-$(basename "$text")"
  done
done
for package in libhdf5-dev libaec-dev; do
  cp "/usr/share/doc/$package/copyright" "$documents/licences/$package"
done
for text in "$(dirname "$(command -v swift)")"/../share/swift/LICENSE.txt; do
  [ ! -f "$text" ] || cp "$text" "$documents/licences/swift-LICENSE.txt"
done
cat >"$documents/copyright" <<EOF
sam2-swift is under the Apache License 2.0: LICENSE, beside this file, and
/usr/share/common-licenses/Apache-2.0. The model in /usr/share/sam2 is part of it.

NOTICE.md lists the work of others in these files. Swift's runtime, Swift packages, HDF5 and libaec are
linked statically; their texts are in the folder licences.
EOF

# write_pc PREFIX LIBDIR
write_pc() {
  cat <<EOF
prefix=$1
libdir=$2
includedir=\${prefix}/include

Name: sam2
Description: SAM 2 on ordinary CPUs
Version: $version
Libs: -L\${libdir} -lsam2
Cflags: -I\${includedir}
EOF
}
write_pc /usr "\${prefix}/lib/$multiarch" >"$library/pkgconfig/sam2.pc"
find "$root" -type d -exec chmod 755 {} +
find "$root" -type f -exec chmod 644 {} +
chmod 755 "$root"/usr/bin/*

# --- The Debian package ----------------------------------------------------------------------------

mkdir -p "$1" "$stage/shlibs/debian"
printf 'Source: sam2\n\nPackage: sam2\nArchitecture: any\n' >"$stage/shlibs/debian/control"
depends=$(cd "$stage/shlibs" && dpkg-shlibdeps -O "$root"/usr/bin/* "$library/libsam2.so.$interface" |
  sed -n 's/^shlibs:Depends=//p')
mkdir "$root/DEBIAN"
cat >"$root/DEBIAN/control" <<EOF
Package: sam2
Version: $version
Architecture: $architecture
Maintainer: ${DEBFULLNAME:-The sam2-swift maintainers} <${DEBEMAIL:-maintainers@users.noreply.github.com}>
Installed-Size: $(du -sk --exclude=DEBIAN "$root" | cut -f1)
Depends: $depends
Recommends: ffmpeg
Suggests: curl
Section: graphics
Priority: optional
Description: SAM 2 on ordinary CPUs, without Python
 Computes masks with SAM 2, SAM 2.1 and EdgeTAM checkpoints: sam2-convert
 reads them, sam2-quantize makes them smaller and faster, sam2 segments
 pictures, tracks objects through video, and serves both to a page and to other
 tools.
 .
 libsam2.so and sam2.h are the same for programs in C and other languages.
EOF
echo "activate-noawait ldconfig" >"$root/DEBIAN/triggers"
printf 'libsam2 %s sam2 (>= %s)\n' "$interface" "$version" >"$root/DEBIAN/shlibs"
(cd "$root" && find usr -type f -exec md5sum {} + | LC_ALL=C sort -k 2) >"$root/DEBIAN/md5sums"
package="$1/sam2_${version}_$architecture.deb"
dpkg-deb --root-owner-group -Zxz --build "$root" "$package" >&2

# --- The archive -----------------------------------------------------------------------------------

name="sam2-$version-linux-$(uname -m)"
mkdir "$stage/$name"
cp -R "$root/usr/bin" "$root/usr/include" "$root/usr/share" "$stage/$name/"
mkdir -p "$stage/$name/lib/pkgconfig"
cp -P "$library"/libsam2.so* "$stage/$name/lib/"
write_pc "\${pcfiledir}/../.." "\${prefix}/lib" >"$stage/$name/lib/pkgconfig/sam2.pc"
archive="$1/$name.tar.gz"
tar -C "$stage" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner \
  -c "$name" | gzip -9n >"$archive"

note "$(wc -c <"$package" | tr -d ' ') bytes: $package"
note "$(wc -c <"$archive" | tr -d ' ') bytes: $archive"
note "Depends: $depends"
