/** Makes files of the entries of a ring: where a recording begins, goes on after a pause, and ends. No browser needed. */
import type { AudioEntry, AudioKnown, RingEntry, RunBegun, VideoEntry } from '../clip/entry.ts';
import type { Bounds } from '../clip/protocol.ts';
import type { Known } from '../clip/ring.ts';
import { decoderConfigChange } from '../cut/parameters.ts';
import type { RecorderStats } from '../events.ts';
import type { CutReason, ManifestEvent } from '../manifest.ts';
import { toSeconds, type VideoPacket } from '../media.ts';
import { restoreConfig, type StoredConfig } from '../stored-config.ts';
import type { MediaFile, MediaFiles } from './media-files.ts';

/** What the taker needs from its session. */
export interface TakerContext {
  files: MediaFiles;
  stats: Pick<RecorderStats, 'framesIn' | 'framesEncoded' | 'videoBytes'>;
  note(event: ManifestEvent): void;
}

/** Times of entries are microseconds on the ring's timeline; those of files on the recording's. */
type Phase =
  /** For the first key frame at `key` or after it. Its sound may come before it, and so may a run that follows. */
  | { name: 'seeking'; key: number; sound: AudioEntry[]; runs: RunBegun[] }
  | { name: 'taking' }
  /** Nothing from `since` on is taken. */
  | { name: 'paused'; since: number };

/** A group of pictures that begins before what was asked for: it is encoded again from there on. */
export interface FirstGroup {
  run: RunBegun;
  config: StoredConfig<VideoDecoderConfig>;
  packets: VideoEntry[];
}

export class RingTaker {
  #phase: Phase;
  /** Time of the ring that is 0 in the recording, and less what pauses leave out. */
  #origin: number | undefined;
  readonly #from: number;
  #until: number;
  readonly #runs = new Map<number, RunBegun>();
  readonly #configs = new Map<number, StoredConfig<VideoDecoderConfig>>();
  readonly #audio = new Map<number, AudioKnown>();
  /** Files, by the runs that they are made of; a run that a pause lies in goes on in its file. */
  readonly #files = new Map<number, MediaFile>();
  readonly #announced = new Set<number>();
  #lastVideo: number | undefined;
  #step = 33_333;
  #audioUntil: number | undefined;
  /** Where the recording goes on after a pause; microseconds on its timeline. */
  #resumeAt = 0;
  #group: FirstGroup | undefined;
  /** A run that goes on with other parameters than its first group has now: with its next key frame another file begins. */
  #cutRun: number | undefined;

  constructor(
    private readonly context: TakerContext,
    { from, key, until }: Bounds,
    known: Known,
    /** The recording begins at the time that was asked for, and not with the key frame before it. */
    private readonly exact = false,
  ) {
    this.#from = from;
    this.#until = until ?? Number.POSITIVE_INFINITY;
    this.#phase = { name: 'seeking', key, sound: [], runs: [] };
    for (const run of known.runs) this.#runs.set(run.run, run);
    for (const [run, config] of known.configs) this.#configs.set(run, config);
    for (const audio of known.audio) this.#audio.set(audio.epoch, audio);
  }

  /** True once something is recorded. */
  get begun(): boolean {
    return this.#origin !== undefined;
  }

  /** Where the recording has come to; microseconds on its timeline. */
  get time(): number {
    const last = Math.max(this.#lastVideo ?? 0, this.#audioUntil ?? 0);
    return Math.max(0, last - (this.#origin ?? last));
  }

  /** True when all that lies before the end has come. */
  get complete(): boolean {
    const file = this.context.files.current;
    if (!file || this.#until === Number.POSITIVE_INFINITY) return false;
    const reached = (time: number | undefined): boolean => (time ?? Number.NEGATIVE_INFINITY) >= this.#until;
    const video = file.setup.video === undefined || reached(this.#lastVideo);
    return video && (file.setup.audioEpoch === undefined || reached(this.#audioUntil));
  }

  /** Nothing from this time of the ring on is recorded. */
  endAt(time: number): void {
    this.#until = Math.min(this.#until, time);
  }

  take(entry: RingEntry): void {
    switch (entry.kind) {
      case 'begun':
        return this.#begun(entry);
      case 'audio-known':
        this.#audio.set(entry.epoch, entry);
        // From the first packet on, whose config says how much of it is the encoder's own.
        if (this.#phase.name === 'taking') this.#announce(entry, entry.config);
        return;
      case 'video':
        return this.#video(entry);
      case 'audio':
        return this.#sound(entry);
      case 'ends': {
        const file = this.#fileOf(entry.run);
        if (file && entry.time < this.#until) file.endTime = this.#at(entry.time);
        return;
      }
      case 'video-over':
        return this.#fileOf(entry.run)?.endVideo();
      case 'audio-over':
        if (this.#phase.name === 'taking')
          this.context.files.endAudioBefore(entry.before ?? Number.POSITIVE_INFINITY);
        return;
      case 'note':
        if (this.#phase.name === 'taking')
          this.context.note({ ...entry.event, time: toSeconds(this.#at(entry.event.time * 1e6)) });
    }
  }

  /** A time of the ring on the recording's timeline. */
  #at(time: number): number {
    return Math.round(time - (this.#origin ?? time));
  }

  /** While it is taken. */
  #fileOf(run: number): MediaFile | undefined {
    return this.#phase.name === 'taking' ? this.#files.get(run) : undefined;
  }

  #begun(entry: RunBegun): void {
    this.#runs.set(entry.run, entry);
    if (this.#phase.name === 'seeking') this.#phase.runs.push(entry);
    if (this.#phase.name !== 'taking' || entry.time >= this.#until) return;
    const file = this.#files.get(entry.run);
    if (file) file.takeOver(entry.video);
    else this.#begin(entry, entry.time, entry.reason);
  }

  #begin({ run, video, audioEpoch }: RunBegun, time: number, reason: CutReason): void {
    const { files } = this.context;
    const startTime = Math.max(0, this.#at(time));
    if (files.current) files.current.endTime = startTime;
    this.#files.set(run, files.begin({ reason, startTime, video, audioEpoch }));
  }

  #video(entry: VideoEntry): void {
    const { run, time, type, data, config } = entry;
    if (config && !this.#configs.has(run)) this.#configs.set(run, config);
    if (this.#phase.name === 'seeking' && type === 'key' && time >= this.#phase.key && time < this.#until)
      this.#start(time, run);
    if (this.#phase.name !== 'taking') return;
    if (this.#group?.run.run === run) this.#group.packets.push(entry);
    else if (time < this.#until) {
      if (type === 'key' && this.#cutRun === run) this.#cutAgain(run, time);
      this.#add(run, { data, timestamp: this.#at(time), type });
    }
    // An encoder that has been replaced gives its last packets after the next one has begun.
    const step = time - (this.#lastVideo ?? time);
    if (step > 0) this.#step = step;
    this.#lastVideo = Math.max(time, this.#lastVideo ?? time);
  }

  #cutAgain(run: number, time: number): void {
    this.#cutRun = undefined;
    const begun = this.#runs.get(run);
    const before = this.#files.get(run);
    if (begun) this.#begin(begun, time, 'video-description');
    before?.endVideo();
  }

  #add(run: number, packet: VideoPacket): void {
    const { stats } = this.context;
    const file = this.#files.get(run);
    const config = this.#configs.get(run);
    if (!file) return;
    file.addVideo(packet, file.hasVideo || !config ? undefined : restoreConfig<VideoDecoderConfig>(config));
    stats.framesIn++;
    stats.framesEncoded++;
    stats.videoBytes += packet.data.byteLength;
  }

  /** What comes at this time is the first, or the first after a pause. */
  #start(time: number, run: number): void {
    if (this.#phase.name !== 'seeking') return;
    const { sound, runs } = this.#phase;
    const begun = this.#runs.get(run);
    if (!begun) return;
    const { current } = this.context.files;
    const first = this.#origin === undefined;
    // After a pause the timeline goes on where it was.
    this.#origin = first ? (this.exact ? Math.max(time, this.#from) : time) : time - this.#resumeAt;
    this.#phase = { name: 'taking' };
    if (!current || current !== this.#files.get(run)) {
      this.#begin(begun, time, first ? 'start' : begun.reason);
      // What was said of it during the pause was not heard.
      current?.endVideo();
      if (current) this.context.files.endAudioBefore(begun.audioEpoch ?? Number.POSITIVE_INFINITY);
    }
    const config = this.#configs.get(run);
    if (first && this.exact && time < this.#from && config) this.#group = { run: begun, config, packets: [] };
    for (const next of runs) if (next.run > run) this.#begun(next);
    for (const entry of sound) this.#sound(entry);
  }

  /** The first group of pictures, which is to be encoded again before this entry is taken; `undefined`: there is nothing to do. */
  groupBefore(entry?: RingEntry): FirstGroup | undefined {
    const group = this.#group;
    if (!group || group.packets.length === 0) return undefined;
    const next =
      entry === undefined || entry.kind === 'begun' || (entry.kind === 'video' && entry.type === 'key');
    const past = entry?.kind === 'video' && entry.time >= this.#until;
    return next || past ? group : undefined;
  }

  /** The first group again, from the time on that was asked for. Without a packet, it is left out. */
  putGroup(packets: readonly VideoPacket[], config: VideoDecoderConfig | undefined): void {
    const group = this.#group;
    this.#group = undefined;
    const file = group && this.#files.get(group.run.run);
    if (!file || !config) return;
    const original = restoreConfig<VideoDecoderConfig>(group.config);
    if (decoderConfigChange(original, config) !== undefined) this.#cutRun = group.run.run;
    for (const packet of packets) {
      const timestamp = this.#at(packet.timestamp);
      file.addVideo({ ...packet, timestamp }, file.hasVideo ? undefined : config);
    }
  }

  #sound(entry: AudioEntry): void {
    const { epoch, time, duration, data } = entry;
    const phase = this.#phase;
    if (phase.name === 'seeking') {
      if (time < phase.key) return;
      const run = this.#soundAlone(epoch);
      if (run === undefined) return void phase.sound.push(entry);
      this.#start(time, run);
    }
    if (this.#phase.name !== 'taking') return;
    const at = this.#at(time);
    this.#audioUntil = Math.max(this.#audioUntil ?? time, time + duration);
    // Of a pause, or from before the recording began.
    if (at < this.#resumeAt || time >= this.#until) return;
    const known = this.#audio.get(epoch);
    if (known && !this.#announced.has(epoch)) this.#announce(known, known.continued);
    this.context.files.routeAudio(epoch, { data, timestamp: at, duration });
  }

  /** The run that has this sound, when it has no picture. */
  #soundAlone(epoch: number): number | undefined {
    const newest = [...this.#runs.values()].findLast(run => run.audioEpoch === epoch);
    return newest && newest.video === undefined ? newest.run : undefined;
  }

  #announce({ epoch, family, source, continued }: AudioKnown, first: StoredConfig<AudioDecoderConfig>): void {
    this.#announced.add(epoch);
    const config = restoreConfig<AudioDecoderConfig>(first);
    this.context.files.announceAudio(epoch, { family, source, config, continued: restoreConfig(continued) });
  }

  /** Nothing from this time of the ring on is recorded, until `resume`. */
  pause(since: number): void {
    if (this.#phase.name !== 'taking') return;
    // What comes next on the timeline comes after the last picture.
    const last = this.#lastVideo === undefined ? since : Math.min(since, this.#lastVideo + this.#step);
    this.#resumeAt = Math.max(this.#at(last), 0);
    this.#phase = { name: 'paused', since };
  }

  /** The next key frame at this time of the ring, or after it, goes on where the pause began. */
  resume(key: number): void {
    if (this.#phase.name === 'paused') this.#phase = { name: 'seeking', key, sound: [], runs: [] };
  }

  /**
   * Nothing more is taken.
   *
   * @param reached true when the stream has come to where the recording ends: its last picture is shown until then.
   */
  finish(reached: boolean): void {
    const { current } = this.context.files;
    if (current && reached && this.#phase.name === 'taking') current.endTime ??= this.#at(this.#until);
  }
}
