# Sourced by the other scripts: what to install, how to build.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '\n\033[1m== %s\033[0m\n' "$*"; }

fail() {
  printf '\n%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    fail "Packages are missing: run this as root once, or install sudo."
  fi
}

build_packages=(
  ca-certificates g++ cmake ninja-build ccache
  emscripten nlohmann-json3-dev
  libssl-dev libspdlog-dev libcli11-dev prometheus-cpp-dev libqrcodegencpp-dev libjwt-dev libnats-dev
  brotli
)
test_packages=(
  clang-format libgtest-dev googletest chromium firefox-esr coturn nats-server nginx-light iproute2 util-linux ffmpeg
)

# Debian 12 has a newer Boost beside its default one.
boost_package() {
  if apt-cache show libboost1.81-dev >/dev/null 2>&1; then
    echo libboost1.81-dev
  else
    echo libboost-dev
  fi
}

is_installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# install PACKAGE...: what is missing of these.
install() {
  local missing=() package
  for package in "$@"; do
    is_installed "$package" || missing+=("$package")
  done
  [ -e /usr/include/boost/beast.hpp ] || missing+=(boost)
  # Node may come from elsewhere than Debian.
  command -v node >/dev/null || missing+=(nodejs)
  if [[ " $* " == *" chromium "* ]]; then
    command -v npm >/dev/null || missing+=(npm)
  fi
  [ ${#missing[@]} -gt 0 ] || return 0

  command -v apt-get >/dev/null ||
    fail "This script installs Debian packages. Elsewhere, install: ${missing[*]}."
  say "Installing ${missing[*]}"
  as_root apt-get update -qq || fail "apt-get update failed: look at /etc/apt/sources.list."
  missing=("${missing[@]/#boost/$(boost_package)}")
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}" ||
    fail "apt-get could not install ${missing[*]}: see its message above."
}

# build PRESET [TARGET...]: configures once; Ninja sees by itself when that must be done again.
build() {
  local preset=$1
  shift
  say "Building: $preset"
  if [ ! -e "build/$preset/build.ninja" ]; then
    if [ "$preset" = wasm ]; then
      emcmake cmake --preset wasm
    else
      cmake --preset "$preset"
    fi
  fi
  cmake --build --preset "$preset" ${1:+--target "$@"} ||
    fail "The build failed: see the first error above. To start afresh: rm -r build."
}

# Browser drivers and reference servers, for tests and benchmarks alone.
npm_packages() {
  [ tests/package-lock.json -nt tests/node_modules/.package-lock.json ] || return 0
  npm --prefix tests ci --no-audit --no-fund ||
    fail "npm could not fetch the browser drivers: is a registry within reach?"
}

# with_server COMMAND...: tells it where the built server and pages are.
with_server() {
  ONAIR_SERVER=$PWD/build/release/server/onair-server ONAIR_SITE=$PWD/build/wasm/site "$@"
}

# in_namespace COMMAND...: the same, in a network of its own.
in_namespace() {
  with_server tests/e2e/in_namespace.sh "$@"
}

# with_browsers SCRIPT [ARGUMENT...]: installs and builds what a Node script with browsers needs, and
# runs it.
with_browsers() {
  install "${build_packages[@]}" "${test_packages[@]}"
  build release onair-server
  build wasm onair_site
  npm_packages
  in_namespace node "$@"
}
