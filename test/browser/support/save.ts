/** Recordings on this device, brought to where the tests' commands find them. */
import type { Recording, Storage } from 'steadyreel';
import { commands } from 'vitest/browser';

const base64 = async (blob: Blob): Promise<string> =>
  new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).replace(/^[^,]*,/, ''));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });

/** Copies all files, and gives the manifest back unchanged. */
export const saveRecording = async (recording: Recording, storage: Storage): Promise<Recording> => {
  for (const { key } of recording.files) await commands.saveFile(key, await base64(await storage.read(key)));
  return recording;
};
