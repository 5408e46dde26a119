// The client as pages and tests see it: the types of what the bindings bind. Type checks read this file alone;
// it is not served. tests/wasm compares it with the C++.

export type Link = 'idle' | 'connecting' | 'joined' | 'reconnecting' | 'unreachable' | 'refused';
export type Stage = 'idle' | 'starting' | 'preview' | 'on_air';
export type ViewerState = 'connecting' | 'live' | 'reconnecting';
export type Picture = 'waiting' | 'requesting' | 'connecting' | 'live' | 'reconnecting' | 'ended' | 'full' | 'failed';
export type Quality = 'good' | 'fair' | 'poor';
export type PictureSize = 'small' | 'standard' | 'large';
export type SoundMode = 'speech' | 'music';
export type DeviceState = 'idle' | 'starting' | 'live' | 'missing' | 'busy' | 'refused' | 'failed' | 'lost' | 'interrupted' | 'frameless';
export type Sent = 'live' | 'none' | 'interrupted';
export type ChatRefusal = 'too_fast' | 'too_long' | 'muted';
export type Notice =
  | 'none'
  | 'no_local_stream'
  | 'no_signaling'
  | 'camera_refused'
  | 'no_camera'
  | 'camera_in_use'
  | 'insecure_context'
  | 'screen_refused'
  | 'screen_not_supported'
  | 'media_failed'
  | 'media_ended'
  | 'microphone_replaced'
  | 'switch_failed'
  | 'screen_ended'
  | 'connection_failed';

/** An error code of PROTOCOL.md, or empty. A newer server may know more codes than we. */
export type Refusal = string;

export interface ViewerView {
  id: string;
  number: number;
  name: string;
  state: ViewerState;
  muted: boolean;
  bitsPerSecond: number;
  roundTrip: number | null;
  loss: number | null;
  /** Latency that the viewer reported, in ms; only for a viewer on the forwarder. */
  latency: number | null;
  /** As far as known. */
  quality: Quality | null;
  /** Number of WHEP players that watch through the forwarder; null for other viewers. */
  players: number | null;
}

/** Numbers of viewers. */
export interface ReceptionSums {
  good: number;
  fair: number;
  poor: number;
  /** Not measured yet. */
  unknown: number;
}

export interface Device {
  kind: 'camera' | 'microphone';
  id: string;
  label: string;
}

/** The ids of devices; an empty one leaves it to the browser. */
export interface MediaChoice {
  camera: string;
  microphone: string;
  size: PictureSize;
  sound: SoundMode;
}

export interface TalkView {
  link: Link;
  refusal: Refusal;
  stage: Stage;
  viewers: number;
  connecting: number;
  watching: number;
  uplinkBps: number;
  capacity: number;
  /** In order of arrival; beyond 50 viewers only the worst ten, and `reception` has the sums. */
  audience: ViewerView[];
  reception: ReceptionSums | null;
  /** On the clock of performance.now(). */
  onAirSince: number | null;
  sharesScreen: boolean;
  /** State of the picture that is sent, of a camera or a screen, and of the microphone. */
  picture: DeviceState;
  microphone: DeviceState;
  microphoneOn: boolean;
  cameraOn: boolean;
  locked: boolean;
  /** How the picture travels; `forwarded` viewers get it from the server's forwarder. */
  forwarding: 'direct' | 'asking' | 'forwarded' | 'returning';
  forwarded: number;
  canForward: boolean;
  keepsDirect: boolean;
  devices: Device[];
  choice: MediaChoice;
  notice: Notice;
}

export interface Reception {
  quality: Quality;
  bitsPerSecond: number;
  loss: number;
  latency: number | null;
  width: number;
  height: number;
  framesPerSecond: number;
  codec: string;
  relayed: boolean;
}

export interface WatchView {
  link: Link;
  refusal: Refusal;
  name: string | null;
  picture: Picture;
  notice: Notice;
  chatOpen: boolean;
  chatMuted: boolean;
  /** Picture and sound that the talker announces. */
  pictureSent: Sent;
  soundSent: Sent;
  /** The picture comes from the server's forwarder. */
  forwarded: boolean;
  reception: Reception | null;
}

export interface ChatLine {
  id: number;
  name: string;
  text: string;
  host: boolean;
  yours: boolean;
  /** The viewer who wrote it; known to the talker alone. */
  author: string;
  /** The talker who numbered the line, where there may be several. */
  from?: string;
}

export type ChatEvent =
  | ({ kind: 'line' } & ChatLine)
  | { kind: 'removed'; id: number; from?: string }
  | { kind: 'cleared'; from?: string }
  | { kind: 'refused'; reason: ChatRefusal };

/** As PageOptions in client.hpp describes them. */
export interface PageOptions<View> {
  url: string;
  socket?: WebSocket;
  room: string;
  video: HTMLVideoElement;
  changed?: (view: View) => void;
  text?: (from: string, text: string) => void;
  chat?: (event: ChatEvent) => void;
  tile?: (id: string, stream: MediaStream | null) => void;
  crossfade?: (shown: MediaStream, sound: MediaStreamTrack[]) => boolean;
  remember?: (token: string) => void;
  token?: string | null;
  entryToken?: string | null;
  trace?: boolean;
}

export interface Client<View> {
  start(): void;
  wake(): void;
  leave(): void;
  sendText(text: string): void;
  say(name: string, text: string): void;
  view(): View;
  /** embind's own: frees the C++ object. */
  delete(): void;
}

export interface TalkClient extends Client<TalkView> {
  startVideo(): void;
  startScreen(): void;
  preview(): void;
  choose(choice: MediaChoice): void;
  switchMicrophone(on: boolean): void;
  switchCamera(on: boolean): void;
  removeChatLine(id: number): void;
  mute(viewer: string, muted: boolean): void;
  onAir(): void;
  stopVideo(): void;
  lockRoom(locked: boolean): void;
  keepDirect(direct: boolean): void;
  removeViewer(viewer: string): void;
  endRoom(): void;
}

export interface WatchClient extends Client<WatchView> {
  request(): void;
}

export type RecordingState = 'idle' | 'starting' | 'recording' | 'saving';
export type RecordingTrouble =
  | 'none'
  | 'in_memory'
  | 'storage_full'
  | 'memory_full'
  | 'broke_off'
  | 'nothing_came'
  | 'stalled'
  | 'not_recorded'
  | 'not_saved';

export interface RecordingView {
  state: RecordingState;
  trouble: RecordingTrouble;
  /** Numbers of the kept files that were never saved, oldest first. */
  unsaved: number[];
  /** Numbers of the kept files that were saved: the browser does not say if the download finished. */
  copies: number[];
}

/** recording_session.hpp says what each does, and which of Recording's functions to call then. */
export type RecordingCommand =
  | 'open_store'
  | 'start_recorder'
  | 'stop_recorder'
  | 'store_piece'
  | 'keep_piece'
  | 'save_file'
  | 'drop_file'
  | 'take_file';

export interface RecordingPage {
  perform(command: RecordingCommand, file: number): void;
  changed(): void;
}

export interface Recording {
  press(): void;
  streamReplaced(): void;
  streamGone(): void;
  storeOpened(file: number): void;
  storeRefused(file: number): void;
  pieceRecorded(file: number, bytes: number): void;
  pieceStored(file: number): void;
  storingFailed(file: number): void;
  recorderStopped(file: number): void;
  recorderFailed(file: number): void;
  recorderSilent(file: number): void;
  fileSaved(file: number): void;
  savingFailed(file: number): void;
  fileDropped(file: number): void;
  fileFound(wasSaved: boolean): void;
  saveKept(): void;
  deleteKept(): void;
  view(): RecordingView;
}

export interface WebmFile {
  read(piece: Uint8Array): void;
  header(): { bytes: Uint8Array<ArrayBuffer>; replaced: number } | null;
  /** embind's own: frees the C++ object. */
  delete(): void;
}

export interface Onair {
  Recording: new (page: RecordingPage) => Recording;
  WebmFile: new () => WebmFile;
  TalkClient: new (options: PageOptions<TalkView>) => TalkClient;
  WatchClient: new (options: PageOptions<WatchView>) => WatchClient;
  /** The room that a page's location.search names, or why it names none. */
  roomOfQuery(query: string): { room: string; error?: undefined } | { room?: undefined; error: string };
  HEAP8: Int8Array;
}

/** Loads the client. */
export default function createOnair(options?: { wasmBinary?: Uint8Array }): Promise<Onair>;
