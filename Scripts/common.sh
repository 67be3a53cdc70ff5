# Shared by the scripts of this folder: where things are, and what has to be installed.

cd "$(dirname "$0")/.."

say() { printf '%s\n' "$*" >&2; }

# Installs what the build and the tools need, on Debian and Ubuntu, when something is missing.
install_missing() {
  missing=""
  for package in libhdf5-dev libjpeg-dev libpng-dev zlib1g-dev pkg-config; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q "ok installed" ||
      missing="$missing $package"
  done
  command -v ffmpeg >/dev/null 2>&1 && command -v ffprobe >/dev/null 2>&1 ||
    missing="$missing ffmpeg"
  command -v swift >/dev/null 2>&1 || {
    say "Swift 6.2 or later is needed: https://www.swift.org/install"
    exit 69
  }
  [ -z "$missing" ] && return 0
  say "installing:$missing"
  command -v apt-get >/dev/null 2>&1 || {
    say "this is no Debian or Ubuntu: please install the counterparts of$missing"
    exit 69
  }
  sudo=""
  [ "$(id -u)" -eq 0 ] || sudo="sudo"
  $sudo apt-get update -qq
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends $missing \
    >/dev/null
}
