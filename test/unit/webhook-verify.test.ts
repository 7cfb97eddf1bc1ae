/** Signatures, against the specification's own example and Node's crypto; and the options that secrets come in by. */
import { describe, expect, it } from 'vitest';
import { createStorageHandler, verifyWebhook, type WebhookOptions } from '../../src/server/index.ts';
import { createS3Handler } from '../../src/server/s3/index.ts';
import { keyBytes, signedHeaders } from '../../src/server/webhooks/signature.ts';
import { OTHER_SECRET, SECRET, signatureOf } from './webhook-kit.ts';

const BODY = '{"id":"evt_1","type":"recording.started","data":{"text":"☃"}}';
const now = (): number => Math.floor(Date.now() / 1000);
const keyOf = (secret: string) => keyBytes(secret) ?? new Uint8Array();

/** A request as somebody with the secret sends it; made without the code that is tested. */
const sent = (overrides: Record<string, string> = {}, body = BODY) => {
  const headers: Record<string, string> = {
    'webhook-id': 'evt_1',
    'webhook-timestamp': String(now()),
    ...overrides,
  };
  headers['webhook-signature'] ??= signatureOf(SECRET, { headers, body });
  return { headers, body };
};
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'accepted',
    error => error.code,
  );

describe('a signature', () => {
  it('is what the specification says', async () => {
    // From the tests of its reference implementation.
    const headers = await signedHeaders([keyOf(SECRET)], {
      ...{ id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestamp: 1614265330, body: '{"test": 2432232314}' },
    });
    expect(headers['webhook-signature']).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  });

  it('is accepted in all forms that a request comes in', async () => {
    const { headers, body } = sent();
    const event = JSON.parse(body);
    const titled = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value]),
    );
    for (const form of [
      new Request('http://app.example/hooks', { method: 'POST', headers, body }),
      { headers, body },
      { headers: titled, body: Buffer.from(body) },
      { headers: new Headers(headers), body },
    ]) {
      expect(await verifyWebhook(form, { secret: SECRET })).toEqual(event);
    }
  });

  it('is accepted among others, and of one of several secrets', async () => {
    const { headers, body } = sent();
    const list = `v1a,abc v1,${'A'.repeat(43)}= ${headers['webhook-signature']}`;
    const mixed = { headers: { ...headers, 'webhook-signature': list }, body };
    expect(await codeOf(verifyWebhook(mixed, { secret: [OTHER_SECRET, SECRET] }))).toBe('accepted');
    expect(await codeOf(verifyWebhook(mixed, { secret: OTHER_SECRET }))).toBe('webhook-forged');
  });

  it.each<[string, ReturnType<typeof sent>, string]>([
    ['no id', sent({ 'webhook-id': '' }), 'webhook-malformed'],
    ['no time', sent({ 'webhook-timestamp': '' }), 'webhook-malformed'],
    ['a time that is none', sent({ 'webhook-timestamp': 'today' }), 'webhook-malformed'],
    ['an old time', sent({ 'webhook-timestamp': String(now() - 301) }), 'webhook-expired'],
    ['a time to come', sent({ 'webhook-timestamp': String(now() + 400) }), 'webhook-expired'],
    ['another body', { ...sent(), body: `${BODY} ` }, 'webhook-forged'],
    ['another id', { ...sent(), headers: { ...sent().headers, 'webhook-id': 'evt_2' } }, 'webhook-forged'],
    ['half a signature', sent({ 'webhook-signature': 'v1,g0hM9SsE' }), 'webhook-forged'],
    ['a signature of another kind', sent({ 'webhook-signature': `v2,${'A'.repeat(43)}=` }), 'webhook-forged'],
    ['a body that is no JSON', sent({}, 'hello'), 'webhook-malformed'],
    ['a body without end', sent({}, ' '.repeat(300_000)), 'webhook-malformed'],
  ])('is refused with %s', async (_, { headers, body }, code) => {
    const request = new Request('http://app.example/', { method: 'POST', headers, body });
    expect(await codeOf(verifyWebhook(request, { secret: SECRET }))).toBe(code);
  });

  it('may be older when the receiver says so', async () => {
    const old = sent({ 'webhook-timestamp': String(now() - 900) });
    expect(await codeOf(verifyWebhook(old, { secret: SECRET, tolerance: 1000 }))).toBe('accepted');
  });
});

describe('the options', () => {
  const url = 'https://app.example/hooks?token=do-not-show';
  const good = { url, secret: SECRET };
  const attempt = (webhook: unknown): unknown => {
    const options = { webhook: webhook as WebhookOptions };
    try {
      const credentials = { accessKeyId: 'id', secretAccessKey: 'key' };
      createS3Handler({ endpoint: 'https://s3.example', bucket: 'b', credentials, ...options });
      return undefined;
    } catch (thrown) {
      return thrown;
    }
  };

  it.each<[unknown, string]>([
    [7, 'Option "webhook"'],
    [{ ...good, url: 'ftp://app.example' }, 'Option "webhook.url"'],
    [{ ...good, url: 'https://user:do-not-show@app.example' }, 'Option "webhook.url"'],
    [{ ...good, secret: undefined }, 'Option "webhook.secret"'],
    [{ ...good, secret: 'do-not-show' }, 'Option "webhook.secret"'],
    [{ ...good, secret: [] }, 'Option "webhook.secret"'],
    [{ ...good, secret: [SECRET, 'whsec_do-not-show'] }, 'Option "webhook.secret"'],
    [{ ...good, secret: `whsec_${btoa('too short')}` }, 'Option "webhook.secret"'],
    [{ ...good, events: ['recording.stopped'] }, 'Option "webhook.events"'],
    [{ ...good, events: [] }, 'Option "webhook.events"'],
    [{ ...good, name: '../up' }, 'Option "webhook.name"'],
    [[good, good], 'Option "webhook.name"'],
    [{ ...good, headers: { 'a b': 'do-not-show' } }, 'Option "webhook.headers"'],
    [{ ...good, timeout: 0 }, 'Option "webhook.timeout"'],
    [{ ...good, giveUpAfter: Number.POSITIVE_INFINITY }, 'Option "webhook.giveUpAfter"'],
    [{ ...good, sekret: 'do-not-show' }, 'Unknown option "webhook.sekret"'],
  ])('%# are refused, and no secret is shown', (webhook, message) => {
    const thrown = attempt(webhook) as Error;
    expect(thrown?.message).toContain(message);
    expect(thrown?.message).not.toContain('do-not-show');
    expect(JSON.stringify(thrown)).not.toContain('do-not-show');
  });

  it('are none, one or several', () => {
    expect(attempt(good)).toBeUndefined();
    expect(attempt([good, { ...good, name: 'other' }])).toBeUndefined();
    expect(createStorageHandler({ dir: import.meta.dirname }).webhooks).toBeUndefined();
  });
});
