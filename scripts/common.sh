# shellcheck shell=bash
# Sourced by the other scripts: what to install, how to build.
set -euo pipefail
caller=$PWD
unset CDPATH # else cd may go elsewhere
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Scripts read what programs say, so these speak English; LANGUAGE outranks LC_ALL. A user's path lacks nginx,
# nats-server and ip on Debian.
export LANGUAGE='' LC_ALL=C.UTF-8 PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

# Ctrl-C ends the script, also where the program that runs takes it for an order to itself, as `node --test` does.
trap 'exit 130' INT

say() { printf '\n\033[1m== %s\033[0m\n' "$*"; }

fail() {
  printf '\n%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# from_caller PATH: where that is, as seen from the folder in which the script was called.
from_caller() {
  case $1 in
  /*) echo "$1" ;;
  *) echo "$caller/$1" ;;
  esac
}

# may_be_root: true where this user is root, or becomes it by sudo, if need be with a password. Not by `sudo -v` alone,
# which asks for one even where all commands are allowed without, as to the first user of a cloud's image.
may_be_root() {
  [ "$(id -u)" = 0 ] || { command -v sudo >/dev/null && { sudo -n true 2>/dev/null || sudo -v; }; }
}

# need_root COMMAND: ends the script, and names the command, where this user can't be root.
need_root() { may_be_root || fail "This takes root. Run it as root, or as a user with sudo: $*"; }

as_root() {
  local name proxies=()
  need_root "$@"
  if [ "$(id -u)" = 0 ]; then
    "$@"
    return
  fi
  for name in http_proxy https_proxy no_proxy; do
    [ -z "${!name:-}" ] || proxies+=("$name=${!name}")
  done
  [ ${#proxies[@]} = 0 ] || set -- env "${proxies[@]}" "$@"
  sudo "$@"
}

# keep_root: asks for the password now, and keeps it valid until end_sudo or the end of this script.
keep_root() {
  may_be_root || fail "This takes root for some of its tests: run it as root, or as a user with sudo."
  [ "$(id -u)" != 0 ] || return 0
  (while kill -0 $$ && sudo -n true; do sleep 60; done) >/dev/null 2>&1 &
  sudo_keeper=$!
  trap end_sudo EXIT
}
end_sudo() { [ -z "${sudo_keeper:-}" ] || kill "$sudo_keeper" 2>/dev/null || true; }

# check_owner: files of an earlier run as root would stop a user later, by an error that does not say so.
check_owner() {
  local folders=() foreign
  [ "$(id -u)" != 0 ] || return 0
  [ ! -e build ] || folders+=("$PWD/build")
  [ ! -e tests/node_modules ] || folders+=("$PWD/tests/node_modules")
  [ ${#folders[@]} -gt 0 ] || return 0
  foreign=$(find "${folders[@]}" -maxdepth 3 ! -user "$(id -u)" -print -quit)
  [ -z "$foreign" ] ||
    fail "$foreign belongs to another user. Run as root: chown -R $(id -un)$(printf ' %q' "${folders[@]}")"
}

# lock NAME: waits until no other script holds this lock of this clone. unlock gives it back, and so does the end.
lock() {
  mkdir -p build
  exec {lock}>"build/$1.lock"
  flock --nonblock "$lock" || {
    say "Waiting for another script, which uses build/$1"
    flock "$lock"
  }
}
unlock() { exec {lock}>&-; }

# The LLVM that formats, checks and instruments: one version everywhere, since each formats and
# warns otherwise. Debian 12 and 13 both have it.
llvm=19

build_packages=(
  g++ cmake ninja-build emscripten nlohmann-json3-dev boost
  libssl-dev libspdlog-dev libcli11-dev prometheus-cpp-dev libqrcodegencpp-dev libjwt-dev libnats-dev
  brotli nodejs
)
test_packages=(
  ca-certificates git ccache clang libgtest-dev googletest libsrtp2-dev
  npm chromium firefox-esr coturn nats-server nginx-light caddy iproute2 util-linux ffmpeg openssl
  gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-nice
  gir1.2-gst-plugins-bad-1.0 python3-gi python3-yaml
)
# Debian 12's ends at once: it has libsoup 2, and the libnice there brings libsoup 3.
[[ $(</etc/os-release) == *VERSION_CODENAME=bookworm* ]] || test_packages+=(simple-whip-client)

# Of any architecture, of which there may be several.
is_installed() { [[ $(dpkg-query -W -f='${db:Status-Status},' "$1" 2>/dev/null) =~ (^|,)installed, ]]; }

# has_candidate PACKAGE: apt could install it. A name that only other packages mention has none.
# Not by a pipe into grep -q: grep ends at the line that it looks for, and apt-cache fails where it writes on.
has_candidate() { [[ $(apt-cache policy "$1" 2>/dev/null) =~ $'\n  Candidate: '[^\(] ]]; }

# True with headers of Boost 1.81 or newer, whatever brought them.
has_boost() {
  local version
  version=$(sed -n 's/^#define BOOST_VERSION \([0-9]*\).*/\1/p' /usr/include/boost/version.hpp 2>/dev/null)
  [ "${version:-0}" -ge 108100 ] && [ -e /usr/include/boost/beast.hpp ]
}

# True with a node that is new enough, whatever brought it.
has_node() {
  local version
  version=$(node -p 'process.versions.node' 2>/dev/null) || return 1
  [ "${version%%.*}" -ge 18 ] ||
    fail "$(command -v node) is Node $version, and onair needs 18 or newer. Take it out of PATH: then Debian's is used."
}

# is_present NAME: a package, or one of the names that package_names resolves.
is_present() {
  case $1 in
  boost) has_boost ;;
  nodejs) has_node ;;
  npm) command -v npm >/dev/null ;;
  # Elsewhere than on Debian 12 and 13, any version will do for a build.
  clang) { is_installed "clang-$llvm" && is_installed "libclang-rt-$llvm-dev"; } ||
    { is_installed clang && is_installed libclang-rt-dev && ! has_candidate "clang-$llvm"; } ;;
  *) is_installed "$1" ;;
  esac
}

# package_names NAME: the packages that this Debian has for it.
package_names() {
  case $1 in
  # Debian 12 has a newer Boost beside its default one, which is too old.
  boost) if has_candidate libboost1.81-dev; then echo libboost1.81-dev; else echo libboost-dev; fi ;;
  clang)
    if has_candidate "clang-$llvm"; then
      echo "clang-$llvm libclang-rt-$llvm-dev"
    else
      echo clang libclang-rt-dev
    fi
    ;;
  *) echo "$1" ;;
  esac
}

# install NAME...: what is missing of these.
install() {
  local missing=() packages=() name
  for name in "$@"; do
    is_present "$name" || missing+=("$name")
  done
  [ ${#missing[@]} -gt 0 ] || return 0

  command -v apt-get >/dev/null || {
    say "This system has no apt. What these packages of Debian have must be there: ${missing[*]}"
    return 0
  }
  is_new_enough || fail "onair needs Debian 12 or newer, and this is $(sed -n 's/^PRETTY_NAME=//p' /etc/os-release)."
  say "Installing ${missing[*]}"
  update_lists
  for name in "${missing[@]}"; do
    # shellcheck disable=SC2207 # package names have no spaces
    packages+=($(package_names "$name"))
  done
  # --no-remove: another version of a library may be one that this machine's other programs need.
  local command=(install -y -qq --no-install-recommends --no-remove "${packages[@]}") added
  # Services are often in other packages than those that were named.
  added=$(apt-get --simulate "${command[@]}" | sed -n 's/^Inst \([^ ]*\) (.*/\1/p') ||
    fail "apt-get can't install ${packages[*]}: see its message above."
  as_root env DEBIAN_FRONTEND=noninteractive apt-get "${apt_options[@]}" "${command[@]}" ||
    fail "apt-get could not install ${packages[*]}: see its message above."
  mapfile -t packages <<<"$added"
  [ -z "$added" ] || keep_stopped "${packages[@]}"
}

# False on an older Debian.
is_new_enough() {
  local id version
  id=$(sed -n 's/^ID=//p' /etc/os-release)
  version=$(sed -n 's/^VERSION_ID="*\([0-9]*\).*/\1/p' /etc/os-release) # the next Debian has none
  [ "$id" != debian ] || [ "${version:-12}" -ge 12 ]
}

# At a first start Debian's own updates hold apt's locks for minutes.
lock_timeout=300
apt_options=(-o "DPkg::Lock::Timeout=$lock_timeout")

# Apt does not wait for the lock of its lists.
update_lists() {
  local message waited=0
  need_root apt-get update # here: below, its sentence would be taken for apt's
  until message=$(as_root apt-get update -qq 2>&1); do
    [[ $message == *"Could not get lock"* ]] && [ $waited -lt $lock_timeout ] ||
      fail "apt-get update failed: is a source in /etc/apt wrong, or the proxy? It says: $message"
    [ $waited -gt 0 ] || say "Waiting for another apt, which updates its lists"
    sleep 5
    waited=$((waited + 5))
  done
  [ -z "$message" ] || echo "$message" >&2
}

# keep_stopped PACKAGE...: ends the services that Debian starts with these, now and at the next boot. A test starts its
# own nginx on a port of its own; one on port 80 would be a surprise.
keep_stopped() {
  local services=() state
  # A container has systemctl, perhaps, but no systemd that runs.
  state=$(systemctl is-system-running 2>/dev/null) || true
  case $state in '' | offline | unknown) return 0 ;; esac
  mapfile -t services < <(dpkg -L "$@" | sed -nE 's,.*/systemd/system/([^/@]+\.service)$,\1,p')
  [ ${#services[@]} = 0 ] || as_root systemctl disable --now --quiet "${services[@]}" ||
    say "systemctl could not stop ${services[*]}, which the tests do not need"
}

# install_formatter: false where this Debian has not the version that formats our code.
install_formatter() {
  is_installed "clang-format-$llvm" || has_candidate "clang-format-$llvm" || {
    update_lists # they may be missing, as in an image of a container
    has_candidate "clang-format-$llvm" || return 1
  }
  install "clang-format-$llvm"
}

# configure PRESET [OPTION...]: once, and again when an option is not as it was.
configure() {
  local preset=$1 folder=build/$1 option home changed=()
  shift
  if [ -e "$folder/build.ninja" ]; then
    home=$(sed -n 's/^CMAKE_HOME_DIRECTORY:INTERNAL=//p' "$folder/CMakeCache.txt")
    [ "$home" -ef . ] || fail "$folder was made for $home, from where this folder was copied. Remove it: rm -r build."
    for option in "$@"; do
      option=${option#-D}
      grep -q "^${option%%=*}:[A-Z]*=${option#*=}\$" "$folder/CMakeCache.txt" || changed+=("-D$option")
    done
    # Ninja sees by itself all else that asks for a new configuration.
    [ ${#changed[@]} = 0 ] || cmake "${changed[@]}" "$folder"
    return
  fi
  case $preset in
  # Flags for this machine's processor are none for WebAssembly.
  wasm) env -u CFLAGS -u CXXFLAGS -u LDFLAGS emcmake cmake --preset wasm "$@" ;;
  asan | tsan | fuzz | lint)
    command -v "clang++-$llvm" >/dev/null || set -- "$@" -DCMAKE_CXX_COMPILER=clang++
    cmake --preset "$preset" "$@"
    ;;
  *) cmake --preset "$preset" "$@" ;;
  esac
}

# build PRESET [-DOPTION=VALUE...] [TARGET...]
build() {
  local preset=$1 options=()
  shift
  while [[ "${1:-}" == -D* ]]; do
    options+=("$1")
    shift
  done
  say "Building: $preset"
  lock "$preset"
  configure "$preset" ${options[@]+"${options[@]}"} ||
    fail "CMake could not configure $preset: see its message above. To start afresh: rm -r build."
  cmake --build --preset "$preset" ${1:+--target "$@"} ||
    fail "The build failed: see the first error above. A compiler that was killed lacked memory:" \
      "CMAKE_BUILD_PARALLEL_LEVEL=1 takes least. To start afresh: rm -r build."
  unlock
}

# build_beside COMMIT: builds the server and the pages of that commit by its own scripts, to be measured beside ours, and
# sets ONAIR_BESIDE to their folder.
build_beside() {
  local commit
  commit=$(git rev-parse --verify --quiet "$1^{commit}") || fail "This clone has no commit $1."
  export ONAIR_BESIDE=$PWD/build/beside/$commit
  [ -e "$ONAIR_BESIDE" ] || git clone --quiet --no-checkout . "$ONAIR_BESIDE"
  git -C "$ONAIR_BESIDE" checkout --quiet --detach "$commit"
  (cd "$ONAIR_BESIDE" && bash -c 'source scripts/common.sh; build release onair-server; build wasm onair_site')
}

# build_for_last_stages: for those of scripts/test. The first is in a folder that the package needs too, and it waits
# until that is free.
build_for_last_stages() {
  build wasm core_tests
  build asan
  build tsan net_tests
}

# start_idle COMMAND...: starts it in the background, with the processor time that nothing else wants. Linux shares
# the processor among sessions first (autogroup), and by niceness only within one: so it gets a session of its own,
# of the lowest weight. $! is its process group too.
start_idle() {
  # shellcheck disable=SC2016 # the new shell expands these
  nice -n 19 setsid bash -c '{ echo 19 >/proc/self/autogroup; } 2>/dev/null || true
    source "$1"; shift; "$@"' "$0" "$PWD/scripts/common.sh" "$@" &
}

# Browser drivers and reference servers, for tests and benchmarks alone.
npm_packages() {
  lock node_modules
  # Whatever NODE_ENV says: all of these are for development.
  [ ! tests/package-lock.json -nt tests/node_modules/.package-lock.json ] ||
    npm --prefix tests ci --include=dev --no-audit --no-fund ||
    fail "npm could not fetch the browser drivers: is a registry within reach?"
  unlock
}

# with_server COMMAND...: tells it where the built server, pages and light viewers are.
with_server() {
  ONAIR_SERVER=$PWD/build/release/server/onair-server ONAIR_SITE=$PWD/build/wasm/site \
    ONAIR_LIGHT_VIEWERS=$PWD/build/release/tests/bench/onair_light_viewers "$@"
}

# with_client COMMAND...: tells it where the WASM client is, and the program that prints its names.
with_client() {
  ONAIR_WASM_DIR=$PWD/build/wasm/client_wasm/browser ONAIR_NAMES=$PWD/build/wasm/tests/names.cjs "$@"
}

# in_namespace COMMAND...: like with_server, in a network of its own.
in_namespace() {
  with_server tests/e2e/in_namespace.sh "$@"
}

# with_browsers SCRIPT [ARGUMENT...]: installs and builds what a Node script with browsers needs, and
# runs it.
with_browsers() {
  install "${build_packages[@]}" "${test_packages[@]}"
  build release onair-server onair-forwarder
  build wasm onair_site
  npm_packages
  in_namespace node "$@"
}

# explain: prints what the script does, by the comment at its beginning, and the server's options where it passes them on.
explain() {
  sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$(from_caller "$0")"
  case $(basename "$0") in
  run | cluster)
    say "The server's options (more of them: server/OPERATING.md)"
    [ ! -x build/release/server/onair-server ] || build/release/server/onair-server --help
    ;;
  esac
}

# Before anything is installed or built.
case ${1:-} in
--help | -h)
  explain
  exit
  ;;
esac

check_owner
