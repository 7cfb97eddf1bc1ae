/** A recording that begins where another one ends, or is not to begin after all. */
import { expect, it, vi } from 'vitest';
import type { SessionSetup } from '../../src/worker/protocol.ts';
import { Turn } from '../../src/worker/turn.ts';

/** Stands in for a frame, or a piece of sound. */
interface Item {
  timestamp: number;
  close(): void;
}

/** A track that gives what it is fed, as a recording that waits for its turn reads it. */
class Track {
  readonly closed: number[] = [];
  #controller: ReadableStreamDefaultController<Item> | undefined;
  readonly readable = new ReadableStream<Item>(
    { start: controller => void (this.#controller = controller) },
    { highWaterMark: Number.POSITIVE_INFINITY },
  );

  feed(...timestamps: number[]): void {
    for (const timestamp of timestamps)
      this.#controller?.enqueue({ timestamp, close: () => this.closed.push(timestamp) });
  }
}

const held = (): {
  turn: Turn;
  asked: ReturnType<typeof vi.fn>;
  answer(last: number | undefined): void;
  video: Track;
  audio: Track;
  given: Record<'video' | 'audio', number[]>;
  /** As what reads them does when it has waited long enough. */
  end(): Promise<void>;
} => {
  const asked = vi.fn();
  const port = { onmessage: undefined as unknown, postMessage: asked };
  const turn = new Turn(port as unknown as MessagePort);
  const [video, audio] = [new Track(), new Track()];
  const setup = turn.hold({
    video: { readable: video.readable },
    audio: { readable: audio.readable },
  } as unknown as SessionSetup);
  const given = { video: [] as number[], audio: [] as number[] };
  const readers = (['video', 'audio'] as const).map(kind => {
    const reader = (setup[kind] as unknown as { readable: ReadableStream<Item> }).readable.getReader();
    const read = async (): Promise<void> => {
      for (let item = await reader.read(); !item.done; item = await reader.read())
        given[kind].push(item.value.timestamp);
    };
    return { reader, over: read() };
  });
  return {
    ...{ turn, asked, video, audio, given },
    answer: data => (port.onmessage as (event: { data: number | undefined }) => void)({ data }),
    end: async () => {
      for (const { reader, over } of readers) {
        await reader.cancel();
        await over;
      }
    },
  };
};

it('begins behind the last frame of the one that ends', async () => {
  const { turn, asked, answer, video, audio, given, end } = held();
  video.feed(100, 133, 166);
  audio.feed(90, 110);
  turn.begin();
  await vi.waitFor(() => expect(asked).toHaveBeenCalledExactlyOnceWith(100));
  expect(given).toEqual({ video: [], audio: [] });
  answer(133);
  await vi.waitFor(() => expect(given).toEqual({ video: [166], audio: [90, 110] }));
  expect(video.closed).toEqual([100, 133]);
  // That it is told to end afterwards changes nothing.
  expect(turn.giveUp()).toBe(false);
  video.feed(200);
  await vi.waitFor(() => expect(given.video).toEqual([166, 200]));
  await end();
});

it('that is given up before it has asked leaves everything to the one before', async () => {
  const { turn, asked, video, audio, given, end } = held();
  video.feed(100, 133);
  audio.feed(90, 110);
  expect(turn.giveUp()).toBe(true);
  // What comes while it is read on; also with timestamps that run back.
  video.feed(166, 150, 150);
  audio.feed(120);
  await vi.waitFor(() => expect([...video.closed, ...audio.closed]).toHaveLength(8));
  await end();
  expect(given).toEqual({ video: [], audio: [] });
  expect(asked).not.toHaveBeenCalled();
});

it('that is given up before anything has come, too', async () => {
  const { turn, asked, video, audio, given, end } = held();
  turn.giveUp();
  video.feed(100, 133);
  audio.feed(90);
  await vi.waitFor(() => expect([...video.closed, ...audio.closed]).toHaveLength(3));
  await end();
  expect(given).toEqual({ video: [], audio: [] });
  expect(asked).not.toHaveBeenCalled();
});
