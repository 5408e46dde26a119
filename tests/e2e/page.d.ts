// What the tests keep in the pages that they look at.

interface Window {
  testConnections: RTCPeerConnection[];
  testConstraints: MediaStreamConstraints | undefined;
  testEnded: MediaStreamTrack;
  testLocks: number;
  /** The stream of the talker's preview. */
  testPreview: () => MediaStream;
  testShared: ShareData | undefined;
  /** The errors that asking for a device ends in. */
  testTrouble: { video?: string; audio?: string };
  /** The tracks of devices that were granted. */
  testTracks: MediaStreamTrack[];
  /** True for a phone that opens one camera at a time. */
  testOneCamera: boolean;
  testUnplugged: boolean;
  gaps: { black: number; gap: number };
  firstFrame: number | undefined;
  webkitRTCPeerConnection?: typeof RTCPeerConnection;

  /** axe-core's. */
  axe: { run(options: object): Promise<{ violations: { id: string; impact: string; nodes: { target: string }[] }[] }> };

  /** The seed's pages'. */
  localStream: MediaStream | undefined;
  socket: import('socket.io-client').Socket;
  socketReady: boolean;

  /** bench/churn.mjs's. */
  onair: import('../../client_wasm/browser/onair.mjs').Onair;
  options: { url: string; room: string; video: HTMLVideoElement };
  talker: import('../../client_wasm/browser/onair.mjs').TalkClient;
}

interface Document {
  /** The elements of our pages, as build/types/elements.d.ts has them. */
  getElementById<Id extends keyof Elements>(id: Id): Elements[Id];
  querySelectorAll(selectors: '#stage video'): NodeListOf<HTMLVideoElement>;
  querySelectorAll(selectors: string): NodeListOf<Element>;
}
