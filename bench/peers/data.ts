/** What `npm run bench` has measured: the shape of `bench/results/peers.json`. */
import type { blocked, changes, load, starts } from './run.mjs';

type Run<T extends (...given: never[]) => Promise<unknown>> = { mode: string; round: number } & Awaited<
  ReturnType<T>
>;

export interface Failure {
  measure: string;
  mode: string;
  round: number;
  message: string;
}

export type LoadRun = Run<typeof load> & { waited: number; disturbed: boolean };

export interface Data {
  machine: {
    processor: string;
    processors: number;
    memory: number;
    linux: string;
    node: string;
    browser: string;
    packages: Record<string, string>;
    loadBefore: number;
    date: string;
  };
  settings: {
    rounds: number;
    repeats: number;
    seconds: number;
    warmUp: number;
    until: number;
    changes: number;
    every: number;
    starts: number;
    muxSeconds: number;
    blocked: number;
    blockedOf: number;
    longSeconds: number;
    together: number;
    stops: number;
    stopsFrom: number;
  };
  modes: string[];
  sizes: { name: string; label: string; bytes: number }[];
  mux: { mode: string; round: number; packetsPerSecond: number; bytes: number; memory: number }[];
  load: LoadRun[];
  hd: LoadRun[];
  blocked: Run<typeof blocked>[];
  changes: Run<typeof changes>[];
  starts: Run<typeof starts>[];
  /** Of steadyreel, at moments that differ; absent where it was not measured. */
  stops?: Run<typeof load>[];
  long: Run<typeof load>[];
  /** Absent where `long` was not measured. */
  longMade?: { date: string; together: number } | undefined;
  /** Bytes, every five minutes. */
  hour: number[];
  failures: Failure[];
  discarded: { measure: string; mode: string; round: number; others: number }[];
}
