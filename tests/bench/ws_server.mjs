// The reference with `ws`: a minimal server that relays onair's protocol between the members of a room.

import { randomUUID } from 'node:crypto';

import { WebSocketServer } from 'ws';

/** @type {Map<string, Map<string, import('ws').WebSocket>>} */
const rooms = new Map();
const server = new WebSocketServer({ host: '127.0.0.1', port: 0, path: '/ws' });

server.on('connection', (socket) => {
  const id = randomUUID();
  /** @type {Map<string, import('ws').WebSocket>} */
  let room = new Map();
  const others = () => [...room].filter(([other]) => other !== id);
  /** @param {string} text */
  const send_to_others = (text) => others().forEach(([, other]) => other.send(text));

  socket.on('message', (data) => {
    const message = JSON.parse(String(data));
    if (message.type === 'enter') {
      room = rooms.get(message.room) ?? new Map();
      rooms.set(message.room, room);
      room.set(id, socket);
      socket.send(JSON.stringify({ type: 'welcome', id, room: message.room }));
      return;
    }
    message.from = id;
    const text = JSON.stringify(message);
    if (message.sendto) room.get(message.sendto)?.send(text);
    else send_to_others(text);
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    if (!room.delete(id)) return;
    send_to_others(JSON.stringify({ type: 'user_disconnected', id }));
  });
});

server.on('listening', () => {
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  console.log(`http://localhost:${port}`);
});
