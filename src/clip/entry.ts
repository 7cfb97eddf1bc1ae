/** What the ring of a stream holds: the packets of its encoders, and what is to be known of them. Times are microseconds on its timeline. */
import type { CutReason, ManifestEvent } from '../manifest.ts';
import type { AudioCodecFamily, AudioSource, VideoCodecFamily, VideoPacket, VideoSource } from '../media.ts';
import type { StoredConfig } from '../stored-config.ts';

/** A run of fixed track parameters begins: what a recording makes a file of. */
export interface RunBegun {
  kind: 'begun';
  /** Number of the run. Said again when another encoder goes on with one that no frame has come for. */
  run: number;
  reason: CutReason;
  time: number;
  /** Absent: the run has no video. */
  video: { source: VideoSource; family: VideoCodecFamily; frameRate?: number | undefined } | undefined;
  /** Number of the run of audio parameters that its audio comes from; absent: no audio. */
  audioEpoch: number | undefined;
}

/** An encoder's word on audio, the same for all packets of an epoch. */
export interface AudioKnown {
  kind: 'audio-known';
  epoch: number;
  family: AudioCodecFamily;
  source: AudioSource;
  config: StoredConfig<AudioDecoderConfig>;
  /** For what begins in the middle of the encoder's output. */
  continued: StoredConfig<AudioDecoderConfig>;
}

export interface VideoEntry {
  kind: 'video';
  run: number;
  time: number;
  type: VideoPacket['type'];
  data: Uint8Array;
  /** With the first of a run, and when the encoder says it again. */
  config?: StoredConfig<VideoDecoderConfig>;
}

export interface AudioEntry {
  kind: 'audio';
  epoch: number;
  time: number;
  duration: number;
  data: Uint8Array;
}

export type RingEntry =
  | RunBegun
  | VideoEntry
  | AudioKnown
  | AudioEntry
  /** A run's video has all that it will get. */
  | { kind: 'video-over'; run: number }
  /** Where a run ends. */
  | { kind: 'ends'; run: number; time: number }
  /** All packets of the epochs before this one are out; absent: of all. */
  | { kind: 'audio-over'; before?: number }
  /** Something that a manifest says. */
  | { kind: 'note'; event: ManifestEvent }
  /** Here lay packets that the reader does not get any more; what else was there follows. By run, what its encoder said first. */
  | { kind: 'lost'; configs: (readonly [run: number, config: StoredConfig<VideoDecoderConfig>])[] };

/** Bytes that an entry takes, roughly: what it carries, and itself. */
export const sizeOf = (entry: RingEntry): number =>
  ENTRY_BYTES + ('data' in entry ? entry.data.byteLength : 0);

/** Measured in Chromium 156, for an object with a view of its own buffer. */
const ENTRY_BYTES = 300;
