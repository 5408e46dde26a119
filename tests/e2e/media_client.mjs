// An encoder and a player in a page, by WHIP and WHEP.

import { negotiate } from './whip_whep.mjs';

/** Makes window.testMedia. */
function equip() {
  const width = 320;
  const height = 240;
  const flash = 200; // ms
  const beep = 0.1; // s
  const quiet = 200; // ms; shorter than between two beeps
  /** @type {RTCPeerConnection} */
  let connection;
  /** @type {Awaited<ReturnType<typeof negotiate>>} */
  let session;
  let longest = 0;
  /** @type {number[]} */
  let flashes = [];
  /** @type {number[]} */
  let beeps = [];

  /** A picture that flashes and a sound that beeps. No device, which only pages from a secure origin get. */
  function flashesAndBeeps() {
    const canvas = Object.assign(document.createElement('canvas'), { width, height });
    const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    const context = new AudioContext();
    const loudness = new GainNode(context, { gain: 0 });
    const tone = new OscillatorNode(context, { frequency: 1_000 });
    const heard = new MediaStreamAudioDestinationNode(context);
    tone.connect(loudness).connect(heard);
    tone.start();
    let began = performance.now();
    setInterval(() => {
      const now = performance.now();
      if (now - began >= 1_000) {
        began = now;
        loudness.gain.setValueAtTime(0.5, context.currentTime);
        loudness.gain.setValueAtTime(0, context.currentTime + beep);
      }
      pen.fillStyle = now - began < flash ? 'white' : 'black';
      pen.fillRect(0, 0, width, height);
      pen.fillStyle = 'gray'; // something moves
      pen.fillRect((now / 10) % width, 0, 10, 20);
    }, 30);
    const [picture] = canvas.captureStream(30).getVideoTracks();
    return new MediaStream([/** @type {MediaStreamTrack} */ (picture), ...heard.stream.getAudioTracks()]);
  }

  /**
   * Notes the longest gap, and when flashes begin.
   * @param {HTMLVideoElement} video
   */
  function look(video) {
    const eye = Object.assign(document.createElement('canvas'), { width: 1, height: 1 });
    const pen = /** @type {CanvasRenderingContext2D} */ (eye.getContext('2d', { willReadFrequently: true }));
    let shown = 0;
    let wasBright = true; // a flash that is under way began before
    /** @type {VideoFrameRequestCallback} */
    const see = (_, { presentationTime }) => {
      if (shown > 0) longest = Math.max(longest, presentationTime - shown);
      shown = presentationTime;
      pen.drawImage(video, 0, 0, 1, 1);
      const isBright = (pen.getImageData(0, 0, 1, 1).data[0] ?? 0) > 128;
      if (isBright && !wasBright) flashes.push(presentationTime);
      wasBright = isBright;
      video.requestVideoFrameCallback(see);
    };
    video.requestVideoFrameCallback(see);
  }

  /**
   * Notes when beeps begin, by the samples of the last 85 ms.
   * @param {MediaStream} stream
   */
  function listen(stream) {
    const context = new AudioContext();
    const analyser = new AnalyserNode(context, { fftSize: 4_096 });
    new MediaStreamAudioSourceNode(context, { mediaStream: stream }).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    let heardUntil = 0;
    setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      const now = performance.now();
      const at = samples.findIndex((sample) => Math.abs(sample) > 0.1);
      if (at < 0) return;
      const began = now - ((samples.length - at) / context.sampleRate) * 1_000;
      // It is a beginning where silence was before it.
      if (at > 0 && began > heardUntil + quiet) beeps.push(began);
      heardUntil = now;
    }, 10);
  }

  /**
   * Shows what a connection receives.
   * @param {RTCPeerConnection} receiver
   * @param {boolean} measured
   */
  function show(receiver, measured) {
    const stream = new MediaStream();
    receiver.ontrack = ({ track }) => {
      stream.addTrack(track);
      if (measured && track.kind === 'audio') listen(stream);
    };
    const video = Object.assign(document.createElement('video'), { autoplay: true });
    document.body.append(video);
    video.srcObject = stream;
    if (measured) look(video);
  }

  /** @type {MediaStream | undefined} */
  let sent;
  window.testMedia = {
    async publish(room, { camera = false } = {}) {
      sent ??= camera
        ? await navigator.mediaDevices.getUserMedia({ audio: true, video: { width, height } })
        : flashesAndBeeps();
      connection?.close();
      connection = new RTCPeerConnection();
      for (const track of sent.getTracks()) {
        connection.addTransceiver(track, { direction: 'sendonly', streams: [sent] });
      }
      return (session = await window.negotiate(connection, 'whip', room));
    },

    async play(room, { measured = false, dataChannel = false } = {}) {
      connection?.close();
      connection = new RTCPeerConnection();
      connection.addTransceiver('audio', { direction: 'recvonly' });
      connection.addTransceiver('video', { direction: 'recvonly' });
      if (dataChannel) connection.createDataChannel('');
      show(connection, measured);
      return (session = await window.negotiate(connection, 'whep', room));
    },

    async playOwn() {
      const [from, to] = [new RTCPeerConnection(), new RTCPeerConnection()];
      from.onicecandidate = ({ candidate }) => candidate && to.addIceCandidate(candidate);
      to.onicecandidate = ({ candidate }) => candidate && from.addIceCandidate(candidate);
      sent ??= flashesAndBeeps();
      for (const track of sent.getTracks()) from.addTrack(track, sent);
      show(to, true);
      await from.setLocalDescription();
      await to.setRemoteDescription(/** @type {RTCSessionDescription} */ (from.localDescription));
      await to.setLocalDescription();
      await from.setRemoteDescription(/** @type {RTCSessionDescription} */ (to.localDescription));
    },

    async end() {
      connection.close();
      return (await fetch(session.location, { method: 'DELETE' })).status;
    },

    async restart() {
      await connection.setLocalDescription(await connection.createOffer({ iceRestart: true }));
      const local = /** @type {RTCSessionDescription} */ (connection.localDescription).sdp;
      const credentials = /a=ice-(?:ufrag|pwd):.*/g;
      const response = await fetch(session.location, {
        method: 'PATCH',
        headers: { 'Content-Type': 'application/trickle-ice-sdpfrag', 'If-Match': session.tag },
        body: `${(local.match(credentials) ?? []).slice(0, 2).join('\r\n')}\r\n`,
      });
      if (response.status !== 200) return response.status;
      session.tag = response.headers.get('ETag') ?? '';
      const fresh = (await response.text()).match(credentials) ?? [];
      const answer = /** @type {RTCSessionDescription} */ (connection.remoteDescription).sdp.replace(
        credentials,
        (line) => fresh.find((each) => each.slice(0, 9) === line.slice(0, 9)) ?? line,
      );
      await connection.setRemoteDescription({ type: 'answer', sdp: answer });
      return 200;
    },

    gap() {
      const found = longest;
      longest = 0;
      return found;
    },

    offsets() {
      const found = beeps.flatMap((heard) => {
        const seen = flashes.find((each) => Math.abs(each - heard) < 500);
        return seen === undefined ? [] : [seen - heard];
      });
      flashes = [];
      beeps = [];
      return found;
    },
  };
}

/** To run in a page once. */
export const script = `window.negotiate = ${negotiate.toString()};\n(${equip.toString()})();`;
