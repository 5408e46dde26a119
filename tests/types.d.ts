// Types of packages that the tests use and that have none.

/** 2.x comes without types; what the tests use of it is as in 4.x. */
declare module 'socket.io-client-2' {
  export { io as default } from 'socket.io-client';
}
