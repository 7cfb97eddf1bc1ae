/** The group of pictures that an exact clip begins in: it begins before the clip, and is encoded again from there on. Pure. */
import type { RingEntry, RunBegun, VideoEntry } from '../clip/entry.ts';
import { decoderConfigChange } from '../cut/parameters.ts';
import { restoreConfig, type StoredConfig } from '../stored-config.ts';

export class FirstGroup {
  readonly packets: VideoEntry[] = [];

  constructor(
    readonly run: RunBegun,
    readonly config: StoredConfig<VideoDecoderConfig>,
  ) {}

  /**
   * True when all of it has come before this entry.
   *
   * @param entry absent: nothing comes any more.
   * @param from the clip begins here: with a key frame that came late the group begins anew. Microseconds on the ring's timeline.
   * @param until pictures from this time on are not of the clip.
   */
  endsBefore(entry: RingEntry | undefined, from: number, until: number): boolean {
    if (this.packets.length === 0) return false;
    if (entry === undefined) return true;
    // What another run has said may come before this one's encoder has given its last.
    if (!('run' in entry) || entry.run !== this.run.run) return false;
    if (entry.kind === 'video') return (entry.type === 'key' && entry.time > from) || entry.time >= until;
    return entry.kind === 'video-over';
  }

  /** True when what has these parameters can't be in one file with what comes after the group. */
  differsFrom(config: VideoDecoderConfig): boolean {
    return decoderConfigChange(restoreConfig<VideoDecoderConfig>(this.config), config) !== undefined;
  }
}
