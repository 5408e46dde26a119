// Acts of a page of Chromium with a forwarder: the same for ours and for Janus. Times are of the page's clock, in ms.

import { negotiate } from '../../e2e/whip_whep.mjs';
import { JanusSession } from './janus_session.mjs';

/**
 * @typedef {{ kind: 'onair', room: string } | { kind: 'janus', url: string, room: number, feed: number }} Way how to reach it
 * @typedef {object} Signaling what was made ready before the clock starts
 * @property {(connection: RTCPeerConnection) => Promise<unknown>} play ends when the connection has both descriptions
 * @property {(connection: RTCPeerConnection) => Promise<unknown>} publish the same for a talker, whose offer is made
 * @typedef {{ at: number, width: number, height: number, reason: string }} Size of a talker's encoder
 */

/** Runs in the page. */
function prepare() {
  const betweenTries = 20; // ms
  const pause = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));

  /**
   * Asks until it is given: a talker is not there at once.
   * @template Value
   * @param {() => Promise<Value | null>} ask
   * @returns {Promise<Value>}
   */
  async function insist(ask) {
    for (;;) {
      const given = await ask();
      if (given !== null) return given;
      await pause(betweenTries);
    }
  }

  const own = (/** @type {RTCPeerConnection} */ connection) =>
    /** @type {RTCSessionDescription} */ (connection.localDescription).sdp;

  /** @type {(room: string) => Signaling} */
  const ofOnair = (room) => ({
    publish: (connection) => window.negotiate(connection, 'whip', room, betweenTries),
    play: (connection) => window.negotiate(connection, 'whep', room, betweenTries),
  });

  /** @type {(way: Extract<Way, { kind: 'janus' }>) => Promise<Signaling>} */
  async function ofJanus({ url, room, feed }) {
    const session = await window.JanusSession.open(url, WebSocket);
    const [talker, viewer] = [await session.attach(), await session.attach()];
    const trickle = (/** @type {RTCPeerConnection} */ connection, /** @type {number} */ handle) => {
      connection.onicecandidate = ({ candidate }) => {
        session.trickle(handle, candidate?.candidate ? candidate.toJSON() : null).catch(console.error);
      };
    };
    return {
      async publish(connection) {
        await session.ask(talker, { request: 'join', ptype: 'publisher', room, id: feed });
        const sdp = await session.publish(talker, { sdp: own(connection) });
        await connection.setRemoteDescription({ type: 'answer', sdp });
        await session.trickle(talker, null);
      },
      async play(connection) {
        const sdp = await insist(() => session.subscribe(viewer, room, feed).catch(() => null));
        trickle(connection, viewer);
        await connection.setRemoteDescription({ type: 'offer', sdp });
        await connection.setLocalDescription();
        await session.start(viewer, { sdp: own(connection) });
      },
    };
  }

  /** @type {(way: Way) => Promise<RTCPeerConnection>} */
  async function newViewer(way) {
    const connection = new RTCPeerConnection();
    if (way.kind === 'onair') {
      connection.addTransceiver('audio', { direction: 'recvonly' });
      connection.addTransceiver('video', { direction: 'recvonly' });
      await connection.setLocalDescription();
    }
    return connection;
  }

  /** Ends when the offer has all candidates, for a server that needs one. */
  const gathered = (/** @type {RTCPeerConnection} */ connection) =>
    new Promise((resolve) => {
      const look = () => connection.iceGatheringState === 'complete' && resolve(undefined);
      connection.onicegatheringstatechange = look;
      look();
    });

  /** When the connection's first frame was presented. */
  const firstFrame = (/** @type {RTCPeerConnection} */ connection) =>
    new Promise((/** @type {(at: number) => void} */ resolve) => {
      const video = document.createElement('video');
      Object.assign(video, { autoplay: true, muted: true });
      document.body.append(video);
      const stream = new MediaStream();
      video.srcObject = stream;
      video.requestVideoFrameCallback((now) => resolve(now));
      connection.ontrack = ({ track }) => stream.addTrack(track);
    });

  /** Sends a camera's picture by one encoding of at most `bitrate`. */
  async function newTalker(/** @type {MediaStreamConstraints} */ wanted, /** @type {number} */ bitrate) {
    // The page's own function: that of the tests asks for a small picture.
    const getUserMedia = MediaDevices.prototype.getUserMedia.bind(navigator.mediaDevices);
    const stream = await getUserMedia(wanted);
    const connection = new RTCPeerConnection();
    for (const track of stream.getTracks()) {
      const sendEncodings = track.kind === 'video' ? [{ maxBitrate: bitrate }] : [{}];
      connection.addTransceiver(track, { direction: 'sendonly', streams: [stream], sendEncodings });
    }
    await connection.setLocalDescription();
    await gathered(connection);
    return connection;
  }

  const signalingFor = async (/** @type {Way} */ way) => (way.kind === 'onair' ? ofOnair(way.room) : ofJanus(way));

  window.bench = {
    async play(way) {
      const signaling = await signalingFor(way);
      const connection = await newViewer(way);
      const frame = firstFrame(connection);
      const began = performance.now();
      await signaling.play(connection);
      return (await frame) - began;
    },

    async publishAndPlay(way) {
      const signaling = await signalingFor(way);
      const talker = await newTalker({ audio: true, video: { width: 640, height: 360 } }, 1_000_000);
      const viewer = await newViewer(way);
      const frame = firstFrame(viewer);
      const began = performance.now();
      await signaling.publish(talker);
      await signaling.play(viewer);
      return (await frame) - began;
    },

    async watchSize(way, { width, height, bitrate, forMs }) {
      const signaling = await signalingFor(way);
      const camera = { width: { exact: width }, height: { exact: height }, frameRate: 30 };
      const talker = await newTalker({ audio: true, video: camera }, bitrate);
      const began = performance.now();
      await signaling.publish(talker);
      /** @type {Size[]} */
      const sizes = [];
      while (performance.now() - began < forMs) {
        for (const report of (await talker.getStats()).values()) {
          if (report.type !== 'outbound-rtp' || report.kind !== 'video' || !report.framesEncoded) continue;
          const size = { width: report.frameWidth, height: report.frameHeight, reason: report.qualityLimitationReason };
          const last = sizes.at(-1);
          if (last && last.width === size.width && last.reason === size.reason) continue;
          sizes.push({ at: performance.now() - began, ...size });
        }
        await pause(50);
      }
      return sizes;
    },
  };
}

/** To run in each page before it is used. */
export const script = `window.JanusSession = ${JanusSession.toString()};
window.negotiate = ${negotiate.toString()};
(${prepare.toString()})();`;
