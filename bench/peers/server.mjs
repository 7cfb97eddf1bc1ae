/** The server of `npm run bench`: its page, steadyreel's own storage, and what api.video's recorder asks of its makers' service. */
import { appendFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { serve } from 'steadyreel/server';
import { DIST } from '../../scripts/lib/paths.mjs';
import { bundleScript } from '../lib/bundle.mjs';

const HTML =
  '<!doctype html><meta charset="utf-8"><body><script src="/steadyreel.iife.js"></script><script src="/page.js"></script>';
/** An hour of packets, faster than real time. */
const HOUR = `<!doctype html><meta charset="utf-8"><script>
  const worker = new Worker('/hour.js');
  const feed = (endpoint, frames) => new Promise(resolve => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.postMessage({ endpoint, frames });
  });
</script>`;

/** @param {string} type */
const as = type => ({ headers: { 'Content-Type': type } });

/**
 * A part of a recording, as a form; the answer to the first one names the video. Parts come one after another.
 *
 * @param {string} stored
 * @returns {(request: Request) => Promise<Response>}
 */
const takeParts = stored => async request => {
  const form = await request.formData();
  const [file, given] = [form.get('file'), form.get('videoId')];
  if (!(file instanceof Blob)) return new Response('{"title":"There is no file."}', { status: 400 });
  const videoId = typeof given === 'string' ? given : crypto.randomUUID();
  const folder = join(stored, videoId);
  mkdirSync(folder, { recursive: true });
  appendFileSync(join(folder, '0001.mp4'), new Uint8Array(await file.arrayBuffer()));
  return Response.json({ videoId, title: 'bench' }, { status: 201 });
};

/** @param {string} stored folder of the recordings */
export const startServer = async stored => {
  /** @type {Record<string, (request: Request) => Response | Promise<Response>>} */
  const answers = {
    '/': () => new Response(HTML, as('text/html')),
    '/hour': () => new Response(HOUR, as('text/html')),
    '/upload': takeParts(stored),
  };
  for (const [name, entry] of Object.entries({
    'page.js': 'bench/peers/page.ts',
    'source.js': 'bench/peers/source.worker.ts',
    'floor.js': 'bench/peers/floor.worker.ts',
    'hour.js': 'test/e2e/pages/hour.worker.ts',
  })) {
    const code = await bundleScript(entry);
    answers[`/${name}`] = () => new Response(code, as('text/javascript'));
  }
  const script = readFileSync(join(DIST, 'steadyreel.iife.js'));
  answers['/steadyreel.iife.js'] = () => new Response(script, as('text/javascript'));
  return serve({
    ...{ dir: stored, port: 0 },
    fallback: request =>
      answers[new URL(request.url).pathname]?.(request) ?? new Response(null, { status: 404 }),
  });
};
