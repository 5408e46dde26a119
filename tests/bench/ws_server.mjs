// The reference with `ws`: a minimal server that relays onair's protocol between the members of a room.

import { randomUUID } from 'node:crypto';

import { WebSocketServer } from 'ws';

const rooms = new Map();
const server = new WebSocketServer({ host: '127.0.0.1', port: 0, path: '/ws' });

server.on('connection', (socket) => {
  const id = randomUUID();
  let room = null;
  const others = () => [...room].filter(([other]) => other !== id);
  const send_to_others = (text) => others().forEach(([, other]) => other.send(text));

  socket.on('message', (data) => {
    const message = JSON.parse(data);
    if (message.type === 'enter') {
      if (!rooms.has(message.room)) rooms.set(message.room, new Map());
      room = rooms.get(message.room);
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
    if (!room) return;
    room.delete(id);
    send_to_others(JSON.stringify({ type: 'user_disconnected', id }));
  });
});

server.on('listening', () => console.log(`http://localhost:${server.address().port}`));
