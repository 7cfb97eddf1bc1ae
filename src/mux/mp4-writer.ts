/** Writes one fragmented MP4 file. The only room that knows a muxer. */
import {
  AppendOnlyStreamTarget,
  EncodedAudioPacketSource,
  EncodedPacket,
  EncodedVideoPacketSource,
  Mp4OutputFormat,
  Output,
} from 'mediabunny';
import type { Rotation } from '../manifest.ts';
import type { AudioCodecFamily, AudioPacket, VideoCodecFamily, VideoPacket } from '../media.ts';
import { FragmentNotes } from './fragment-notes.ts';

/** What is fixed for a video track before its first packet. */
export interface VideoTrackSetup {
  family: VideoCodecFamily;
  rotation: Rotation;
  flip: boolean;
  /** Frames per second where that is constant: the track counts time in frames, so that none is rounded. */
  frameRate?: number | undefined;
}

/** Where a file's bytes and its failure go. */
export interface Mp4WriterOutput {
  /** Bytes in order; they are the receiver's. Must not throw. */
  onBytes(bytes: Uint8Array): void;
  /** The tracks are known and `moov` can be written: called once, before the first bytes of media. */
  onOpen?(): void;
  /** The muxer refused something: nothing more will be written. Called at most once. */
  onError(error: unknown): void;
}

type Track<Packet, Config> =
  /** No packet yet: the file can't be opened, as its parameters are not known. */
  | { state: 'expected'; queue: { packet: Packet; duration: number }[] }
  /** `ended`: no more will come, although the file could not be opened yet. */
  | { state: 'ready'; queue: { packet: Packet; duration: number }[]; config: Config; ended: boolean }
  | { state: 'open'; add: (packet: Packet, duration: number) => Promise<void>; close: () => void }
  | { state: 'closed' };

/**
 * Times given to it are microseconds on the timeline; `startTime` is where the file begins. A track that was
 * announced but gets no packet before it is closed is left out of the file.
 */
export class Mp4Writer {
  #output: Output | undefined;
  #video: Track<VideoPacket, VideoDecoderConfig>;
  #audio: Track<AudioPacket, AudioDecoderConfig>;
  #audioFamily: AudioCodecFamily | undefined;
  /** Held back until the next one tells how long it lasts. */
  #held: VideoPacket | undefined;
  #opening: Promise<void> | undefined;
  #failed = false;

  constructor(
    private readonly startTime: number,
    private readonly setup: { video: VideoTrackSetup | undefined; audio: boolean },
    private readonly out: Mp4WriterOutput,
  ) {
    this.#video = setup.video ? { state: 'expected', queue: [] } : { state: 'closed' };
    this.#audio = setup.audio ? { state: 'expected', queue: [] } : { state: 'closed' };
  }

  /** The video is another one than was announced. Only before its first packet. */
  takeOver(video: VideoTrackSetup | undefined): void {
    this.setup.video = video;
  }

  /** Adds a video packet; the first must come with its decoder configuration. */
  addVideo(packet: VideoPacket, config: VideoDecoderConfig | undefined): void {
    if (this.#video.state === 'expected' && config) {
      this.#video = { state: 'ready', queue: this.#video.queue, config, ended: false };
    }
    const held = this.#held;
    this.#held = packet;
    if (held) this.#pushVideo(held, packet.timestamp - held.timestamp);
    this.#openWhenReady();
  }

  /** Adds an audio packet; the first must come with its decoder configuration and codec family. */
  addAudio(packet: AudioPacket, config: AudioDecoderConfig | undefined, family: AudioCodecFamily): void {
    if (this.#audio.state === 'expected' && config) {
      this.#audioFamily = family;
      this.#audio = { state: 'ready', queue: this.#audio.queue, config, ended: false };
    }
    if (this.#audio.state === 'open') this.#guard(this.#audio.add, packet, packet.duration);
    else if (this.#audio.state !== 'closed') this.#audio.queue.push({ packet, duration: packet.duration });
    this.#openWhenReady();
  }

  #pushVideo(packet: VideoPacket, duration: number): void {
    if (this.#video.state === 'open') this.#guard(this.#video.add, packet, duration);
    else if (this.#video.state !== 'closed') this.#video.queue.push({ packet, duration });
  }

  /** No more video; the last frame lasts until `endTime`. */
  closeVideo(endTime: number): void {
    const held = this.#held;
    this.#held = undefined;
    if (held) this.#pushVideo(held, Math.max(1, endTime - held.timestamp));
    if (this.#video.state === 'open') this.#video.close();
    if (this.#video.state === 'ready') this.#video.ended = true;
    if (this.#video.state === 'open' || this.#video.state === 'expected') this.#video = { state: 'closed' };
    this.#openWhenReady();
  }

  /** No more audio: movie fragments need not wait for it. */
  closeAudio(): void {
    if (this.#audio.state === 'open') this.#audio.close();
    if (this.#audio.state === 'ready') this.#audio.ended = true;
    if (this.#audio.state === 'open' || this.#audio.state === 'expected') this.#audio = { state: 'closed' };
    this.#openWhenReady();
  }

  #openWhenReady(): void {
    if (this.#opening || this.#failed) return;
    if (this.#video.state === 'expected' || this.#audio.state === 'expected') return;
    if (this.#video.state === 'closed' && this.#audio.state === 'closed') return;
    this.#opening = this.#open().catch(error => this.#fail(error));
  }

  async #open(): Promise<void> {
    const write = (bytes: Uint8Array): void => {
      this.out.onBytes(bytes);
      notes.drop();
    };
    const output = new Output({
      format: new Mp4OutputFormat({ fastStart: 'fragmented', minimumFragmentDuration: 1 }),
      target: new AppendOnlyStreamTarget(new WritableStream<Uint8Array>({ write })),
    });
    const notes = new FragmentNotes(output);
    this.#output = output;
    this.out.onOpen?.();
    // Both sides must be added before `start()`, and what came meanwhile goes in after it.
    const startVideo = this.#addVideoTrack(output);
    const startAudio = this.#addAudioTrack(output);
    const started = output.start();
    startVideo();
    startAudio();
    await started;
  }

  #addVideoTrack(output: Output): () => void {
    const track = this.#video;
    if (track.state !== 'ready' || !this.setup.video) return () => undefined;
    const { family, rotation, flip, frameRate } = this.setup.video;
    const source = new EncodedVideoPacketSource(family);
    const { config } = track;
    output.addVideoTrack(source, {
      rotation,
      flip,
      decoderConfig: config,
      ...(frameRate ? { frameRate } : {}),
    });
    const add = (packet: VideoPacket, duration: number): Promise<void> =>
      source.add(this.#packet(packet.data, packet.type, packet.timestamp, duration), {
        decoderConfig: config,
      });
    return () => {
      this.#video = { state: 'open', add, close: () => source.close() };
      for (const { packet, duration } of track.queue) this.#guard(add, packet, duration);
      if (!track.ended) return;
      source.close();
      this.#video = { state: 'closed' };
    };
  }

  #addAudioTrack(output: Output): () => void {
    const track = this.#audio;
    if (track.state !== 'ready' || !this.#audioFamily) return () => undefined;
    const source = new EncodedAudioPacketSource(this.#audioFamily);
    const { config } = track;
    output.addAudioTrack(source, { decoderConfig: config });
    const add = (packet: AudioPacket, duration: number): Promise<void> =>
      source.add(this.#packet(packet.data, 'key', packet.timestamp, duration), { decoderConfig: config });
    return () => {
      this.#audio = { state: 'open', add, close: () => source.close() };
      for (const { packet, duration } of track.queue) this.#guard(add, packet, duration);
      if (!track.ended) return;
      source.close();
      this.#audio = { state: 'closed' };
    };
  }

  #packet(data: Uint8Array, type: 'key' | 'delta', time: number, duration: number): EncodedPacket {
    return new EncodedPacket(data, type, (time - this.startTime) / 1e6, duration / 1e6);
  }

  /** The muxer refuses some packets by throwing at once and others by rejecting; neither may get out of here. */
  #guard<Packet>(
    add: (packet: Packet, duration: number) => Promise<void>,
    packet: Packet,
    duration: number,
  ): void {
    if (this.#failed) return;
    try {
      add(packet, duration).catch(error => this.#fail(error));
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.out.onError(error);
  }

  /** True when there is nothing to write: no track got a packet. */
  get empty(): boolean {
    return this.#opening === undefined;
  }

  /** Writes out what is left. Call after both tracks were closed. Never rejects: a failure goes to `onError`. */
  async finish(): Promise<void> {
    try {
      await this.#opening;
      if (this.#output && !this.#failed) await this.#output.finalize();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Throws away what is not yet written. */
  cancel(): void {
    this.#failed = true;
    if (this.#output?.state === 'started' || this.#output?.state === 'pending') void this.#output.cancel();
  }
}
