/** WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep): an offer is posted, and the answer comes back. */

/** What went wrong between this page and the server; the message can be shown as it is. */
export class WhipError extends Error {
  constructor(
    /** Stable name of the cause. */
    readonly code: string,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

export interface Endpoint {
  url: string;
  /** Bearer token; empty for none. */
  token: string;
}

/** Candidates are looked for so long at the most: most are there at once, and the server may know the way without the rest. */
const GATHERING = 2_000;

const headersOf = ({ token }: Endpoint): Record<string, string> =>
  token === '' ? {} : { Authorization: `Bearer ${token}` };

/** Resolves when all candidates are in the offer, or it takes too long. */
const gathered = (connection: RTCPeerConnection, signal: AbortSignal): Promise<void> =>
  new Promise(resolve => {
    const done = (): void => {
      clearTimeout(timer);
      connection.removeEventListener('icegatheringstatechange', look);
      resolve();
    };
    const look = (): void => {
      if (connection.iceGatheringState === 'complete') done();
    };
    const timer = setTimeout(done, GATHERING);
    connection.addEventListener('icegatheringstatechange', look);
    signal.addEventListener('abort', done, { once: true });
    look();
  });

const REFUSALS: Record<number, [code: string, message: string]> = {
  401: ['whip-unauthorized', 'The server wants a token, or another one than this.'],
  403: ['whip-unauthorized', 'The server does not allow this with this token.'],
  404: ['whip-not-found', 'There is nothing at this address. Check it, and whether the stream is live.'],
  405: ['whip-not-found', 'This address takes no WHIP or WHEP requests. Check it.'],
  406: ['whip-refused', 'The server wants to make the offer itself, which this page does not do.'],
  409: ['whip-refused', 'The stream is not live, or somebody else publishes it.'],
  415: ['whip-not-found', 'This address takes no SDP. Check whether it is that of a WHIP or WHEP endpoint.'],
  503: ['whip-busy', 'The server is busy. Try again in a moment.'],
};

const refusal = async (response: Response): Promise<WhipError> => {
  const [code, message] = REFUSALS[response.status] ?? ['whip-refused', 'The server refused the stream.'];
  const said = (await response.text().catch(() => '')).trim().slice(0, 200);
  const detail = said === '' || said.startsWith('<') ? '' : ` It says: ${said}`;
  return new WhipError(code, `${message} (HTTP ${response.status})${detail}`);
};

const post = async (endpoint: Endpoint, sdp: string, signal: AbortSignal): Promise<Response> => {
  const headers = { ...headersOf(endpoint), 'Content-Type': 'application/sdp', Accept: 'application/sdp' };
  try {
    return await fetch(endpoint.url, { method: 'POST', headers, body: sdp, signal });
  } catch (error) {
    if (signal.aborted) throw error;
    const message =
      'The server does not answer, or does not let this page ask it (CORS). Check the address, and that the server allows this origin.';
    throw new WhipError('whip-unreachable', message, { cause: error });
  }
};

/** A stream that the server knows of. */
export interface Session {
  /** False when the server's answer does not show where the session can be ended. */
  readonly canEnd: boolean;
  /** Tells the server that it is over; `leaving`: the page is being closed. Never throws. */
  end(leaving?: boolean): Promise<void>;
}

const sessionOf = (endpoint: Endpoint, response: Response): Session => {
  const location = response.headers.get('Location');
  const address = location === null ? undefined : new URL(location, response.url).href;
  return {
    canEnd: address !== undefined,
    async end(leaving = false) {
      if (address === undefined) return;
      const request = { method: 'DELETE', headers: headersOf(endpoint), keepalive: leaving };
      await fetch(address, request).catch(() => undefined);
    },
  };
};

/** What is being done, for whoever waits. */
export type Step = 'gathering' | 'asking' | 'answered';

/**
 * Agrees with the server on what a connection sends or receives. Its transceivers have to be there already.
 *
 * @throws WhipError with a message that can be shown; the signal's reason, once it is aborted.
 */
export const agree = async (
  connection: RTCPeerConnection,
  endpoint: Endpoint,
  signal: AbortSignal,
  onStep: (step: Step) => void,
): Promise<Session> => {
  onStep('gathering');
  await connection.setLocalDescription();
  await gathered(connection, signal);
  signal.throwIfAborted();
  onStep('asking');
  const response = await post(endpoint, connection.localDescription?.sdp ?? '', signal);
  if (response.status !== 201) throw await refusal(response);
  const session = sessionOf(endpoint, response);
  try {
    const sdp = await response.text();
    signal.throwIfAborted();
    await connection.setRemoteDescription({ type: 'answer', sdp });
  } catch (error) {
    void session.end();
    if (signal.aborted) throw error;
    const detail = error instanceof Error ? error.message : String(error);
    const message = `The server's answer can't be used: ${detail}`;
    throw new WhipError('whip-answer', message, { cause: error });
  }
  onStep('answered');
  return session;
};
