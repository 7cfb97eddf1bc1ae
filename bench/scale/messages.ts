/** What the processes of the benchmark tell each other. Types only. */

/** How often, by kind. */
export type Counts = Record<string, number>;

/** What the benchmark is run with. */
export interface Settings {
  recorders: number;
  /** Processes that the recorders are spread over. */
  processes: number;
  /** How long each records. */
  seconds: number;
  /** Bits per second of each recorder. */
  bitrate: number;
  partBytes: number;
  /** Seconds over which the starts are spread; 0: all start at once, and their parts are full at the same time. */
  spread: number;
}

/** What the handler is started with. */
export interface HandlerStart {
  endpoint: string;
  region: string;
  bucket: string;
  accessKeyId: string;
  secretAccessKey: string;
}

/** What the handler has done since it started. */
export interface HandlerTotals {
  /** Requests of the recorders, by kind. */
  requests: Counts;
  /** Requests to the store, by S3's name of the operation. */
  toStore: Counts;
  /** Bytes that came over the recorders' connections, headers included, and that went back. */
  received: number;
  sent: number;
}

/** How long the handler took, by kind: milliseconds, in the order in which they came. */
export type Durations = Record<string, number[]>;

export type HandlerAnswer =
  | { type: 'listening'; endpoint: string }
  | { type: 'totals'; totals: HandlerTotals }
  | { type: 'durations'; durations: Durations };

/** What a process of recorders is started with. */
export interface RecordersStart extends Settings {
  endpoint: string;
  /** Number of the first one, and how many. */
  first: number;
  count: number;
}

/** What a process of recorders has done since it started. */
export interface RecordersTotals {
  /** Parts that the store has taken, and bytes of all that were sent. */
  parts: number;
  partBytes: number;
  recorded: number;
  stored: number;
  /** Bytes of the largest backlog at this moment. */
  backlog: number;
  recording: number;
}

/** How one recorder fared. */
export interface RecorderResult {
  user: string;
  key: string;
  bytes: number;
  sha256: string;
  /** Bytes recorded and not in the store, at most. */
  maxBacklog: number;
  /** Seconds from the end of the recording until all of it was in the store. */
  toFinish: number;
  /** Requests that failed and were tried again. */
  troubles: string[];
}

export type RecordersAnswer =
  | { type: 'totals'; totals: RecordersTotals }
  | { type: 'done'; results: RecorderResult[] };
