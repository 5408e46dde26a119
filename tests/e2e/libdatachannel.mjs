// libdatachannel, the WebRTC of OBS: as an encoder that does what OBS does, and as a player.

import { execFileSync } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';

import webrtc from 'node-datachannel';

import { post, remove } from './media.mjs';

/** @typedef {'audio' | 'video'} Kind */

const payloadTypes = { audio: 111, video: 96 }; // OBS's
const base = 0x0b5;
const ssrcs = { audio: base, video: base + 1 };
const clockRates = { audio: 48_000, video: 90_000 };

/** Milliseconds between two frames. */
const intervals = { audio: 20, video: 40 };

const input = ['-loglevel', 'error', '-f', 'lavfi', '-t', '2', '-i'];

/** @param {string[]} options */
const ffmpeg = (...options) => execFileSync('ffmpeg', [...input, ...options, '-']);

/** Two seconds of H264 (Annex B), one buffer for each picture, with a key frame each second. */
function pictures() {
  const x264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-profile:v', 'baseline'];
  const stream = ffmpeg(
    ...['testsrc=size=320x240:rate=25', '-pix_fmt', 'yuv420p', ...x264],
    ...['-g', '25', '-x264-params', 'aud=1', '-f', 'h264'],
  );
  // Each picture begins with an access unit delimiter.
  const delimiter = Buffer.from([0, 0, 0, 1, 9]);
  const found = [];
  for (let at = stream.indexOf(delimiter); at !== -1; ) {
    const next = stream.indexOf(delimiter, at + 1);
    found.push(stream.subarray(at, next === -1 ? undefined : next));
    at = next;
  }
  return found;
}

/** Two seconds of Opus, one buffer for each packet: those of Ogg pages (RFC 3533) that have one packet each. */
function sounds() {
  const opus = ['-ac', '2', '-c:a', 'libopus', '-b:a', '96k', '-frame_duration', '20'];
  const file = ffmpeg('sine=frequency=440:sample_rate=48000', ...opus, '-page_duration', '20000', '-f', 'ogg');
  const found = [];
  for (let at = 0; at < file.length; ) {
    const segments = file[at + 26];
    const begin = at + 27 + segments;
    const size = file.subarray(at + 27, begin).reduce((sum, each) => sum + each, 0);
    found.push(file.subarray(begin, begin + size));
    at = begin + size;
  }
  return found.slice(2); // without Opus's two headers (RFC 7845)
}

/** @type {Record<Kind, Buffer[]> | undefined} */
let encoded;

/**
 * The offer as it is before the first candidate: OBS sends it then, and never trickles.
 * @param {string} sdp
 */
const withoutCandidates = (sdp) =>
  sdp
    .replace(/a=(candidate:.*|end-of-candidates)\r\n/g, '')
    .replace(/^(m=\w+) \d+/gm, '$1 9')
    .replace(/^c=.*/gm, 'c=IN IP4 0.0.0.0');

/**
 * The description that a connection makes of itself at once.
 * @param {import('node-datachannel').PeerConnection} connection
 */
function makeOffer(connection) {
  connection.setLocalDescription('offer');
  const made = connection.localDescription();
  if (!made) throw new Error('libdatachannel made no offer');
  return withoutCandidates(made.sdp);
}

function describeAudio() {
  const media = new webrtc.Audio('0', 'SendOnly');
  media.addOpusCodec(payloadTypes.audio);
  return media;
}

function describeVideo() {
  const media = new webrtc.Video('1', 'SendOnly');
  media.addH264Codec(payloadTypes.video);
  return media;
}

/** An encoder as OBS's plugin obs-webrtc is one (whip-output.cpp). */
export class ObsEncoder {
  #connection = new webrtc.PeerConnection('obs', { iceServers: [] });
  #stopped = false;
  /** @type {Promise<unknown> | undefined} */
  #sending;
  offer = '';
  #resource = '';

  /** @param {string} endpoint */
  static async start(endpoint) {
    encoded ??= { audio: sounds(), video: pictures() };
    const encoder = new ObsEncoder();
    const outputs = [encoder.#add('audio'), encoder.#add('video')];
    encoder.offer = makeOffer(encoder.#connection);
    const { answer, location } = await post(endpoint, encoder.offer);
    // A relative Location takes the place of the path; the query goes.
    const resource = new URL(location.startsWith('http') ? location : endpoint);
    if (!location.startsWith('http')) Object.assign(resource, { pathname: location, search: '' });
    encoder.#resource = resource.href;
    encoder.#connection.setRemoteDescription(answer, 'answer');
    encoder.#sending = Promise.all(outputs.map((output) => encoder.#send(output)));
    return encoder;
  }

  /** @param {Kind} kind */
  #add(kind) {
    const media = kind === 'audio' ? describeAudio() : describeVideo();
    media.addSSRC(ssrcs[kind], 'cname', 'stream', `stream-${kind}`);
    const config = new webrtc.RtpPacketizationConfig(ssrcs[kind], 'cname', payloadTypes[kind], clockRates[kind]);
    const packetizer =
      kind === 'audio'
        ? new webrtc.RtpPacketizer(config)
        : new webrtc.H264RtpPacketizer('StartSequence', config, 1_200);
    packetizer.addToChain(new webrtc.RtcpSrReporter(config));
    packetizer.addToChain(new webrtc.RtcpNackResponder());
    const track = this.#connection.addTrack(media);
    track.setMediaHandler(packetizer);
    return { kind, config, track };
  }

  /**
   * Sends in real time, from the beginning again and again.
   * @param {{ kind: Kind, config: import('node-datachannel').RtpPacketizationConfig, track: import('node-datachannel').Track }} output
   */
  async #send({ kind, config, track }) {
    const frames = /** @type {Record<Kind, Buffer[]>} */ (encoded)[kind];
    const ticks = (clockRates[kind] * intervals[kind]) / 1_000;
    const first = config.timestamp;
    const begun = Date.now();
    for (let sent = 0; !this.#stopped; ++sent) {
      await pause(Math.max(0, begun + sent * intervals[kind] - Date.now()));
      if (!track.isOpen()) continue;
      config.timestamp = (first + sent * ticks) >>> 0;
      track.sendMessageBinary(frames[sent % frames.length]);
    }
  }

  /** Ends as OBS does, and gives the status that its DELETE got. */
  async stop() {
    this.#stopped = true;
    await this.#sending;
    this.#connection.close();
    return remove(this.#resource);
  }
}

/** A player that counts what comes. Its payload types are its own. */
export class LibdatachannelPlayer {
  static payloadTypes = { opus: 100, h264: 101, vp8: 102 };

  #connection = new webrtc.PeerConnection('player', { iceServers: [] });
  /** @type {import('node-datachannel').Track[]} */
  #tracks = []; // else they are collected as garbage
  #answer = '';
  #resource = '';
  /**
   * The number of packets of each payload type and SSRC: `96 1234`.
   * @type {Map<string, number>}
   */
  packets = new Map();

  /** @param {string} endpoint */
  static async start(endpoint) {
    const player = new LibdatachannelPlayer();
    const audio = new webrtc.Audio('a', 'RecvOnly');
    audio.addOpusCodec(this.payloadTypes.opus);
    const video = new webrtc.Video('v', 'RecvOnly');
    video.addH264Codec(this.payloadTypes.h264);
    video.addVP8Codec(this.payloadTypes.vp8);
    for (const media of [audio, video]) player.#receive(media);
    const { answer, location } = await post(endpoint, makeOffer(player.#connection));
    player.#connection.setRemoteDescription(answer, 'answer');
    player.#answer = answer;
    player.#resource = new URL(location, endpoint).href;
    return player;
  }

  /** @param {import('node-datachannel').Audio | import('node-datachannel').Video} media */
  #receive(media) {
    const track = this.#connection.addTrack(media);
    track.setMediaHandler(new webrtc.RtcpReceivingSession());
    track.onMessage((packet) => {
      const isRtcp = packet[1] >= 192 && packet[1] <= 223; // RFC 5761 section 4
      if (isRtcp) return;
      const name = `${packet[1] & 0x7f} ${packet.readUInt32BE(8)}`;
      this.packets.set(name, (this.packets.get(name) ?? 0) + 1);
    });
    this.#tracks.push(track);
  }

  /**
   * The SSRC that the answer announces.
   * @param {Kind} kind
   */
  ssrcOf(kind) {
    const section = this.#answer.split('m=').find((each) => each.startsWith(kind));
    return Number(/a=ssrc:(\d+)/.exec(section ?? '')?.[1]);
  }

  /** Gives the status that its DELETE got. */
  async stop() {
    this.#connection.close();
    return remove(this.#resource);
  }
}
