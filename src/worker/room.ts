/** Looks after the room that a recording has on this device. */
import { DeviceStorageFullError } from '../errors.ts';
import type { RecorderStats } from '../events.ts';
import type { Shortage } from '../journal/ballast.ts';
import type { Journal } from '../journal/journal.ts';
import type { Reporter } from './protocol.ts';

/** How often the room is looked at; milliseconds. */
const LOOK_FOR_ROOM = 2_000;

/**
 * Warns while there is still time, and ends the recording while there is still room to finish it.
 *
 * @param isRecording before that and after it, the room is only looked at.
 * @returns a function that ends it.
 */
export const watchRoom = (
  journal: Journal,
  stats: RecorderStats,
  report: Reporter,
  isRecording: () => boolean,
): (() => void) => {
  const onShortage = (shortage: Shortage, bytesLeft: number): void => {
    journal.kept.letGo();
    if (shortage === 'full') return report.fail(new DeviceStorageFullError(bytesLeft));
    const left = Math.round(bytesLeft / 1024 ** 2);
    report.warn(
      'device-storage-low',
      `This device has room for ${left} MiB more; the recording ends when there is none.`,
      left,
    );
  };
  const look = async (): Promise<void> => {
    journal.refill();
    const { recordedBytes, duration } = stats;
    const found = await journal.quota.look(duration > 0 ? recordedBytes / duration : 0);
    if (found && found.room !== 'ample' && isRecording()) onShortage(found.room, found.left);
  };
  journal.onShortage = onShortage;
  const timer = setInterval(() => void look(), LOOK_FOR_ROOM);
  return () => clearInterval(timer);
};
