#!/usr/bin/env python3
"""Joins two Ethernet interfaces and delays every frame, for kernels without tc's netem.

slow_bridge.py INTERFACE INTERFACE MILLISECONDS
Prints "ready" once it forwards, and ends with its standard input.
"""

import collections
import fcntl
import selectors
import socket
import struct
import sys
import time

SIOCETHTOOL = 0x8946
ETHTOOL_STXCSUM = 0x17


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


def main():
    names, delay = sys.argv[1:3], float(sys.argv[3]) / 1000
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
                return
            frame, address = key.fileobj.recvfrom(65536)
            if address[2] != socket.PACKET_OUTGOING:
                waiting.append((time.monotonic() + delay, other[key.fileobj], frame))
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
