/** A page that records a counting picture and a tone, tells which frames it has made, and finishes what it finds. */
import {
  device,
  Recorder,
  type RecorderStats,
  type Recording,
  recover,
  type Storage,
  s3,
  tus,
  unfinishedRecordings,
} from 'steadyreel';
import { AudioSource, VideoSource } from '../../browser/support/source.ts';

/** Where a recording goes, as a test says it. */
export type Place = 'device' | 'tus' | 's3';

/** Bits a second of a recording of one size. */
const STEADY_BITRATE = 8_000_000;
/** Frames after which the picture has another size. */
const FRAMES_OF_A_SIZE = 37;
const SIZES = [
  { width: 320, height: 180 },
  { width: 240, height: 180 },
  { width: 180, height: 240 },
];

const query = new URLSearchParams(location.search);

const storageAt = (place: Place): Storage => {
  if (place === 'device') return device();
  const endpoint = query.get(place) ?? '/storage';
  return place === 'tus' ? tus({ endpoint }) : s3({ endpoint });
};

/** What a recording has told, and where it is. */
export interface Told {
  state: string;
  warnings: string[];
  errors: string[];
  recording: Recording | undefined;
  recordedBytes: number;
  framesIn: number;
}

interface Running {
  recorder: Recorder;
  warnings: string[];
  errors: string[];
  video: VideoSource;
  audio: AudioSource;
  fed: boolean;
  /** One size, and much to store. */
  steady: boolean;
}

const running: Running[] = [];

/** Chromium's binding: what is given to it reaches the test at once. */
declare const report: (message: string) => void;

const feed = async (one: Running, id: string): Promise<void> => {
  const { video, audio } = one;
  void (async () => {
    while (!one.fed) await audio.feed(0.1);
  })();
  while (!one.fed) {
    const size = SIZES[Math.floor(video.count / FRAMES_OF_A_SIZE) % SIZES.length];
    await video.feed(1, one.steady ? { random: true } : size);
    report(JSON.stringify({ id, frames: video.count }));
  }
};

/** Starts a recording and feeds it until the page is no more. */
const begin = async (place: Place, steady = false): Promise<string> => {
  const video = new VideoSource();
  const audio = new AudioSource();
  const recorder = new Recorder(new MediaStream([video.track, audio.track]), {
    storage: storageAt(place),
    cut: { minFileDuration: 0.5 },
    ...(steady ? { video: { bitrate: STEADY_BITRATE } } : {}),
  });
  const [warnings, errors]: [string[], string[]] = [[], []];
  recorder.on('warning', ({ code }) => warnings.push(code));
  recorder.on('error', ({ error }) => errors.push(error.code));
  await recorder.start();
  const one = { recorder, video, audio, fed: false, steady, warnings, errors };
  running.push(one);
  const id = recorder.recording?.id ?? '';
  void feed(one, id);
  return id;
};

/** What came of a recording that was stopped. */
export interface Stopped {
  recording: Recording;
  /** Frames that its track was given. */
  fed: number;
  stats: RecorderStats;
}

/** Stops all of them; resolves when they are in storage. */
const stopAll = async (): Promise<Stopped[]> =>
  Promise.all(
    running.map(async one => {
      one.fed = true;
      const recording = await one.recorder.stop();
      return { recording, fed: one.video.count, stats: one.recorder.stats };
    }),
  );

const told = async (): Promise<Told[]> =>
  running.map(({ recorder: { state, recording, stats }, warnings, errors }) => ({
    ...{ state, recording, warnings, errors },
    ...{ recordedBytes: stats.recordedBytes, framesIn: stats.framesIn },
  }));

const recoverAll = async (): Promise<Recording[]> => [
  ...(await recover({ storage: storageAt('device') })),
  ...(await recover({ storage: storageAt('tus') })),
];

/** Ids of what is left to be finished. */
const unfinished = async (): Promise<string[]> =>
  (
    await Promise.all(
      [storageAt('device'), storageAt('tus')].map(storage => unfinishedRecordings({ storage })),
    )
  )
    .flat()
    .map(({ id }) => id);

/** Copies what this device keeps to where the test can look at it. */
const handOver = async (): Promise<void> => {
  for (const recording of await device().list()) {
    const put = (name: string, body: Blob): Promise<Response> =>
      fetch(`/kept/${recording.id}/${name}`, { method: 'PUT', body });
    for (const { key } of recording.files) await put(key.split('/').at(-1) ?? '', await device().read(key));
    await put('manifest.json', new Blob([JSON.stringify(recording)]));
    await device().delete(recording.id);
  }
};

/** Bytes that it has taken on its device. */
const taken = async (): Promise<number> => (await navigator.storage.estimate()).usage ?? 0;

const page = { begin, stopAll, told, taken, recoverAll, unfinished, handOver };
export type CrashPage = typeof page;
Object.assign(globalThis, { page });
