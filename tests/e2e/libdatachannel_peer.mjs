// The process of one peer: see libdatachannel_process.mjs.

import { LibdatachannelPlayer, ObsEncoder } from './libdatachannel.mjs';

/** @type {ObsEncoder | LibdatachannelPlayer} */
let peer;

/**
 * @param {'encoder' | 'player'} part
 * @param {string} endpoint
 */
async function start(part, endpoint) {
  if (part === 'encoder') {
    const encoder = await ObsEncoder.start(endpoint);
    peer = encoder;
    return { offer: encoder.offer };
  }
  const player = await LibdatachannelPlayer.start(endpoint);
  peer = player;
  return {
    payloadTypes: LibdatachannelPlayer.payloadTypes,
    ssrcs: { audio: player.ssrcOf('audio'), video: player.ssrcOf('video') },
  };
}

/** @typedef {'packets' | 'stop' | { start: 'encoder' | 'player', endpoint: string }} Question */

/** @param {Question} question */
function answer(question) {
  if (question === 'stop') return peer.stop();
  if (question === 'packets') return peer instanceof LibdatachannelPlayer ? [...peer.packets] : [];
  return start(question.start, question.endpoint);
}

/** @param {Question} question */
const reply = async (question) => process.send?.(await answer(question));
process.on('message', (/** @type {Question} */ question) => void reply(question));
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL')); // the test has ended
