#!/usr/bin/env bash
# Runs a command in a network of its own: a namespace with loopback and one Ethernet address, since
# browsers gather no loopback ICE candidates. It ends with the command and touches nothing outside.
set -euo pipefail

if [ "${ONAIR_IN_NAMESPACE:-}" != 1 ]; then
  flags=(--net --mount)
  [ "$(id -u)" = 0 ] || flags+=(--map-root-user)
  if ! unshare "${flags[@]}" true; then
    echo "The browser tests need a network namespace: run them as root, or allow user namespaces" \
      "(sysctl kernel.unprivileged_userns_clone=1). A container needs --privileged for it." >&2
    exit 1
  fi
  ONAIR_IN_NAMESPACE=1 exec unshare "${flags[@]}" "$0" "$@"
fi

mount -t tmpfs tmpfs /run # where ip keeps the names of further namespaces
mkdir /run/netns
ip link set lo up
ip link add onair0 type veth peer name onair1
# An IPv6 address that comes a second later is a change of network to a browser: it drops its loads.
if [ -e /proc/net/if_inet6 ]; then
  ip link set onair0 addrgenmode none
  ip link set onair1 addrgenmode none
fi
ip addr add 10.77.0.1/24 dev onair0
ip link set onair0 up
ip link set onair1 up
ip route add default via 10.77.0.2 dev onair0
ip route add 224.0.0.0/4 dev onair0 # multicast DNS, by which browsers hide their addresses
exec "$@"
