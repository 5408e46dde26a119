// Things that page.mjs keeps in its pages.

interface Window {
  negotiate: typeof import('../../e2e/whip_whep.mjs').negotiate;
  JanusSession: typeof import('./janus_session.mjs').JanusSession;
  bench: {
    /** From the POST, or what is Janus's for it, to the first frame. */
    play(way: import('./page.mjs').Way): Promise<number>;
    /** From a talker's POST to the first frame of a viewer that waits for it. */
    publishAndPlay(way: import('./page.mjs').Way): Promise<number>;
    /** The sizes that a talker's encoder sends in this time, each when it began. */
    watchSize(
      way: import('./page.mjs').Way,
      wanted: { width: number; height: number; bitrate: number; forMs: number },
    ): Promise<import('./page.mjs').Size[]>;
  };
}
