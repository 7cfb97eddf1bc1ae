/** Writes one fragmented MP4 file: packets go in, bytes come out, and nothing is ever changed that has come out. */
import type { Rotation } from '../manifest.ts';
import type { AudioCodecFamily, AudioPacket, VideoCodecFamily, VideoPacket } from '../media.ts';
import { type MovieTrack, movieHeader } from './movie.ts';
import { movieFragment, movieFragmentIndex, type TrackRun } from './movie-fragment.ts';
import { audioSampleEntry, audioTimescale, pixelAspect, videoSampleEntry } from './sample-entry.ts';
import { videoTimescale } from './timescale.ts';
import { Track, type TrackState } from './track.ts';

/** A movie fragment is as long as this at the least, but for the last; microseconds. */
const SHORTEST = 1_000_000;
/** It begins at a key frame, but where none has come for so long. */
const LONGEST = 6_000_000;
/** It waits so long for sound that is behind the picture. */
const PATIENCE = 2_000_000;

const VIDEO_ID = 1;
const AUDIO_ID = 2;

/** What is fixed for a video track before its first packet. */
export interface VideoTrackSetup {
  family: VideoCodecFamily;
  rotation: Rotation;
  flip: boolean;
  /** Frames per second where that is constant: the track counts time in frames, so that none is rounded. */
  frameRate?: number | undefined;
}

/** What is known of a file before its first packet. */
export interface Mp4Setup {
  /** Absent: no video track. */
  video: VideoTrackSetup | undefined;
  audio: boolean;
  /** Seconds since 1970. */
  createdAt?: number;
}

/** Where a file's bytes and its failure go. */
export interface Mp4WriterOutput {
  /** Bytes in order; they are the receiver's. Must not throw. */
  onBytes(bytes: Uint8Array): void;
  /** The tracks are known and the header can be written: called once, before the first bytes. */
  onOpen?(): void;
  /** A packet was refused: nothing more will be written. Called at most once. */
  onError(error: unknown): void;
}

/** Where a writer stands, as plain data: another one can go on from there. */
export interface WriterState {
  /** Bytes so far. */
  offset: number;
  /** Number of the last movie fragment. */
  sequence: number;
  video?: TrackState & { timescale: number };
  audio?: TrackState & { timescale: number };
}

/** A track whose parameters come with its first packet. */
type Side<Config> =
  | { state: 'expected' }
  | { state: 'known'; track: Track; config: Config | undefined; ended: boolean }
  | { state: 'absent' };

/**
 * Times given to it are microseconds on the timeline; `startTime` is where the file begins. A track that was
 * announced but gets no packet before it is closed is left out of the file.
 */
export class Mp4Writer {
  #video: Side<VideoDecoderConfig>;
  #audio: Side<AudioDecoderConfig & { family: AudioCodecFamily }>;
  /** Held back until the next one tells how long it lasts. */
  #held: VideoPacket | undefined;
  /** Where a movie fragment may end: the times of key frames, after the file's beginning. */
  #ends: number[] = [];
  #fragmentStart = 0;
  #opened = false;
  /** The index can only be written by who has written everything. */
  #whole = true;
  #over = false;
  #offset = 0;
  #sequence = 0;

  constructor(
    private readonly startTime: number,
    private readonly setup: Mp4Setup,
    private readonly out: Mp4WriterOutput,
    state?: WriterState,
  ) {
    this.#video = setup.video ? { state: 'expected' } : { state: 'absent' };
    this.#audio = setup.audio ? { state: 'expected' } : { state: 'absent' };
    if (state) this.#goOn(state);
  }

  /** Goes on with a file that has a header already. */
  #goOn({ offset, sequence, video, audio }: WriterState): void {
    this.#offset = offset;
    this.#sequence = sequence;
    this.#opened = true;
    this.#whole = false;
    const side = (id: number, known: (TrackState & { timescale: number }) | undefined): Side<never> =>
      known
        ? {
            state: 'known',
            track: new Track(id, known.timescale, id === AUDIO_ID, known),
            config: undefined,
            ended: false,
          }
        : { state: 'absent' };
    this.#video = side(VIDEO_ID, video);
    this.#audio = side(AUDIO_ID, audio);
    const tracks = this.#tracks;
    this.#fragmentStart = tracks.length === 0 ? 0 : Math.min(...tracks.map(track => track.end));
  }

  /** Where it stands after the last movie fragment; absent before the header. */
  get state(): WriterState | undefined {
    if (!this.#opened) return undefined;
    const { video, audio } = { video: this.#videoTrack, audio: this.#audioTrack };
    return {
      offset: this.#offset,
      sequence: this.#sequence,
      ...(video ? { video: { ...video.state, timescale: video.timescale } } : {}),
      ...(audio ? { audio: { ...audio.state, timescale: audio.timescale } } : {}),
    };
  }

  get #videoTrack(): Track | undefined {
    return this.#video.state === 'known' ? this.#video.track : undefined;
  }

  get #audioTrack(): Track | undefined {
    return this.#audio.state === 'known' ? this.#audio.track : undefined;
  }

  get #tracks(): Track[] {
    return [this.#videoTrack, this.#audioTrack].filter(track => track !== undefined);
  }

  /** The video is another one than was announced. Only before its first packet. */
  takeOver(video: VideoTrackSetup | undefined): void {
    this.setup.video = video;
  }

  /** Adds a video packet; the first must come with its decoder configuration, and be a key frame. */
  addVideo(packet: VideoPacket, config: VideoDecoderConfig | undefined): void {
    if (this.#over || this.#video.state === 'absent') return;
    if (this.#video.state === 'expected') {
      if (!config || packet.type !== 'key')
        return this.#fail(new TypeError('the first video packet has no configuration, or is no key frame'));
      const track = new Track(VIDEO_ID, videoTimescale(this.setup.video?.frameRate), false);
      this.#video = { state: 'known', track, config, ended: false };
    }
    const held = this.#held;
    this.#held = packet;
    if (held) this.#pushVideo(this.#video.track, held, packet.timestamp - held.timestamp);
    if (held && packet.type === 'key') this.#ends.push(packet.timestamp - this.startTime);
    this.#write();
  }

  #pushVideo(track: Track, { data, type, timestamp }: VideoPacket, duration: number): void {
    track.add(data, type === 'key', timestamp - this.startTime, duration);
  }

  /** Adds an audio packet; the first must come with its decoder configuration and codec family. */
  addAudio(packet: AudioPacket, config: AudioDecoderConfig | undefined, family: AudioCodecFamily): void {
    if (this.#over || this.#audio.state === 'absent') return;
    if (this.#audio.state === 'expected') {
      if (!config) return this.#fail(new TypeError('the first audio packet has no configuration'));
      const track = new Track(AUDIO_ID, audioTimescale(family, config), true);
      this.#audio = { state: 'known', track, config: { ...config, family }, ended: false };
    }
    this.#audio.track.add(packet.data, true, packet.timestamp - this.startTime, packet.duration);
    this.#write();
  }

  /** No more video; the last frame lasts until `endTime`. */
  closeVideo(endTime: number): void {
    const held = this.#held;
    this.#held = undefined;
    if (this.#video.state === 'expected') this.#video = { state: 'absent' };
    if (this.#video.state === 'known') {
      if (held) this.#pushVideo(this.#video.track, held, Math.max(1, endTime - held.timestamp));
      this.#video.ended = true;
    }
    this.#write();
  }

  /** No more audio: movie fragments need not wait for it. */
  closeAudio(): void {
    if (this.#audio.state === 'expected') this.#audio = { state: 'absent' };
    if (this.#audio.state === 'known') this.#audio.ended = true;
    this.#write();
  }

  #fail(error: unknown): void {
    if (this.#over) return;
    this.#over = true;
    this.out.onError(error);
  }

  /** Writes what can be written: the header once all tracks are known, then movie fragments. */
  #write(): void {
    if (this.#over) return;
    if (!this.#opened && !this.#open()) return;
    for (let end = this.#nextEnd(); end !== undefined; end = this.#nextEnd()) this.#writeFragment(end);
  }

  #open(): boolean {
    if (this.#video.state === 'expected' || this.#audio.state === 'expected') return false;
    const tracks = [...this.#videoHeader(), ...this.#audioHeader()];
    if (tracks.length === 0) return false;
    this.#opened = true;
    this.out.onOpen?.();
    this.#emit(movieHeader(tracks, this.setup.createdAt ?? 0));
    return true;
  }

  #videoHeader(): MovieTrack[] {
    const { video } = this.setup;
    if (this.#video.state !== 'known' || !this.#video.config || !video) return [];
    const { track, config } = this.#video;
    const [across, down] = pixelAspect(config);
    const picture = {
      width: ((config.codedWidth ?? 0) * across) / down,
      height: config.codedHeight ?? 0,
      rotation: video.rotation,
      flip: video.flip,
    };
    const { id, timescale, state } = track;
    const sampleEntry = videoSampleEntry(video.family, config);
    return [{ id, timescale, sampleEntry, leftOut: state.leftOut, picture }];
  }

  #audioHeader(): MovieTrack[] {
    if (this.#audio.state !== 'known' || !this.#audio.config) return [];
    const { track, config } = this.#audio;
    const { id, timescale, state } = track;
    return [{ id, timescale, sampleEntry: audioSampleEntry(config.family, config), leftOut: state.leftOut }];
  }

  /** Where the next movie fragment ends, if it can be written now; after the file's beginning. */
  #nextEnd(): number | undefined {
    const least = this.#fragmentStart + SHORTEST;
    if (this.#video.state === 'known' && !this.#video.ended) {
      const end = this.#ends.find(time => time >= least);
      if (end !== undefined && this.#hasSound(end, this.#video.track)) return end;
    } else if (this.#audioTrack && this.#audioTrack.end >= least) return least;
    // Nothing waits for ever: not for a key frame, nor for a picture that stands still.
    const longest = Math.max(...this.#tracks.map(track => track.waits));
    return longest > LONGEST ? Number.POSITIVE_INFINITY : undefined;
  }

  #hasSound(until: number, video: Track): boolean {
    if (this.#audio.state !== 'known' || this.#audio.ended) return true;
    return this.#audio.track.end >= until || video.end - until > PATIENCE;
  }

  /** Of what waits, all that begins before `end`. */
  #writeFragment(end: number): void {
    const runs: { track: Track; run: TrackRun }[] = [];
    for (const track of this.#tracks) {
      const run = track.take(end);
      if (run) runs.push({ track, run });
    }
    this.#ends = this.#ends.filter(time => time > end);
    // Also where nothing began before: sound that goes on after a gap is looked for from there on.
    this.#fragmentStart = Math.min(end, Math.max(...this.#tracks.map(track => track.end)));
    if (runs.length === 0) return;
    const offset = this.#offset;
    if (this.#whole) for (const [i, { track, run }] of runs.entries()) track.note(run.samples, offset, i + 1);
    this.#sequence++;
    this.#emit(
      movieFragment(
        this.#sequence,
        runs.map(({ run }) => run),
      ),
    );
  }

  #emit(bytes: Uint8Array): void {
    this.#offset += bytes.byteLength;
    this.out.onBytes(bytes);
  }

  /** True when there is nothing to write: no track got a packet. */
  get empty(): boolean {
    return !this.#opened;
  }

  /** Writes out what is left. Call after both tracks were closed. */
  finish(): void {
    if (this.#over || !this.#opened) return;
    this.#writeFragment(Number.POSITIVE_INFINITY);
    this.#over = true;
    if (this.#whole)
      this.#emit(movieFragmentIndex(this.#tracks.map(({ id, index }) => ({ trackId: id, entries: index }))));
  }

  /** Throws away what is not yet written. */
  cancel(): void {
    this.#over = true;
  }
}
