// Janus's own API over a WebSocket, as far as its VideoRoom needs it.

/**
 * @typedef {{ type: string, sdp: string, trickle?: boolean }} Description
 * @typedef {Record<string, unknown>} Message
 * @typedef {{ janus: string, transaction: string, data: { id: number }, jsep?: Description, error?: { reason: string },
 *   plugindata?: { data: { error?: string } } }} Reply
 * @typedef {new (url: string, protocol: string) => Pick<WebSocket, 'send' | 'close' | 'onopen' | 'onerror' | 'onmessage'>} Socket
 */

/** Session with any number of handles. Uses nothing outside itself, so that pages get its text. */
export class JanusSession {
  /** @type {Map<string, { awaitsEvent: boolean, resolve: (reply: Reply) => void, reject: (error: Error) => void }>} */
  waiting = new Map();
  transactions = 0;
  id = 0;

  /**
   * @param {string} url
   * @param {Socket} Socket
   */
  static async open(url, Socket) {
    const socket = new Socket(url, 'janus-protocol');
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = () => reject(new Error(`no Janus at ${url}`));
    });
    const session = new JanusSession(socket);
    session.id = (await session.request({ janus: 'create' })).data.id;
    return session;
  }

  /** @param {InstanceType<Socket>} socket */
  constructor(socket) {
    this.socket = socket;
    socket.onmessage = ({ data }) => this.heard(JSON.parse(String(data)));
  }

  /** @param {Reply} reply */
  heard(reply) {
    const asked = this.waiting.get(reply.transaction);
    // The ack of a message says only that its answer, an event, is yet to come.
    if (!asked || (reply.janus === 'ack' && asked.awaitsEvent)) return;
    this.waiting.delete(reply.transaction);
    const error = reply.error?.reason ?? reply.plugindata?.data.error;
    if (error) asked.reject(new Error(`Janus: ${error}`));
    else asked.resolve(reply);
  }

  /**
   * @param {Message} message
   * @returns {Promise<Reply>}
   */
  request(message) {
    const transaction = String(++this.transactions);
    const session = this.id ? { session_id: this.id } : {};
    this.socket.send(JSON.stringify({ ...message, ...session, transaction }));
    const awaitsEvent = message.janus === 'message';
    return new Promise((resolve, reject) => this.waiting.set(transaction, { awaitsEvent, resolve, reject }));
  }

  /** A session without requests ends after a minute. */
  keepAlive() {
    return this.request({ janus: 'keepalive' });
  }

  /** Gives the number of a new handle: one peer connection of the VideoRoom. */
  async attach() {
    return (await this.request({ janus: 'attach', plugin: 'janus.plugin.videoroom' })).data.id;
  }

  /**
   * @param {number} handle
   * @param {Message} body
   * @param {Description} [jsep]
   */
  ask(handle, body, jsep) {
    return this.request({ janus: 'message', handle_id: handle, body, ...(jsep ? { jsep } : {}) });
  }

  /**
   * The answer to a talker's offer; its handle is in the room already.
   * @param {number} handle
   * @param {Omit<Description, 'type'>} offer
   */
  async publish(handle, offer) {
    const reply = await this.ask(handle, { request: 'publish' }, { type: 'offer', ...offer });
    return String(reply.jsep?.sdp);
  }

  /**
   * Janus's offer to a viewer of the talker with this id.
   * @param {number} handle
   * @param {number} room
   * @param {number} feed
   */
  async subscribe(handle, room, feed) {
    const reply = await this.ask(handle, { request: 'join', ptype: 'subscriber', room, streams: [{ feed }] });
    return String(reply.jsep?.sdp);
  }

  /**
   * A viewer's answer to that offer.
   * @param {number} handle
   * @param {Omit<Description, 'type'>} answer
   */
  start(handle, answer) {
    return this.ask(handle, { request: 'start' }, { type: 'answer', ...answer });
  }

  /**
   * A candidate of the peer's; null: that was the last.
   * @param {number} handle
   * @param {object | null} candidate
   */
  trickle(handle, candidate) {
    return this.request({ janus: 'trickle', handle_id: handle, candidate: candidate ?? { completed: true } });
  }

  close() {
    this.socket.close();
  }
}
