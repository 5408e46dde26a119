// How a page speaks WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep), in tests and benchmarks.

/**
 * Posts a connection's offer and takes the answer. Tries again, as clients do, while its place is not free yet, nobody
 * is on air, or the forwarder is away. Runs in a page, and uses nothing outside itself.
 * @param {RTCPeerConnection} connection makes its offer here if it has none yet
 * @param {'whip' | 'whep'} way
 * @param {string} room
 * @param {number} pause between two tries, in ms
 */
export async function negotiate(connection, way, room, pause = 100) {
  if (connection.localDescription === null) await connection.setLocalDescription();
  const offer = /** @type {RTCSessionDescription} */ (connection.localDescription).sdp;
  const deadline = Date.now() + 60_000;
  for (;;) {
    const headers = { 'Content-Type': 'application/sdp' };
    const response = await fetch(`/${way}/${room}`, { method: 'POST', headers, body: offer });
    const answer = await response.text();
    if (response.status === 201) {
      await connection.setRemoteDescription({ type: 'answer', sdp: answer });
      const { headers: given } = response;
      return { offer, answer, location: given.get('Location') ?? '', tag: given.get('ETag') ?? '' };
    }
    if (![404, 409, 503].includes(response.status) || Date.now() > deadline) {
      throw new Error(`${way} in ${room}: ${response.status} ${answer}`);
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}
