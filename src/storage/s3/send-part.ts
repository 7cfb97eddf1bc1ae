/** One part on its way into the store, seen while it goes. */

/** Where it goes and what it is. */
export interface PartRequest {
  url: string;
  headers: Record<string, string>;
  body: Uint8Array<ArrayBuffer>;
}

/** Statuses of answers that have no body, and may not be given one. */
const BODILESS = [204, 205, 304];

/** The answer with all of its body: it comes in time with it, or it has not come. */
export const whole = async (response: Response): Promise<Response> => {
  const { status, statusText, headers } = response;
  const body = BODILESS.includes(status) ? null : await response.text();
  return new Response(body, { status, statusText, headers });
};

/** Asked for by its name, one that this page may not see would be told of in the console. */
const etagOf = (headers: string): string | undefined => /^etag: (.*)/im.exec(headers)?.[1];

/** Resolves when the answer is there with all of its body. */
const sent = (request: XMLHttpRequest, body: Uint8Array<ArrayBuffer>, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const abort = (): void => request.abort();
    signal.addEventListener('abort', abort);
    request.onloadend = () => {
      signal.removeEventListener('abort', abort);
      if (request.status) resolve();
      else reject(signal.reason ?? new TypeError('no answer'));
    };
    request.send(body);
  });

/**
 * Puts a part. `fetch` does not tell what of a body has gone: where there is `XMLHttpRequest`, `onSent` hears of it.
 *
 * @param onSent is told how many bytes have left so far.
 */
export const sendPart = async (
  { url, headers, body }: PartRequest,
  signal: AbortSignal,
  onSent: (bytes: number) => void,
): Promise<Response> => {
  const method = 'PUT';
  if (typeof XMLHttpRequest === 'undefined')
    return whole(await fetch(url, { method, headers, body, signal }));
  const request = new XMLHttpRequest();
  request.open(method, url);
  for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
  request.upload.onprogress = ({ loaded }) => onSent(loaded);
  await sent(request, body, signal);
  const { status, responseText } = request;
  const ETag = etagOf(request.getAllResponseHeaders());
  const init = { status, headers: ETag ? { ETag } : {} };
  return new Response(BODILESS.includes(status) ? null : responseText, init);
};
