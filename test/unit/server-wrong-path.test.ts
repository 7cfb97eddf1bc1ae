import { expect, it, onTestFinished } from 'vitest';
import { serve } from '../../src/server/index.ts';
import { temporaryFolder } from './server-kit.ts';

it('a page that has the path wrong can read the 404', async () => {
  const server = await serve({ dir: await temporaryFolder(), port: 0 });
  onTestFinished(() => server.close(0));
  const origin = 'http://localhost:5173';
  const preflight = await fetch(`${server.url}wrong/recordings`, {
    method: 'OPTIONS',
    headers: {
      Origin: origin,
      'Access-Control-Request-Method': 'PUT',
      'Access-Control-Request-Headers': 'x-a',
    },
  });
  expect(preflight.status).toBe(204);
  expect(preflight.headers.get('Access-Control-Allow-Methods')).toContain('PUT');
  const answer = await fetch(`${server.url}wrong/recordings`, { method: 'PUT', headers: { Origin: origin } });
  expect(answer.status).toBe(404);
  expect(answer.headers.get('Access-Control-Allow-Origin')).toBe(origin);
  const foreign = await fetch(`${server.url}wrong`, { headers: { Origin: 'https://example.org' } });
  expect(foreign.headers.get('Access-Control-Allow-Origin')).toBeNull();
});
