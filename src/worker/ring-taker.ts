/** Makes files of the entries of a ring: where a recording begins, goes on after a pause, and ends. No browser needed. */
import type { AudioEntry, AudioKnown, RingEntry, RunBegun, VideoEntry } from '../clip/entry.ts';
import type { Bounds } from '../clip/protocol.ts';
import type { Known } from '../clip/ring.ts';
import type { CutReason, ManifestEvent } from '../manifest.ts';
import { toMicroseconds, toSeconds, type VideoPacket } from '../media.ts';
import { restoreConfig, type StoredConfig } from '../stored-config.ts';
import { FirstGroup } from './first-group.ts';
import { RingOverlays } from './ring-overlays.ts';
import {
  goOn,
  isComplete,
  newRun,
  progressOf,
  runOf,
  Seeking,
  shownUntil,
  type TakenRun,
  type TakerContext,
  tellKey,
} from './ring-taken.ts';

/** Times of entries are microseconds on the ring's timeline; those of files on the recording's. */
export class RingTaker {
  #seeking: Seeking | undefined;
  /** Time of the ring that is 0 in the recording, and less what pauses leave out. */
  #origin: number | undefined;
  readonly #from: number;
  #until: number;
  /** A pause has begun here: nothing from then on is taken, until a key frame after it. */
  #since = Number.POSITIVE_INFINITY;
  /** Nothing before this is taken any more; microseconds on the recording's timeline. */
  #resumeAt = 0;
  readonly #runs = new Map<number, RunBegun>();
  readonly #configs = new Map<number, StoredConfig<VideoDecoderConfig>>();
  readonly #audio = new Map<number, AudioKnown>();
  readonly #taken = new Map<number, TakenRun>();
  readonly #announced = new Set<number>();
  /** Where sound has come to, taken or not. */
  #audioUntil = Number.NEGATIVE_INFINITY;
  /** Where the sound in the files ends; microseconds on the recording's timeline. */
  #soundEnd = 0;
  /** The first group of pictures, until it has been encoded again. */
  #group: FirstGroup | undefined;
  /** A run that goes on with other parameters than its first group has now: with its next key frame another file begins. */
  #cutRun: number | undefined;
  /** A run whose picture stays away, so that its sound is recorded alone: with its next key frame another file begins. */
  #muted: number | undefined;
  /** What comes after the run that these are about, which is not over yet. */
  #held: RingEntry[] | undefined;
  #last = 0;
  readonly #overlays: RingOverlays;

  constructor(
    private readonly context: TakerContext,
    { from, key, until }: Bounds,
    known: Known,
    /** The recording begins at the time that was asked for, and not with the key frame before it. */
    private readonly exact = false,
  ) {
    this.#from = from;
    this.#until = until ?? Number.POSITIVE_INFINITY;
    this.#seeking = new Seeking(key);
    for (const run of known.runs) this.#runs.set(run.run, run);
    for (const [run, config] of known.configs) this.#configs.set(run, config);
    for (const audio of known.audio) this.#audio.set(audio.epoch, audio);
    const begins = exact ? Math.max(from, key) : key;
    this.#overlays = new RingOverlays(known.overlays, begins, (time, ids) =>
      this.#tell({ time, type: 'overlays', ids }, time),
    );
  }

  /** Where the recording has come to; microseconds on its timeline. */
  get time(): number {
    return this.#last;
  }

  /** Nothing from here on is taken now; microseconds on the ring's timeline. */
  get #end(): number {
    return Math.min(this.#until, this.#since);
  }

  /** How far everything has come that the recording is made of: as long as it changes, there is more to wait for. */
  get progress(): string {
    return progressOf(this.#taken.values(), this.#audioUntil, this.#until);
  }

  /** True when all that lies before the end has come. */
  get complete(): boolean {
    const { current } = this.context.files;
    const reach = { current, audioUntil: this.#audioUntil, until: this.#until };
    return !this.#held && isComplete(this.#taken.values(), reach);
  }

  /** Nothing from this time of the ring on is recorded. */
  endAt(time: number): void {
    this.#until = Math.min(this.#until, time);
  }

  take(entry: RingEntry): void {
    if (this.#isHeld(entry)) return void (this.#held ??= []).push(entry);
    switch (entry.kind) {
      case 'begun':
        return this.#begun(entry);
      case 'audio-known':
        this.#audio.set(entry.epoch, entry);
        // From the first packet on, whose config says how much of it is the encoder's own.
        if (this.#takesNow) this.#announce(entry, entry.config);
        return;
      case 'video':
        return this.#video(entry);
      case 'audio':
        return this.#sound(entry);
      case 'ends': {
        const taken = this.#taken.get(entry.run);
        const time = this.#at(entry.time);
        // One that ends before the recording begins gives its place to the next one.
        if (taken && time > 0 && entry.time < this.#end) taken.file.endTime = time;
        return;
      }
      case 'video-over':
        return this.#videoOver(entry.run);
      case 'audio-over':
        if (this.#takesNow) this.context.files.endAudioBefore(entry.before ?? Number.POSITIVE_INFINITY);
        return;
      case 'note':
        return this.#note(entry.event);
      case 'lost':
        return this.#lost(entry);
    }
  }

  /** What is missing is left out as a pause is: what follows begins with a key frame, where the last that came ends. */
  #lost({ configs }: Extract<RingEntry, { kind: 'lost' }>): void {
    for (const [run, config] of configs) if (!this.#configs.has(run)) this.#configs.set(run, config);
    // Where a recording begins, there only is less.
    if (this.#origin === undefined) return;
    this.context.onLost?.();
    if (!this.#takesNow) return;
    const since = Math.max(this.#audioUntil, shownUntil(this.#taken.values()));
    this.pause(since);
    this.resume(since);
  }

  #note(event: ManifestEvent): void {
    const time = toMicroseconds(event.time);
    const recorded = this.#origin !== undefined && time < this.#end;
    if (event.type === 'overlays') this.#overlays.take(event, recorded);
    else if (recorded) this.#tell(event, time);
  }

  /** @param time of the ring. */
  #tell(event: ManifestEvent, time: number): void {
    this.context.note({ ...event, time: toSeconds(Math.max(0, this.#at(time))) });
  }

  /** A run that is encoded again has to be over before the next one begins. */
  #isHeld(entry: RingEntry): boolean {
    const run = this.#group?.run.run ?? this.#cutRun;
    if (run === undefined || ('run' in entry && entry.run === run)) return false;
    if (this.#held) return true;
    return entry.kind === 'begun' && entry.run > run && !this.#isEarly(entry.time);
  }

  #release(): void {
    const held = this.#held;
    this.#held = undefined;
    for (const entry of held ?? []) this.take(entry);
  }

  /** Something is being recorded, and there is no pause. */
  get #takesNow(): boolean {
    return this.#origin !== undefined && this.#since === Number.POSITIVE_INFINITY;
  }

  /** A time of the ring on the recording's timeline. */
  #at(time: number): number {
    return Math.round(time - (this.#origin ?? time));
  }

  #begun(entry: RunBegun): void {
    this.#runs.set(entry.run, entry);
    const taken = this.#taken.get(entry.run);
    if (taken) return void (this.#muted === entry.run || taken.file.takeOver(entry.video));
    this.#seeking?.runs.push(entry);
    if (this.#origin === undefined || entry.time >= this.#end) return;
    if (this.#isEarly(entry.time)) this.#beginInstead(entry);
    else if (this.#at(entry.time) >= this.#resumeAt) this.#begin(entry, entry.time, entry.reason);
  }

  /** True for what was still in its encoder when an exact recording was asked for, and begins before that. */
  #isEarly(time: number): boolean {
    return this.exact && time <= this.#from;
  }

  /** The first picture of the recording is of this run: nothing of those before it is shown, at most there is their sound. */
  #beginInstead(begun: RunBegun): void {
    const { files } = this.context;
    const { current } = files;
    if (!current || current.hasVideo) return;
    this.#group = undefined;
    this.#taken.clear();
    if (goOn(current, begun)) return void this.#taken.set(begun.run, newRun(current));
    this.#begin(begun, begun.time, 'start');
    current.endVideo();
    files.endAudioBefore(begun.audioEpoch ?? Number.POSITIVE_INFINITY);
  }

  #begin({ run, video, audioEpoch }: RunBegun, time: number, why: CutReason): void {
    const { files } = this.context;
    const startTime = Math.max(0, this.#at(time));
    const reason = this.#muted !== undefined && video ? 'track-added' : why;
    this.#muted = undefined;
    if (files.current) files.current.endTime = startTime;
    for (const before of this.#taken.values()) if (before.over) before.file.endVideo();
    const file = files.begin({ reason, startTime, video, audioEpoch });
    this.#taken.set(run, newRun(file));
  }

  #videoOver(run: number): void {
    const taken = this.#taken.get(run);
    if (taken) {
      taken.over = true;
      // During a pause it is not known yet where the file ends.
      if (taken.file.endTime !== undefined) taken.file.endVideo();
    }
    if (this.#cutRun === run) this.#cutRun = undefined;
    if (this.#held) this.#release();
  }

  #video(entry: VideoEntry): void {
    const { run, time, type, data, config } = entry;
    if (config && !this.#configs.has(run)) this.#configs.set(run, config);
    if (type === 'key') this.#lookForStart(time, run);
    const taken = this.#taken.get(run);
    if (taken) taken.last = Math.max(taken.last, time);
    if (type === 'key' && taken?.hasVideo && this.#isEarly(time)) this.#beginGroup(time, run);
    if (this.#origin === undefined || time >= this.#end) return;
    if (this.#group?.run.run === run) return void this.#group.packets.push(entry);
    const timestamp = this.#at(time);
    if (timestamp < this.#resumeAt || (type !== 'key' && this.#muted === run)) return;
    if (type === 'key' && [this.#cutRun, this.#muted].includes(run)) this.#cutAgain(run, time);
    this.#add(run, { data, timestamp, type });
  }

  #lookForStart(time: number, run: number, muted = false): void {
    const seeking = this.#seeking;
    if (!seeking || time < seeking.key || time >= this.#until) return;
    // What was asked for before a pause lies before it.
    if (this.#origin === undefined && seeking.key < this.#since && time >= this.#since) return;
    this.#start(time, run, seeking, muted);
  }

  #cutAgain(run: number, time: number): void {
    this.#cutRun = undefined;
    const begun = this.#runs.get(run);
    const before = this.#taken.get(run);
    if (begun) this.#begin(begun, time, 'video-description');
    before?.file.endVideo();
  }

  #add(run: number, packet: VideoPacket): void {
    const { stats } = this.context;
    const file = this.#taken.get(run)?.file;
    const config = this.#configs.get(run);
    if (!file) return;
    file.addVideo(packet, file.hasVideo || !config ? undefined : restoreConfig<VideoDecoderConfig>(config));
    this.#last = Math.max(this.#last, packet.timestamp);
    if (config) tellKey(this.context, file, packet, restoreConfig(config));
    stats.framesIn++;
    stats.framesEncoded++;
    stats.videoBytes += packet.data.byteLength;
  }

  /**
   * What comes at this time is the first, or the first after a pause.
   *
   * @param muted true when the run's picture stays away.
   */
  #start(time: number, run: number, { sound, runs }: Seeking, muted: boolean): void {
    const begun = this.#runs.get(run);
    if (!begun) return;
    const video = muted ? undefined : begun.video;
    const { files, note } = this.context;
    const first = this.#origin === undefined;
    const since = this.#since;
    this.#seeking = undefined;
    // What was captured before a pause may come after it has begun.
    if (time >= since) this.#since = Number.POSITIVE_INFINITY;
    if (first) this.#origin = this.exact ? Math.max(time, this.#from) : time;
    else {
      // The timeline goes on where the pause began.
      this.#resumeAt = Math.max(this.#resumeAt, this.#at(since));
      this.#origin = time - this.#resumeAt;
      note({ time: toSeconds(this.#resumeAt), type: 'pause', duration: toSeconds(Math.round(time - since)) });
    }
    this.#overlays.beginAt(Math.max(time, this.#origin), this.#end);
    const { current } = files;
    const taken = this.#taken.get(run);
    if (!current || current !== taken?.file || taken.hasVideo !== (video !== undefined)) {
      const lost = muted && current?.setup.video;
      this.#begin({ ...begun, video }, time, first ? 'start' : lost ? 'track-removed' : begun.reason);
      // What was said of it during the pause was not heard.
      current?.endVideo();
      if (current) files.endAudioBefore(begun.audioEpoch ?? Number.POSITIVE_INFINITY);
    }
    if (muted) this.#muted = run;
    if (first && !muted) this.#beginGroup(time, run);
    for (const next of runs) if (next.run > run && !this.#taken.has(next.run)) this.take(next);
    for (const entry of sound) this.take(entry);
  }

  /** The recording begins with the group of this key frame, or with the key frame itself. */
  #beginGroup(time: number, run: number): void {
    const [begun, config] = [this.#runs.get(run), this.#configs.get(run)];
    const before = this.exact && time < this.#from;
    this.#group = before && begun && config ? new FirstGroup(begun, config) : undefined;
  }

  /** The first group of pictures, which is to be encoded again before this entry is taken; `undefined`: there is nothing to do. */
  groupBefore(entry?: RingEntry): FirstGroup | undefined {
    return this.#group?.endsBefore(entry, this.#from, this.#until) ? this.#group : undefined;
  }

  /** The first group again, from the time on that was asked for. Without a packet, it is left out. */
  putGroup(packets: readonly VideoPacket[], config: VideoDecoderConfig | undefined): void {
    const group = this.#group;
    this.#group = undefined;
    const file = group && this.#taken.get(group.run.run)?.file;
    if (!file || !config) return;
    if (group.differsFrom(config)) this.#cutRun = group.run.run;
    for (const packet of packets) {
      const timestamp = this.#at(packet.timestamp);
      tellKey(this.context, file, { ...packet, timestamp }, config);
      file.addVideo({ ...packet, timestamp }, file.hasVideo ? undefined : config);
    }
  }

  #sound(entry: AudioEntry): void {
    const { epoch, time, duration, data } = entry;
    this.#audioUntil = Math.max(this.#audioUntil, time + duration);
    const seeking = this.#seeking;
    if (seeking && time >= seeking.key) {
      const run = runOf(this.#runs.values(), entry);
      if (run && !run.video) this.#lookForStart(time, run.run);
      else return this.#keep(seeking, entry);
    }
    if (this.#origin === undefined || time >= this.#end) return;
    const at = this.#at(time);
    // Of a pause, or from before the recording began. Files have it without gaps: to the nearest packet it stays where it belongs.
    if (at < this.#resumeAt - duration / 2 || at < 0 || at + duration / 2 < this.#soundEnd) return;
    const known = this.#audio.get(epoch);
    if (known && !this.#announced.has(epoch)) this.#announce(known, known.continued);
    this.context.files.routeAudio(epoch, { data, timestamp: at, duration });
    this.#soundEnd = Math.max(this.#soundEnd, at) + duration;
    this.#last = Math.max(this.#last, at);
  }

  /** A key frame that it belongs to may be on its way. */
  #keep(seeking: Seeking, entry: AudioEntry): void {
    seeking.sound.push(entry);
    if (!seeking.tooLong) return;
    this.#startMuted(seeking);
    seeking.sound.shift();
  }

  /** The sound begins alone. */
  #startMuted({ sound: [first] }: Seeking): void {
    const run = first && runOf(this.#runs.values(), first);
    if (run) this.#lookForStart(first.time, run.run, true);
  }

  #announce({ epoch, family, source, continued }: AudioKnown, first: StoredConfig<AudioDecoderConfig>): void {
    this.#announced.add(epoch);
    const config = restoreConfig<AudioDecoderConfig>(first);
    this.context.files.announceAudio(epoch, { family, source, config, continued: restoreConfig(continued) });
  }

  /** Nothing from this time of the ring on is recorded, until `resume`; also when nothing has begun yet. */
  pause(since: number): void {
    // Paused again before a key frame has come: it is still the first pause, unless there is sound to go on with.
    const seeking = this.#since < Number.POSITIVE_INFINITY ? this.#seeking : undefined;
    if (seeking?.worth) this.#startMuted(seeking);
    if (this.#since === Number.POSITIVE_INFINITY) this.#since = since;
    else this.#seeking = undefined;
  }

  /** The next key frame at this time of the ring, or after it, goes on where the pause began. */
  resume(key: number): void {
    if (this.#since < Number.POSITIVE_INFINITY) this.#seeking = new Seeking(key);
  }

  /**
   * Nothing more is taken.
   *
   * @param reached true when the stream has come to where the recording ends: its last picture is shown until then.
   */
  finish(reached: boolean): void {
    this.#group = undefined;
    this.#cutRun = undefined;
    this.#release();
    const seeking = this.#seeking;
    if (seeking && (this.#origin === undefined || seeking.worth)) this.#startMuted(seeking);
    const [{ current }, end] = [this.context.files, this.#end];
    if (current && this.#origin !== undefined && reached && Number.isFinite(end))
      current.endTime ??= this.#at(end);
  }
}
