// What the pages say. The keys are the names that the client gives its states.

export const link = {
  idle: '',
  connecting: 'Connecting…',
  joined: 'Connected',
  reconnecting: 'Reconnecting…',
  unreachable: 'The server can’t be reached. Trying again…',
  refused: 'The server does not let us into this room.',
};

export const picture = {
  waiting: 'Waiting for the broadcaster.',
  requesting: 'Asked for the broadcast. Waiting for the broadcaster…',
  connecting: 'Connecting…',
  live: '',
  reconnecting: 'The connection is being mended…',
  ended: 'The broadcast has ended.',
  full: 'The broadcast is full just now. Press Request to try again.',
};

export const notice = {
  none: '',
  no_local_stream:
    'There is no picture to send yet. Press Start video or Start screen first.',
  no_signaling:
    'The server is not connected just now. It will be tried again without your doing anything.',
  camera_refused:
    'The browser did not allow the camera and microphone. Allow them for this page (the icon beside ' +
    'the address), then press Start video again.',
  no_camera: 'No camera or microphone was found. Plug one in, then press Start video again.',
  camera_in_use:
    'The camera or microphone is busy. Close the other program that uses it, then press Start video ' +
    'again.',
  insecure_context:
    'Browsers give the camera only to secure pages. Open this page by https://, or on this machine ' +
    'by http://localhost.',
  screen_refused: 'The screen is not shared. Press Start screen again and choose what to share.',
  screen_not_supported: 'This browser can’t share its screen.',
  media_failed: 'The camera or microphone could not be started. Press Start video to try again.',
  media_ended: 'The camera was unplugged or sharing was ended, so the broadcast has stopped.',
  connection_failed:
    'No way to the broadcaster was found through the network so far. It is tried again and again.',
};

export const noWebAssembly =
  'This browser is too old for onair: it lacks WebAssembly or WebRTC. A current Firefox, Chrome, ' +
  'Edge or Safari will do.';

export const megabits = (bps) => `${(bps / 1e6).toFixed(1)} Mbit/s`;

export const room = (viewers) => `At most ${viewers} at a time from this machine`;

export const check = {
  verdicts: { trying: '…', works: 'Works', fails: 'Fails', unset: 'Not set up' },
  names: {
    server: 'Reaching the server',
    secure: 'A secure page',
    camera: 'Camera and microphone',
    stun: 'STUN',
    turnUdp: 'TURN over UDP',
    turnTcp: 'TURN over TCP',
    turnTls: 'TURN over TLS',
    relayCall: 'A call to oneself through TURN',
  },
  works: {
    server: 'The server is reached, and its WebSocket too.',
    secure: 'This page is secure, so the browser may give it the camera.',
    camera: 'Camera and microphone can be used.',
    stun: 'The STUN server answers.',
    turnUdp: 'The TURN server relays over UDP.',
    turnTcp: 'The TURN server relays over TCP.',
    turnTls: 'The TURN server relays over TLS.',
    relayCall: 'A call through the TURN server alone goes through.',
  },
  fails: {
    server: 'The server’s WebSocket can’t be reached. A proxy in between may not let it pass.',
    secure: 'This page is not secure, so it can only watch. To broadcast, open it by https://.',
    camera: 'Camera or microphone can’t be used: plug them in, and allow them for this page.',
    stun: 'The STUN server does not answer. Broadcasts work where both ends reach each other directly.',
    turnUdp: 'The TURN server does not relay over UDP from here.',
    turnTcp: 'The TURN server does not relay over TCP from here.',
    turnTls: 'The TURN server does not relay over TLS from here.',
    relayCall: 'A call through the TURN server does not go through.',
  },
  unset: {
    stun: 'The server names no STUN server. Broadcasts work within one network.',
    turnUdp: 'The server names no TURN server over UDP.',
    turnTcp: 'The server names no TURN server over TCP.',
    turnTls: 'The server names no TURN server over TLS.',
    relayCall: 'Without a TURN server there is nothing to try.',
  },
  allWork: 'All that is set up works from here.',
  someFailed: 'Not everything works from here.',
  report: (origin, failures) => `onair check from ${origin}: ${failures.join('; ')}.`,
};

export const badRoom = (why) => `This address does not name a room. ${why}`;
