# Shared by the scripts of this folder: where things are, and what has to be installed.

caller=$PWD
cd "$(dirname "$0")/.."

# A path of the caller, from the top of the repository, where every script runs.
absolute() { case "$1" in /*) printf '%s' "$1" ;; *) printf '%s' "$caller/$1" ;; esac }

note() { printf '%s\n' "$*" >&2; }

# Those of the packages named that are not installed.
missing_packages() {
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q "ok installed" ||
      printf ' %s' "$package"
  done
}

# Installs packages of Debian and Ubuntu.
install_packages() {
  [ $# -eq 0 ] && return 0
  note "installing: $*"
  command -v apt-get >/dev/null 2>&1 || {
    note "this is not a Debian or Ubuntu system: please install the counterparts of $*"
    exit 69
  }
  sudo=""
  [ "$(id -u)" -eq 0 ] || sudo="sudo"
  $sudo apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "$@" \
    >/dev/null
}

# Installs what the build and the tools need, on Debian and Ubuntu, when something is missing.
install_missing() {
  missing=$(missing_packages libhdf5-dev libjpeg-dev libpng-dev zlib1g-dev pkg-config)
  command -v ffmpeg >/dev/null 2>&1 && command -v ffprobe >/dev/null 2>&1 ||
    missing="$missing ffmpeg"
  command -v swift >/dev/null 2>&1 || {
    note "Swift 6.3 or later is needed: https://www.swift.org/install"
    exit 69
  }
  # shellcheck disable=SC2086
  install_packages $missing
}
