/** Records the test pattern through three changes. `npm run sample` calls `recordSample`, as does the button. */
import { Recorder, type Recording, tus } from 'steadyreel';
import { createTestPattern, type TestPatternChange } from './test-pattern/index.ts';

declare global {
  interface Window {
    recordSample: typeof recordSample;
  }
}

/** Seconds of each file; a change within the first second of a file would be fitted into it. */
const SECONDS_EACH = 2;

const CHANGES: TestPatternChange[] = [
  { size: { width: 1280, height: 720 } },
  { rotation: 90 },
  { fullRange: true },
];

const element = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;

/** Resolves when the recording has grown by so many seconds. */
const grown = (recorder: Recorder, seconds: number): Promise<void> => {
  const until = recorder.stats.duration + seconds;
  return new Promise((resolve, reject) => {
    const off = [
      recorder.on('progress', ({ duration }) => duration >= until && settle(resolve)),
      recorder.on('error', ({ error }) => settle(() => reject(error))),
    ];
    const settle = (how: () => void): void => {
      for (const remove of off) remove();
      how();
    };
  });
};

/** Resolves with the manifest when every file is stored. */
const recordSample = async (): Promise<Recording> => {
  const pattern = createTestPattern();
  const preview = element<HTMLVideoElement>('preview');
  preview.srcObject = pattern.stream;
  void preview.play().catch(() => undefined);
  const recorder = new Recorder(pattern.stream, {
    storage: tus({ endpoint: new URL('/storage', location.href).href }),
    metadata: { title: 'Sample' },
  });
  try {
    await recorder.start();
    for (const change of CHANGES) {
      await grown(recorder, SECONDS_EACH);
      pattern.set(change);
    }
    await grown(recorder, SECONDS_EACH);
    return await recorder.stop();
  } finally {
    pattern.stop();
  }
};

window.recordSample = recordSample;

const listing = ({ files }: Recording): string =>
  files
    .map(({ key, reason, duration, video }) => {
      const picture =
        video && `${video.codec} ${video.codedWidth}x${video.codedHeight}, rotated ${video.rotation}°`;
      return `${key}\n  ${reason}, ${duration.toFixed(2)} s, ${picture ?? 'no video'}`;
    })
    .join('\n');

const button = element<HTMLButtonElement>('record');
const report = element('report');
button.addEventListener('click', async () => {
  button.disabled = true;
  report.textContent = 'Recording …';
  try {
    report.textContent = listing(await recordSample());
  } catch (error) {
    report.textContent = error instanceof Error ? error.message : String(error);
  } finally {
    button.disabled = false;
  }
});
