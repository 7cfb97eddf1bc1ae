/** Whether the browser can encode what was asked for at all, before anything is recorded. */
import { loadAacEncoder } from '../encode/audio-encoder.ts';
import { canEncodeVideo, chooseAudio } from '../encode/choose.ts';
import { CodecUnsupportedError } from '../errors.ts';
import type { SessionSetup } from './protocol.ts';

/** @throws CodecUnsupportedError (`codec-unsupported`). */
export const checkCodecs = async (setup: SessionSetup): Promise<void> => {
  const { video, audio } = setup.options;
  if (setup.video && video.codec !== 'auto' && !(await canEncodeVideo(video.codec))) {
    throw new CodecUnsupportedError('video', video.codec, 'not at any size');
  }
  if (!setup.audio) return;
  const usual = { sampleRate: 48_000, numberOfChannels: 2 };
  const { wasm } = await chooseAudio(audio.codec, usual, audio.bitrate);
  if (wasm) await loadAacEncoder(setup.aacEncoderUrl);
};
