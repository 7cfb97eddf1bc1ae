/** A file that was cut off while it was written: packets come out of the log. */
import { restoreConfig } from '../stored-config.ts';
import { type AudioRecord, recordOf, type VideoRecord } from './checkpoint.ts';
import { OpenFile } from './open-file.ts';

export class RestoredFile extends OpenFile {
  /** A packet out of the log of a recording that was cut off. */
  addLogged(record: VideoRecord | AudioRecord, data: Uint8Array): void {
    const { time: timestamp } = record;
    if (record.kind === 'video')
      this.counts.video(data, timestamp, record.config && restoreConfig(record.config));
    else {
      const { duration, info } = record;
      this.counts.audio(
        { data, timestamp, duration },
        info && { codec: info.config.codec, source: info.source },
      );
    }
    this.addAgain(record, data);
  }

  /** One that was counted already, and is in no movie fragment yet. */
  addAgain(record: VideoRecord | AudioRecord, data: Uint8Array): void {
    this.packets.push(recordOf(record, data));
    const { time: timestamp } = record;
    if (record.kind === 'video') {
      const config = record.config && restoreConfig(record.config);
      this.writer?.addVideo({ data, timestamp, type: record.type }, config);
    } else {
      const { duration, info } = record;
      const config = info && restoreConfig(info.config);
      this.writer?.addAudio({ data, timestamp, duration }, config, info?.family ?? 'opus');
    }
    this.settle();
  }
}
