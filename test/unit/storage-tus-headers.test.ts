import { describe, expect, it } from 'vitest';
import { type TusOptions, tus } from '../../src/storage/tus/tus.ts';

const make = (headers: unknown) => () =>
  tus({ endpoint: 'https://storage.example/storage', headers } as TusOptions);
const SECRET = 'let-me-in';

describe('headers', () => {
  it.each([
    ['a function as a value', { Authorization: () => `Bearer ${SECRET}` }],
    ['a number', { 'X-Tenant': 42 }],
    ['nothing', { Authorization: undefined }],
    ['null', null],
    ['a text', `Authorization: ${SECRET}`],
    ['a list', [['Authorization', SECRET]]],
    ['a Headers object', new Headers({ Authorization: SECRET })],
    ['a Map', new Map([['Authorization', SECRET]])],
    ['a line break in a value', { Authorization: `${SECRET}\nx: y` }],
    ['a space in a name', { 'My Header': SECRET }],
  ])('%s: refused at once, without the secret in the message', (_, headers) => {
    expect(make(headers)).toThrow(expect.objectContaining({ code: 'option-invalid', option: 'tus.headers' }));
    expect(make(headers)).not.toThrow(SECRET);
  });

  it.each([[{}], [{ Authorization: SECRET }], [Object.assign(Object.create(null), { 'X-A': '' })]])(
    '%j is taken, and can go to the worker',
    headers => {
      const { config } = make(headers)();
      expect(structuredClone(config)).toMatchObject({ headers: { ...headers } });
    },
  );
});
