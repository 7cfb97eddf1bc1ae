/** A stream from or to a media server, from the first step to its end. */
import { tap } from 'steadyreel';
import { prefer } from './codecs.ts';
import { agree, type Endpoint, type Session, WhipError } from './whip.ts';

/** What is told of it: a sentence, and whether it has ended. */
export interface Told {
  text: string;
  state: 'connecting' | 'connected' | 'over';
}

const STEPS = {
  gathering: 'Looking for a way to the server…',
  asking: 'Asking the server…',
  answered: 'Connecting…',
};

/** The server has agreed, and no media come: then the way to it is blocked. */
const LONGEST_CONNECT = 15_000;

export class ServerStream {
  /** Tapped when it is made, so that it can be recorded at any time. */
  readonly connection = tap(new RTCPeerConnection({ bundlePolicy: 'max-bundle' }));
  /** What is received, or sent. */
  readonly media: MediaStream;
  readonly #tell: (told: Told) => void;
  readonly #cancel = new AbortController();
  #session: Session | undefined;
  #over = false;

  /** @param sent what is published; without it, what the server sends is received. */
  constructor(sent: { stream: MediaStream; codec: string } | undefined, tell: (told: Told) => void) {
    this.#tell = tell;
    this.media = sent?.stream ?? new MediaStream();
    if (sent) this.#send(sent);
    else this.#receive();
    this.connection.addEventListener('connectionstatechange', () => this.#onState());
  }

  #send({ stream, codec }: { stream: MediaStream; codec: string }): void {
    for (const track of stream.getTracks()) {
      const init: RTCRtpTransceiverInit = { direction: 'sendonly', streams: [stream] };
      const transceiver = this.connection.addTransceiver(track, init);
      if (track.kind === 'video') prefer(transceiver, codec);
    }
  }

  #receive(): void {
    for (const kind of ['video', 'audio']) this.connection.addTransceiver(kind, { direction: 'recvonly' });
    this.connection.addEventListener('track', ({ track }) => this.media.addTrack(track));
  }

  /**
   * Resolves when media can flow.
   *
   * @throws WhipError with a message that can be shown; the stream has ended then. Resolves early when it is closed meanwhile.
   */
  async open(endpoint: Endpoint): Promise<void> {
    const { signal } = this.#cancel;
    try {
      const onStep = (step: keyof typeof STEPS): void => this.#say(STEPS[step], 'connecting');
      this.#session = await agree(this.connection, endpoint, signal, onStep);
      if (signal.aborted) return void this.#session.end();
      await this.#connected(signal);
    } catch (error) {
      if (signal.aborted) return;
      this.close('Not connected');
      throw error;
    }
  }

  #connected(signal: AbortSignal): Promise<void> {
    const { connection } = this;
    return new Promise((resolve, reject) => {
      const blocked = (): void => {
        const message =
          'The server agreed, but no way to it was found: a firewall may be in between, or the server names addresses that can’t be reached.';
        reject(new WhipError('whip-no-way', message));
      };
      const timer = setTimeout(blocked, LONGEST_CONNECT);
      const look = (): void => {
        if (connection.connectionState === 'connected') resolve();
        else if (connection.connectionState === 'failed') blocked();
        else return;
        clearTimeout(timer);
      };
      connection.addEventListener('connectionstatechange', look);
      signal.addEventListener('abort', () => {
        clearTimeout(timer);
        resolve();
      });
      look();
    });
  }

  #onState(): void {
    switch (this.connection.connectionState) {
      case 'connected':
        return this.#say(
          this.#session?.canEnd === false
            ? 'Connected. The server does not show this page how to end the session (Location header); it will notice by itself.'
            : 'Connected',
          'connected',
        );
      case 'disconnected':
        return this.#say('The connection is unsteady…', 'connected');
      case 'failed':
      case 'closed':
        // While it is being opened, open() says what was wrong.
        if (this.#session) this.close('The connection was lost');
    }
  }

  #say(text: string, state: Told['state']): void {
    if (!this.#over) this.#tell({ text, state });
  }

  /** Ends it, and tells the server. */
  close(text = 'Not connected', leaving = false): void {
    if (this.#over) return;
    this.#cancel.abort();
    void this.#session?.end(leaving);
    this.connection.close();
    this.#say(text, 'over');
    this.#over = true;
  }
}
