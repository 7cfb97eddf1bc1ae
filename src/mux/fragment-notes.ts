/** Keeps the muxer's memory flat while a file grows. */
import type { Output } from 'mediabunny';

/**
 * What the muxer keeps of each movie fragment until the end of the file, where it writes an index of them. The index
 * takes nothing but the time of the first sample, yet a note of every sample is kept: 40 MB for an hour of 30 frames
 * and 50 pieces of audio a second. mediabunny 1.61 has no option for it, nor does its public API show them.
 */
interface Insides {
  _muxer?: { trackDatas?: { finalizedChunks?: { samples: unknown[] }[] }[] };
}

/** Lets go of notes that the index does not need. A muxer with other insides is left alone. */
export class FragmentNotes {
  /** By tracks: fragments that were seen to already. */
  readonly #seen: number[] = [];

  constructor(private readonly output: Output) {}

  /** Call now and then: the bytes of the fragments that are noted were written already. */
  drop(): void {
    const tracks = (this.output as unknown as Insides)._muxer?.trackDatas ?? [];
    for (const [i, { finalizedChunks = [] }] of tracks.entries()) {
      for (const { samples } of finalizedChunks.slice(this.#seen[i])) {
        // Not `splice`, which would keep the room that they took.
        if (samples.length > 1) samples.length = 1;
      }
      this.#seen[i] = finalizedChunks.length;
    }
  }
}
