/** The files of two recordings of the same tracks, as those see them who fill both alike: the sound, and whoever ends tracks. */
import type { AudioPacket } from '../media.ts';
import type { MediaFile, MediaFiles, NewFile } from './media-files.ts';
import type { AudioTrackInfo } from './open-file.ts';

export class BothFiles implements MediaFiles {
  /** What is asked of files is answered by the first: they are cut at the same times. */
  constructor(
    private readonly first: MediaFiles,
    private readonly second: MediaFiles,
  ) {}

  get current(): MediaFile | undefined {
    return this.first.current;
  }

  get reasonForFirst(): MediaFiles['reasonForFirst'] {
    return this.first.reasonForFirst;
  }

  get earliest(): number {
    return Math.max(this.first.earliest, this.second.earliest);
  }

  begin(setup: NewFile): MediaFile {
    this.second.begin({ ...setup });
    return this.first.begin(setup);
  }

  announceAudio(epoch: number, info: AudioTrackInfo): void {
    this.first.announceAudio(epoch, info);
    this.second.announceAudio(epoch, info);
  }

  routeAudio(epoch: number, packet: AudioPacket): void {
    this.first.routeAudio(epoch, packet);
    this.second.routeAudio(epoch, packet);
  }

  endAudioBefore(epoch: number): void {
    this.first.endAudioBefore(epoch);
    this.second.endAudioBefore(epoch);
  }

  endAll(): void {
    this.first.endAll();
    this.second.endAll();
  }
}
