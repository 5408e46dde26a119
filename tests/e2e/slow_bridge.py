#!/usr/bin/env python3
"""Joins two Ethernet interfaces and delays every frame, for kernels without tc's netem.

slow_bridge.py INTERFACE INTERFACE MILLISECONDS
Prints "ready" once it forwards, and ends with its standard input. A line there changes the path,
and is answered by "done":
  delay MILLISECONDS  of every frame that comes from now on
  lose PERCENT        of UDP datagrams, each way
  shift PORTS         A NAT that has lost its memory: UDP from the first interface comes from ports
                      that much higher, and only answers to these get back
"""

import collections
import fcntl
import random
import selectors
import socket
import struct
import sys
import time

SIOCETHTOOL = 0x8946
ETHTOOL_STXCSUM = 0x17

ETHERNET_HEADER = 14
IPV4 = b"\x08\x00"
UDP = 17


def complete_checksums(interface):
    """Makes the kernel fill in checksums, which it leaves to the hardware that is not there."""
    import array

    value = array.array("B", struct.pack("II", ETHTOOL_STXCSUM, 0))
    request = struct.pack("16sP", interface.encode(), value.buffer_info()[0])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, SIOCETHTOOL, request)


def open_interface(name):
    every_protocol = 3
    opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(every_protocol))
    opened.bind((name, 0))
    opened.setblocking(False)
    return opened


def udp_at(frame):
    """Where the UDP header of a frame begins; 0 where there is none."""
    if len(frame) < ETHERNET_HEADER + 28 or frame[12:14] != IPV4:
        return 0
    if frame[ETHERNET_HEADER + 9] != UDP:
        return 0
    return ETHERNET_HEADER + 4 * (frame[ETHERNET_HEADER] & 15)


class Path:
    """What happens to frames on their way."""

    def __init__(self, delay):
        self.delay = delay  # seconds
        self.loss = 0.0
        self.shift = 0
        self.random = random.Random(1)  # the same losses in every run

    def obey(self, command, value):
        if command == "delay":
            self.delay = float(value) / 1000
        elif command == "lose":
            self.loss = float(value) / 100
        elif command == "shift":
            self.shift = int(value)
        else:
            sys.exit(f"slow_bridge.py: unknown command {command}")

    def carry(self, frame, outward):
        """Gives the frame as it arrives, or None."""
        udp = udp_at(frame)
        if not udp:
            return frame
        if self.loss and self.random.random() < self.loss:
            return None
        return self.translate(frame, udp, outward) if self.shift else frame

    def translate(self, frame, udp, outward):
        port_at = udp if outward else udp + 2
        (port,) = struct.unpack_from("!H", frame, port_at)
        port += self.shift if outward else -self.shift
        if not 0 < port < 65536:
            return frame  # multicast DNS, say
        changed = bytearray(frame)
        struct.pack_into("!H", changed, port_at, port)
        struct.pack_into("!H", changed, udp + 6, 0)  # no checksum (RFC 768)
        return changed


def main():
    names, path = sys.argv[1:3], Path(float(sys.argv[3]) / 1000)
    ends = [open_interface(name) for name in names]
    other = {ends[0]: ends[1], ends[1]: ends[0]}
    waiting = collections.deque()  # (when, to, frame), in the order of when
    selector = selectors.DefaultSelector()
    for end in ends:
        selector.register(end, selectors.EVENT_READ)
    selector.register(sys.stdin, selectors.EVENT_READ)
    print("ready", flush=True)
    while True:
        timeout = max(0, waiting[0][0] - time.monotonic()) if waiting else None
        for key, _ in selector.select(timeout):
            if key.fileobj is sys.stdin:
                line = sys.stdin.readline()
                if not line:
                    return
                path.obey(*line.split())
                print("done", flush=True)
                continue
            frame, address = key.fileobj.recvfrom(65536)
            if address[2] == socket.PACKET_OUTGOING:
                continue
            carried = path.carry(frame, outward=key.fileobj is ends[0])
            if carried is not None:
                waiting.append((time.monotonic() + path.delay, other[key.fileobj], carried))
        while waiting and waiting[0][0] <= time.monotonic():
            _, end, frame = waiting.popleft()
            try:
                end.send(frame)
            except OSError:
                pass  # the interface is down, or its queue full: as on any network, the frame is lost


if __name__ == "__main__":
    if sys.argv[1] == "--complete-checksums":
        complete_checksums(sys.argv[2])
    else:
        main()
