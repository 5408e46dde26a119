// Values that the tests keep in the pages that they look at.

interface Window {
  testConnections: RTCPeerConnection[];
  testConstraints: MediaStreamConstraints | undefined;
  testEnded: MediaStreamTrack;
  testLocks: number;
  /** What was shown since watchPicture(): frames, black ones among them, and the longest time between two, in ms. */
  testPicture: { frames: number; black: number; gap: number };
  /** The stream of the talker's preview. */
  testPreview: () => MediaStream;
  testShared: ShareData | undefined;
  testRecorder: MediaRecorder;
  /** The errors that asking for a device ends in. */
  testTrouble: { video?: string; audio?: string };
  /** The tracks of devices that were granted. */
  testTracks: MediaStreamTrack[];
  /** True for a phone that opens one camera at a time. */
  testOneCamera: boolean;
  testUnplugged: boolean;
  testPermissions: Record<string, PermissionStatus>;
  /** A camera that sends no frame before the test writes one (mediacapture-transform). */
  testCamera: MediaStreamTrack & { writable: WritableStream<VideoFrame> };
  MediaStreamTrackGenerator: new (options: { kind: 'video' }) => Window['testCamera'];
  firstFrame: number | undefined;
  firstPlaying: number | undefined;
  webkitRTCPeerConnection?: typeof RTCPeerConnection;

  negotiate: typeof import('./whip_whep.mjs').negotiate;
  /** An encoder or a player: media_client.mjs's. */
  testMedia: {
    /** Publishes the camera, or a picture that flashes and a sound that beeps, both once a second. */
    publish(room: string, how?: { camera?: boolean }): ReturnType<Window['negotiate']>;
    /** `measured`: for `gap` and `offsets`. `dataChannel`: offers one too. */
    play(room: string, how?: { measured?: boolean; dataChannel?: boolean }): ReturnType<Window['negotiate']>;
    /** Shows what `publish` would send, by a connection within the page; measured. */
    playOwn(): Promise<void>;
    /** Ends the session by DELETE, and gives the status. */
    end(): Promise<number>;
    /** Restarts ICE by PATCH, and gives the status. */
    restart(): Promise<number>;
    /** The longest time between two frames that were shown, in ms; since this was asked last. */
    gap(): number;
    /** How much later each flash is shown than its beep is heard, in ms; of those that began since this was asked last. */
    offsets(): number[];
  };
  /** Clients of WHIP and WHEP that others made, in the page of web_clients.mjs. */
  packages: {
    '@eyevinn/webrtc-player': typeof import('@eyevinn/webrtc-player');
    '@eyevinn/whip-web-client': typeof import('@eyevinn/whip-web-client');
    'whip-whep': typeof import('whip-whep/whep.js') & typeof import('whip-whep/whip.js');
  };
  stopClient: () => Promise<void>;

  /** axe-core's. */
  axe: { run(options: object): Promise<{ violations: { id: string; impact: string; nodes: { target: string }[] }[] }> };

  /** Of the original JavaScript program's pages. */
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
