/** Which recordings are shown, and in which order. Pure. */
import type { Recording } from 'steadyreel';
import * as describe from './describe.ts';
import * as format from './format.ts';

/** What is to be shown. */
export interface Wanted {
  /** All of its words have to be there. */
  text: string;
  kind: 'all' | 'original' | 'composited' | 'clip' | 'attention';
  order: 'newest' | 'longest' | 'largest';
}

/** Bytes of a recording in storage, with its thumbnails. */
export const bytesOf = ({ files, thumbnails }: Recording): number =>
  describe.totalBytes(files) + (thumbnails?.bytes ?? 0);

/** What is searched in: what the card says. */
const wordsOf = (recording: Recording): string => {
  const { startedAt, files, kind } = recording;
  const parameters = files.flatMap(file => describe.parameters(file, undefined).map(({ text }) => text));
  const reasons = files.map(file => describe.reason(file).short);
  return [describe.title(recording), format.moment(startedAt), kind, ...parameters, ...reasons]
    .join(' ')
    .toLowerCase();
};

const isOfKind = ({ kind, state }: Recording, wanted: Wanted['kind']): boolean => {
  if (wanted === 'all') return true;
  return wanted === 'attention' ? state !== 'complete' : kind === wanted;
};

const ORDERS: Record<Wanted['order'], (a: Recording, b: Recording) => number> = {
  newest: (a, b) => Date.parse(b.startedAt) - Date.parse(a.startedAt),
  longest: (a, b) => b.duration - a.duration,
  largest: (a, b) => bytesOf(b) - bytesOf(a),
};

/** Those that are wanted, in order. */
export const select = (recordings: readonly Recording[], { text, kind, order }: Wanted): Recording[] => {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return recordings
    .filter(recording => isOfKind(recording, kind))
    .filter(recording => {
      const said = words.length > 0 ? wordsOf(recording) : '';
      return words.every(word => said.includes(word));
    })
    .sort(ORDERS[order]);
};
