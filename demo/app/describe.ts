/** What a file is and why it began, in words. Pure. */
import type { CutReason, RecordedFile, Recording } from 'steadyreel';
import * as format from './format.ts';

interface Reason {
  /** For a place where there is little room. */
  short: string;
  /** Completes "it began because …". */
  because: string;
}

const REASONS: Record<CutReason, Reason> = {
  start: { short: 'Start', because: 'the recording began' },
  'video-size': { short: 'Frame size', because: 'the frame size changed' },
  'video-rotation': { short: 'Rotation', because: 'the rotation changed' },
  'video-color': { short: 'Colour', because: 'the colour space or range changed' },
  'video-codec': { short: 'Video codec', because: 'the video codec changed' },
  'video-description': { short: 'Video stream', because: 'the encoder described its stream anew' },
  'audio-sample-rate': { short: 'Sample rate', because: 'the sample rate changed' },
  'audio-channels': { short: 'Channels', because: 'the number of channels changed' },
  'audio-codec': { short: 'Audio codec', because: 'the audio codec changed' },
  'max-duration': { short: 'Longest file', because: 'the file before it had reached its longest duration' },
  'max-bytes': { short: 'Largest file', because: 'the file before it had reached its largest size' },
  'track-added': { short: 'New track', because: 'a track was added' },
  'track-removed': { short: 'Track gone', because: 'a track was removed' },
  'encoder-restart': { short: 'Encoder', because: 'the encoder was restarted' },
  'source-resumed': { short: 'Resumed', because: 'the source came back' },
};

/** Why a file began. */
export const reason = (file: RecordedFile): Reason => REASONS[file.reason];

/** A parameter of a file as a short text; `changed` when the file before it had another. */
export interface Parameter {
  name: string;
  text: string;
  changed: boolean;
}

const RANGE = new Map<boolean | null, string>([
  [true, 'full range'],
  [false, 'limited range'],
]);

const texts = ({ video, audio }: RecordedFile): [name: string, text: string][] => {
  const list: [string, string][] = [];
  if (video) {
    const { rotation, flip, colorSpace } = video;
    list.push(['Frame size', `${video.codedWidth} × ${video.codedHeight}`]);
    list.push(['Rotation', flip ? `${rotation}° mirrored` : `${rotation}°`]);
    list.push(['Range', RANGE.get(colorSpace.fullRange) ?? 'range not known']);
    if (colorSpace.matrix) list.push(['Matrix', colorSpace.matrix]);
    list.push(['Video codec', format.codec(video.codec)]);
  }
  if (audio) {
    list.push(['Audio codec', format.codec(audio.codec)]);
    list.push(['Sample rate', format.sampleRate(audio.sampleRate)]);
    list.push(['Channels', format.channels(audio.numberOfChannels)]);
  }
  return list;
};

/** A file's parameters, those marked that are new against the file before it. */
export const parameters = (file: RecordedFile, before: RecordedFile | undefined): Parameter[] => {
  const old = before && new Map(texts(before));
  return texts(file).map(([name, text]) => ({
    name,
    text,
    changed: old !== undefined && old.get(name) !== text,
  }));
};

/** One sentence for those who listen. */
export const sentence = (file: RecordedFile, before: RecordedFile | undefined): string => {
  const changes = parameters(file, before).filter(parameter => parameter.changed);
  const now = changes.map(({ name, text }) => `${name.toLowerCase()} ${text}`).join(', ');
  const began = `File ${file.index} begins at ${format.inSeconds(file.startTime)} because ${reason(file).because}`;
  return now ? `${began}: ${now}.` : `${began}.`;
};

/** Width over height as it is shown, after rotation. */
export const displayAspect = (file: RecordedFile): number => {
  if (!file.video) return 1;
  const { codedWidth, codedHeight, pixelAspectRatio, rotation } = file.video;
  const aspect = (codedWidth * (pixelAspectRatio || 1)) / codedHeight;
  return rotation % 180 === 0 ? aspect : 1 / aspect;
};

/** Size of all files in bytes. */
export const totalBytes = (files: readonly RecordedFile[]): number =>
  files.reduce((sum, file) => sum + file.bytes, 0);

/** What it is called. */
export const title = ({ metadata, kind }: Recording): string => {
  if (typeof metadata.title === 'string' && metadata.title.trim() !== '') return metadata.title;
  return kind === 'clip' ? 'Clip' : 'Recording';
};

/** What kind it is, where that is not the usual one. */
export const kind = ({ kind }: Recording): string | undefined =>
  ({ original: undefined, composited: 'With overlays', clip: 'Clip' })[kind];

/** How the frames came to be, where they are a call's own. */
export const method = ({ method }: Recording): string | undefined =>
  method === 'passthrough' ? 'as the call was encoded' : undefined;

/** What went less than well, a sentence for each: what was lost, and why a call was encoded anew. */
export const troubles = ({ events }: Recording): string[] =>
  events.flatMap(event => {
    if (event.type === 'warning' && event.code === 'passthrough-unavailable') return [event.message];
    if (event.type !== 'loss') return [];
    const { time, duration, frames } = event;
    return [
      `At ${format.duration(time)}, the picture stands still for ${format.inSeconds(duration)}: of ${format.count(frames, 'frame')} that came, what they are predicted from is missing.`,
    ];
  });
