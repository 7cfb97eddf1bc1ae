import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Emitter } from '../../src/emitter.ts';

interface Events {
  count: number;
  name: { text: string };
}

const reported = vi.fn();
beforeEach(() => vi.stubGlobal('reportError', reported));
afterEach(() => {
  vi.unstubAllGlobals();
  reported.mockReset();
});

describe('events', () => {
  it('reach all who listen to that name, in the order in which they came, with what was sent', () => {
    const events = new Emitter<Events>();
    const heard: unknown[] = [];
    events.on('count', count => heard.push(['one', count]));
    events.on('count', count => heard.push(['two', count]));
    events.on('name', ({ text }) => heard.push(['three', text]));
    events.emit('count', 5);
    expect(heard).toEqual([
      ['one', 5],
      ['two', 5],
    ]);
    const event = { text: 'hello' };
    const listener = vi.fn();
    events.on('name', listener);
    events.emit('name', event);
    expect(heard.at(-1)).toEqual(['three', 'hello']);
    expect(listener.mock.calls[0]?.[0]).toBe(event);
  });

  it('that nobody listens to do no harm', () => {
    expect(() => new Emitter<Events>().emit('count', 1)).not.toThrow();
  });

  it('are not heard any more once the listener is removed, and by nobody else less', () => {
    const events = new Emitter<Events>();
    const [gone, stays] = [vi.fn(), vi.fn()];
    const remove = events.on('count', gone);
    events.on('count', stays);
    events.emit('count', 1);
    remove();
    remove();
    events.emit('count', 2);
    expect(gone.mock.calls).toEqual([[1]]);
    expect(stays.mock.calls).toEqual([[1], [2]]);
  });

  it('a listener may remove itself, and others may be added, while an event is told', () => {
    const events = new Emitter<Events>();
    const [late, last] = [vi.fn(), vi.fn()];
    const once = vi.fn(() => {
      remove();
      events.on('count', late);
    });
    const remove = events.on('count', once);
    events.on('count', last);
    events.emit('count', 1);
    events.emit('count', 2);
    expect(once).toHaveBeenCalledTimes(1);
    // Those who came meanwhile hear the next one.
    expect(late.mock.calls).toEqual([[2]]);
    expect(last.mock.calls).toEqual([[1], [2]]);
  });

  it('a fault in a listener is reported to the page, and keeps the event from nobody', () => {
    const events = new Emitter<Events>();
    const fault = new Error('a typo in the page');
    const next = vi.fn();
    events.on('count', () => {
      throw fault;
    });
    events.on('count', next);
    expect(() => events.emit('count', 1)).not.toThrow();
    expect(next).toHaveBeenCalledTimes(1);
    expect(reported.mock.calls).toEqual([[fault]]);
  });

  it('told while another is told come in between', () => {
    const events = new Emitter<Events>();
    const heard: string[] = [];
    events.on('count', count => {
      heard.push(`count ${count}`);
      if (count === 1) events.emit('name', { text: 'inner' });
    });
    events.on('name', ({ text }) => heard.push(text));
    events.on('count', count => heard.push(`again ${count}`));
    events.emit('count', 1);
    expect(heard).toEqual(['count 1', 'inner', 'again 1']);
  });
});
