#!/bin/sh
# Writes man pages and shell completions of the three commands.
#
#   Scripts/make_manuals.sh FOLDER [SCRATCH]    FOLDER/man/man1, FOLDER/completions/{bash,zsh,fish}
#
# SCRATCH is the folder of the build, .build without it.
#
# Both come from the commands themselves, through swift-argument-parser: its tool generate-manual,
# which its own package builds, and --generate-completion-script. Try them with
#
#   man -M FOLDER/man sam2-segment
#   . FOLDER/completions/bash/sam2
set -eu
. "$(dirname "$0")/common.sh"

[ $# -eq 1 ] || [ $# -eq 2 ] || {
  note "usage: Scripts/make_manuals.sh FOLDER [SCRATCH]"
  exit 64
}
scratch=$(absolute "${2:-$PWD/.build}")
set -- "$(absolute "$1")"
mkdir -p "$1/man/man1" "$1/completions/bash" "$1/completions/zsh" "$1/completions/fish"

products=$(swift build -c release --scratch-path "$scratch" --show-bin-path)
for command in sam2 sam2-convert sam2-quantize; do
  [ -x "$products/$command" ] || {
    note "$command is not built: swift build -c release"
    exit 66
  }
done

parser=$scratch/checkouts/swift-argument-parser
swift build -c release --package-path "$parser" --scratch-path "$scratch/manual" \
  --product generate-manual >&2
generate=$(swift build -c release --package-path "$parser" --scratch-path "$scratch/manual" \
  --show-bin-path)/generate-manual

# Examples keep their lines, paragraphs their distance, and exit codes are ours.
polish() {
  awk '
    function literal(on) {
      if (on != inside) print on ? ".Bd -literal" : ".Ed"
      inside = on
    }
    /^  / { literal(1); print; next }
    /^$/ { if (!inside) print ".Pp"; else print ""; next }
    { literal(0) }
    /^\.Ex -std/ { print "As sam2 --help, sam2-convert --help and sam2-quantize --help list them."; next }
    { print }'
}

rm -f "$1"/man/man1/sam2*.1
for command in sam2 sam2-convert sam2-quantize; do
  # The same date for the same sources.
  "$generate" "$products/$command" --multi-page --output-directory "$1/man/man1" \
    --date "$(git log -1 --format=%cs 2>/dev/null || echo 2000-01-01)"
  "$products/$command" --generate-completion-script bash >"$1/completions/bash/$command"
  "$products/$command" --generate-completion-script zsh >"$1/completions/zsh/_$command"
  "$products/$command" --generate-completion-script fish >"$1/completions/fish/$command.fish"
done
for page in "$1"/man/man1/*.1; do
  name=$(basename "$page" .1)
  case $name in
    *.help | *.hdf5-child) ;;
    # As those of git: man sam2-segment.
    *) polish <"$page" >"$1/man/man1/$(echo "$name" | tr . -).polished" ;;
  esac
  rm "$page"
done
for page in "$1"/man/man1/*.polished; do mv "$page" "${page%.polished}.1"; done
note "man pages: man -M $1/man sam2; completions: $1/completions"
