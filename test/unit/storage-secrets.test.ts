/** What is written down on this device of where a recording goes holds nothing that lets anybody in. */
import { expect, it } from 'vitest';
import { s3 } from '../../src/storage/s3/s3.ts';
import { storageName } from '../../src/storage/storage.ts';
import { tus } from '../../src/storage/tus/tus.ts';

const SECRET = 'Bearer let-me-in';

it.each([
  ['tus', tus],
  ['s3', s3],
])('the journal knows of %s only what it is and where', (kind, make) => {
  const endpoint = 'https://storage.example/storage';
  const { config } = make({ endpoint, headers: { Authorization: SECRET } });
  expect(JSON.stringify(config)).toContain(SECRET);
  expect(storageName(config)).toEqual({ kind, endpoint });
});
