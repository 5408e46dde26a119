#!/usr/bin/env python3
"""GStreamer's webrtcbin as an encoder and as a player.

gstreamer_peer.py whip|whep URL
Prints lines of JSON: the offer, the answer, then what has been decoded, four times a second. Ends the session when its
standard input ends, and prints the status that its DELETE got.
"""

import array
import json
import select
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import Gst, GstSdp, GstWebRTC  # noqa: E402

SOURCES = """
    videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=15/1 ! vp8enc deadline=1
    ! rtpvp8pay pt=96 ! application/x-rtp,media=video,encoding-name=VP8,payload=96,clock-rate=90000 ! peer.
    audiotestsrc is-live=true ! audio/x-raw,rate=48000,channels=2 ! opusenc
    ! rtpopuspay pt=97 ! application/x-rtp,media=audio,encoding-name=OPUS,payload=97,clock-rate=48000 ! peer.
"""
WANTED = [
    "application/x-rtp,media=video,encoding-name=VP8,payload=98,clock-rate=90000",
    "application/x-rtp,media=audio,encoding-name=OPUS,payload=99,clock-rate=48000",
]
SINK = "fakesink name=sink signal-handoffs=true sync=false async=false"
DECODERS = {
    "video": f"rtpvp8depay ! vp8dec ! {SINK}",
    "audio": f"rtpopusdepay ! opusdec ! audio/x-raw,format=S16LE ! {SINK}",
}
SECONDS = 60  # the longest wait before the peer gives up


def report(**what):
    print(json.dumps(what), flush=True)


def ask(method, url, body=None):
    headers = {"Content-Type": "application/sdp"} if body else {}
    request = urllib.request.Request(url, body and body.encode(), headers, method=method)
    with urllib.request.urlopen(request, timeout=SECONDS) as response:
        return response.status, response.headers, response.read().decode()


def post(endpoint, offer):
    """Posts it again while the server says Retry-After, as before a broadcast. Gives the resource and the answer."""
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            _, headers, answer = ask("POST", endpoint, offer)
            return urllib.parse.urljoin(endpoint, headers["Location"]), answer
        except urllib.error.HTTPError as refusal:
            if "Retry-After" not in refusal.headers or time.monotonic() > deadline:
                sys.exit(f"{endpoint}: {refusal.code} {refusal.read().decode()}")
            time.sleep(0.2)


class Peer:
    def __init__(self, sources):
        self.decoded = {"frames": 0, "energy": 0.0}
        self.pipeline = Gst.Pipeline.new()
        description = f"webrtcbin name=peer bundle-policy=max-bundle {sources}"
        self.elements = Gst.parse_bin_from_description(description, False)
        self.pipeline.add(self.elements)
        self.webrtc = self.elements.get_by_name("peer")
        self.needs_offer = threading.Event()
        self.has_gathered = threading.Event()
        self.webrtc.connect("on-negotiation-needed", lambda _: self.needs_offer.set())
        self.webrtc.connect("notify::ice-gathering-state", self.gathered)
        self.webrtc.connect("pad-added", self.decode)

    def gathered(self, webrtc, _):
        if webrtc.get_property("ice-gathering-state") == GstWebRTC.WebRTCICEGatheringState.COMPLETE:
            self.has_gathered.set()

    def call(self, name, *arguments):
        """Emits an action signal and awaits its promise, to which the reply belongs."""
        promise = Gst.Promise.new()
        self.webrtc.emit(name, *arguments, promise)
        promise.wait()
        return promise

    def offer(self):
        """The offer with all candidates: this peer does not trickle."""
        self.pipeline.set_state(Gst.State.PLAYING)
        self.must(self.needs_offer.wait(SECONDS), "it needed no offer")
        created = self.call("create-offer", None)
        reply = created.get_reply()  # must live as long as what is in it is used
        self.call("set-local-description", reply.get_value("offer"))
        self.must(self.has_gathered.wait(SECONDS), "it gathered no candidates")
        return self.webrtc.get_property("local-description").sdp.as_text()

    def answered(self, text):
        result, message = GstSdp.SDPMessage.new_from_text(text)
        self.must(result == GstSdp.SDPResult.OK, "it cannot read the answer")
        answer = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, message)
        self.call("set-remote-description", answer)

    def decode(self, _, pad):
        if pad.get_direction() != Gst.PadDirection.SRC:
            return
        caps = pad.get_current_caps() or pad.query_caps(None)
        kind = caps.get_structure(0).get_string("media")
        decoder = Gst.parse_bin_from_description(DECODERS[kind], True)
        decoder.get_by_name("sink").connect("handoff", getattr(self, f"count_{kind}"))
        self.elements.add(decoder)
        decoder.sync_state_with_parent()
        pad.link(decoder.get_static_pad("sink"))

    def count_video(self, *_):
        self.decoded["frames"] += 1

    def count_audio(self, _, buffer, __):
        samples = array.array("h", buffer.extract_dup(0, buffer.get_size()))
        self.decoded["energy"] += sum((each / 32768) ** 2 for each in samples[::16])

    def run(self):
        """Until the standard input ends."""
        bus = self.pipeline.get_bus()
        while not select.select([sys.stdin], [], [], 0)[0]:
            message = bus.timed_pop_filtered(250 * Gst.MSECOND, Gst.MessageType.ERROR)
            self.must(message is None, message and message.parse_error()[0].message)
            report(**self.decoded)

    @staticmethod
    def must(true, otherwise):
        if not true:
            sys.exit(f"GStreamer's peer: {otherwise}")


def main():
    protocol, endpoint = sys.argv[1:]
    Gst.init(None)
    peer = Peer(SOURCES if protocol == "whip" else "")
    for caps in WANTED if protocol == "whep" else []:
        direction = GstWebRTC.WebRTCRTPTransceiverDirection.RECVONLY
        peer.webrtc.emit("add-transceiver", direction, Gst.Caps.from_string(caps))
    offer = peer.offer()
    report(offer=offer)
    resource, answer = post(endpoint, offer)
    report(answer=answer)
    peer.answered(answer)
    peer.run()
    status, _, _ = ask("DELETE", resource)
    report(deleted=status)
    peer.pipeline.set_state(Gst.State.NULL)


main()
