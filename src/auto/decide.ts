/** What an `AutoRecorder` does next. Pure. */
import type { RecorderState } from '../events.ts';

/** A source is not taken for away before it has given nothing for so long; seconds. Cameras are muted for a moment when they are turned. */
const BLINK = 1;

/** Everything that is decided by. Times are seconds. */
export interface Facts {
  /** What the recorder is doing with its newest recording. */
  recorder: RecorderState;
  /** Something comes from the source. */
  live: boolean;
  /** Another source is recorded, or was. */
  changed: boolean;
  /** For how long nothing has come. */
  away: number;
  /** It was paused because nothing came. */
  paused: boolean;
  /** Length of the recording. */
  duration: number;
  /** After a recording that failed, until the next is tried. */
  holdOff: number;
  reconnectWindow: number;
  maxDuration: number;
}

export type Step = 'none' | 'start' | 'stop' | 'replace' | 'pause' | 'resume' | 'roll-over';

const RUNNING: readonly RecorderState[] = ['recording', 'paused', 'waiting'];

export const decide = (facts: Facts): Step => {
  const { recorder, live, changed, away, reconnectWindow } = facts;
  if (recorder === 'starting') return 'none';
  if (!RUNNING.includes(recorder)) return live && facts.holdOff <= 0 ? 'start' : 'none';
  // Without a window, each source is a recording of its own.
  if (changed && reconnectWindow === 0) return 'stop';
  if (!live) {
    if (away < BLINK) return 'none';
    if (away >= reconnectWindow) return 'stop';
    return recorder === 'recording' ? 'pause' : 'none';
  }
  if (changed) return 'replace';
  if (recorder === 'paused' && facts.paused) return 'resume';
  return recorder === 'recording' && facts.duration >= facts.maxDuration ? 'roll-over' : 'none';
};

/** How long the next recording is held off after so many that failed in a row; seconds. */
export const holdOffAfter = (failures: number): number =>
  failures === 0 ? 0 : Math.min(60, 2 ** (failures - 1));
