/** What the lanes fill when a ring is kept: no files, but entries of the ring, by the same rules as files would be. */
import type { RingEntry } from '../clip/entry.ts';
import type { VideoConfigLike } from '../cut/parameters.ts';
import type { CutReason } from '../manifest.ts';
import { type AudioPacket, SHORTEST_FILE, type VideoPacket } from '../media.ts';
import { storeConfig } from '../stored-config.ts';
import { FileCounts } from './file-counts.ts';
import type { MediaFile, MediaFiles, NewFile } from './media-files.ts';
import type { AudioTrackInfo, FileSetup } from './open-file.ts';

type Append = (entry: RingEntry) => void;

/** A run of fixed track parameters. */
class RingRun implements MediaFile {
  readonly #counts: FileCounts;
  #endTime: number | undefined;
  #decoderConfig: VideoConfigLike | undefined;
  videoOver: boolean;
  audioOver: boolean;

  constructor(
    readonly setup: FileSetup,
    private readonly append: Append,
    private readonly onOver: () => void,
  ) {
    this.#counts = new FileCounts(setup);
    this.videoOver = setup.video === undefined;
    this.audioOver = setup.audioEpoch === undefined;
    this.#tell();
  }

  #tell(): void {
    const { index: run, reason, startTime: time, video, audioEpoch } = this.setup;
    this.append({ kind: 'begun', run, reason, time, video, audioEpoch });
  }

  get key(): string {
    return `run ${this.setup.index}`;
  }

  get endTime(): number | undefined {
    return this.#endTime;
  }

  set endTime(time: number | undefined) {
    if (time === undefined || time === this.#endTime) return;
    this.#endTime = time;
    this.append({ kind: 'ends', run: this.setup.index, time });
  }

  get hasVideo(): boolean {
    return this.#counts.state.frames > 0;
  }

  get empty(): boolean {
    return this.#counts.empty;
  }

  get naturalEnd(): number {
    return this.#counts.naturalEnd;
  }

  get decoderConfig(): VideoConfigLike | undefined {
    return this.#decoderConfig;
  }

  get largestPacket(): number {
    return this.#counts.state.largestPacket;
  }

  expectedBytes(pending: number): number {
    return this.#counts.expectedBytes(pending);
  }

  takeOver(video: FileSetup['video']): void {
    this.setup.video = video;
    this.#tell();
  }

  addVideo({ timestamp: time, type, data }: VideoPacket, config: VideoDecoderConfig | undefined): void {
    this.#counts.video(data, time, this.#decoderConfig ? undefined : config);
    this.#decoderConfig ??= config;
    this.append({
      kind: 'video',
      run: this.setup.index,
      time,
      type,
      data,
      ...(config && { config: storeConfig(config) }),
    });
  }

  countAudio(packet: AudioPacket, { config, source }: AudioTrackInfo): void {
    this.#counts.audio(packet, { codec: config.codec, source });
  }

  endVideo(): void {
    if (this.videoOver) return;
    this.videoOver = true;
    this.append({ kind: 'video-over', run: this.setup.index });
    this.onOver();
  }

  endAudio(): void {
    if (this.audioOver) return;
    this.audioOver = true;
    // Without video it ends where its audio does, unless a cut said otherwise.
    if (this.setup.video === undefined) this.endTime ??= this.naturalEnd;
    this.onOver();
  }
}

export class RingFiles implements MediaFiles {
  #open: RingRun[] = [];
  #last: RingRun | undefined;
  #count = 0;
  readonly #audio = new Map<number, AudioTrackInfo>();

  constructor(private readonly append: Append) {}

  get current(): RingRun | undefined {
    return this.#open.at(-1);
  }

  get reasonForFirst(): CutReason {
    return this.#count === 0 ? 'start' : 'track-added';
  }

  get earliest(): number {
    const last = this.#last;
    if (!last) return 0;
    return (last.setup.video ? last.endTime : undefined) ?? last.setup.startTime + SHORTEST_FILE;
  }

  begin(setup: NewFile): RingRun {
    if (this.#last) this.#last.endTime = setup.startTime;
    const run = new RingRun({ ...setup, index: ++this.#count, createdAt: 0 }, this.append, () =>
      this.#sweep(),
    );
    this.#open.push(run);
    this.#last = run;
    return run;
  }

  #sweep(): void {
    this.#open = this.#open.filter(({ videoOver, audioOver }) => !(videoOver && audioOver));
  }

  announceAudio(epoch: number, info: AudioTrackInfo): void {
    this.#audio.set(epoch, info);
    const [config, continued] = [storeConfig(info.config), storeConfig(info.continued)];
    this.append({ kind: 'audio-known', epoch, ...info, config, continued });
  }

  /** Files that lie wholly before a packet get no more audio, as in a recording. */
  routeAudio(epoch: number, packet: AudioPacket): void {
    const info = this.#audio.get(epoch);
    if (!info) return;
    const runs = this.#open.filter(run => run.setup.audioEpoch === epoch && !run.audioOver);
    for (const run of runs.slice(0, -1))
      if (run.endTime !== undefined && packet.timestamp >= run.endTime) run.endAudio();
    runs.find(run => !run.audioOver)?.countAudio(packet, info);
    const { timestamp: time, duration, data } = packet;
    this.append({ kind: 'audio', epoch, time, duration, data });
  }

  endAudioBefore(epoch: number): void {
    for (const run of [...this.#open]) if ((run.setup.audioEpoch ?? epoch) < epoch) run.endAudio();
    this.append({ kind: 'audio-over', ...(Number.isFinite(epoch) ? { before: epoch } : {}) });
  }

  endAll(): void {
    for (const run of [...this.#open]) {
      if (!run.empty) run.endTime ??= run.naturalEnd;
      run.endVideo();
      run.endAudio();
    }
  }
}
