// The original JavaScript program that onair started from: its signaling server with socket.io, and its two pages. The
// benchmarks measure onair beside it. With --log it logs each action, as it did.

import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';

import { Server } from 'socket.io';

const pages = new Map(
  ['talk.html', 'watch.html'].map((name) => [
    `/${name}`,
    readFileSync(new URL(name, import.meta.url)),
  ]),
);

const http = createServer((request, response) => {
  const page = pages.get(String(request.url).split('?')[0]);
  response.writeHead(page ? 200 : 404, { 'Content-Type': 'text/html; charset=utf-8' });
  response.end(page);
});

const log = process.argv.includes('--log') ? console.log : () => {};

const io = new Server(http);
io.on('connection', (socket) => {
  /** @type {string | null} */
  let room = null;
  socket.on('enter', (name) => {
    room = name;
    // eslint-disable-next-line @typescript-eslint/no-floating-promises -- none with the adapter in memory
    socket.join(name);
    log(`${socket.id} enters ${name}`);
  });
  /** @type {(type: string, message: object) => void} */
  const emit = (type, message) => {
    log(`to all in ${room ?? 'every room'}`);
    (room ? socket.broadcast.to(room) : socket.broadcast).emit(type, message);
  };
  socket.on('message', (message) => {
    message.from = socket.id;
    if (!message.sendto) return emit('message', message);
    log(`to ${message.sendto}`);
    socket.to(message.sendto).emit('message', message);
  });
  socket.on('disconnect', () => {
    log(`${socket.id} is gone`);
    emit('user disconnected', { id: socket.id });
  });
});

http.listen(0, () => {
  const { port } = /** @type {import('node:net').AddressInfo} */ (http.address());
  console.log(`http://localhost:${port}`);
});
