/** What a call's statistics say of its video, in words, once a second. */
import { el } from '../app/dom.ts';
import { codecName } from './codecs.ts';

export type Side = 'sent' | 'received';

/** What is looked at; where nothing is known yet, it is absent. */
export interface Facts {
  size?: string;
  bytes?: number;
  framesPerSecond?: number;
  codec?: string;
  /** What keeps the encoder from giving more. */
  heldBack?: string;
  packetsLost?: number;
}

/** Of the statistics, what is used here and TypeScript's library has as optional or not at all. */
interface Entry {
  type: string;
  kind?: string;
  frameWidth?: number;
  frameHeight?: number;
  framesPerSecond?: number;
  bytesSent?: number;
  bytesReceived?: number;
  packetsLost?: number;
  codecId?: string;
  mimeType?: string;
  qualityLimitationReason?: string;
}

const LIMITS: Record<string, string> = {
  none: 'by nothing',
  bandwidth: 'by the bandwidth',
  cpu: 'by the processor',
  other: 'by something else',
};

const factsOf = (entry: Entry, codec: Entry | undefined): Facts => {
  const { frameWidth, frameHeight, framesPerSecond, packetsLost, qualityLimitationReason } = entry;
  const bytes = entry.bytesSent ?? entry.bytesReceived;
  const heldBack = LIMITS[qualityLimitationReason ?? ''];
  return {
    ...(frameWidth && frameHeight && { size: `${frameWidth} × ${frameHeight}` }),
    ...(bytes !== undefined && { bytes }),
    ...(framesPerSecond !== undefined && { framesPerSecond }),
    ...(codec?.mimeType && { codec: codecName(codec.mimeType) }),
    ...(heldBack && { heldBack }),
    ...(packetsLost !== undefined && { packetsLost }),
  };
};

/** What a connection sends or receives of video just now. */
export const readFacts = async (connection: RTCPeerConnection, side: Side): Promise<Facts> => {
  const report = (await connection.getStats()) as ReadonlyMap<string, Entry>;
  const type = side === 'sent' ? 'outbound-rtp' : 'inbound-rtp';
  for (const entry of report.values())
    if (entry.type === type && entry.kind === 'video')
      return factsOf(entry, entry.codecId === undefined ? undefined : report.get(entry.codecId));
  return {};
};

const bitrate = (bitsPerSecond: number): string =>
  bitsPerSecond >= 1e6
    ? `${(bitsPerSecond / 1e6).toFixed(1)} Mbit/s`
    : `${Math.round(bitsPerSecond / 1e3)} kbit/s`;

/** What one end of the call is asked about. */
export interface Column {
  name: string;
  side: Side | (() => Side);
  /** None while there is no call. */
  connection(): RTCPeerConnection | undefined;
}

const INTERVAL = 1000;
const NOTHING = '–';

type Row = readonly [
  name: string,
  text: (facts: Facts, bitsPerSecond: number | undefined) => string | undefined,
];

const ROWS: readonly Row[] = [
  ['Frame size', ({ size }) => size],
  ['Bitrate', (_, bits) => (bits !== undefined ? bitrate(bits) : undefined)],
  ['Frames a second', ({ framesPerSecond }) => framesPerSecond?.toFixed(0)],
  ['Codec', ({ codec }) => codec],
  ['Held back', ({ heldBack }) => heldBack],
  ['Packets lost', ({ packetsLost }) => packetsLost?.toFixed(0)],
];

/** A table with a column for each end, kept up to date. */
export class FactsTable {
  readonly #columns: readonly Column[];
  readonly #cells: HTMLTableCellElement[][];
  /** By column: what was sent or received when it was last looked at. */
  readonly #before: ({ bytes: number; at: number } | undefined)[];

  constructor(table: HTMLTableElement, columns: readonly Column[]) {
    this.#columns = columns;
    this.#before = columns.map(() => undefined);
    this.#cells = ROWS.map(() => columns.map(() => el('td', {}, NOTHING)));
    const head = columns.map(({ name }) => el('th', { scope: 'col' }, name));
    table.replaceChildren(
      el('thead', {}, el('tr', {}, el('td'), ...head)),
      el(
        'tbody',
        {},
        ...ROWS.map(([name], row) =>
          el('tr', {}, el('th', { scope: 'row' }, name), ...(this.#cells[row] ?? [])),
        ),
      ),
    );
    setInterval(() => void this.#look(), INTERVAL);
  }

  async #look(): Promise<void> {
    await Promise.all(this.#columns.map((column, index) => this.#lookAt(column, index)));
  }

  async #lookAt({ connection, side }: Column, index: number): Promise<void> {
    const from = connection();
    const facts = from
      ? await readFacts(from, typeof side === 'string' ? side : side()).catch((): Facts => ({}))
      : {};
    const bits = this.#bitsPerSecond(facts, index);
    for (const [row, [, text]] of ROWS.entries()) {
      const cell = this.#cells[row]?.[index];
      if (cell) cell.textContent = text(facts, bits) ?? NOTHING;
    }
  }

  #bitsPerSecond({ bytes }: Facts, index: number): number | undefined {
    const before = this.#before[index];
    const at = performance.now();
    this.#before[index] = bytes === undefined ? undefined : { bytes, at };
    if (bytes === undefined || !before || bytes < before.bytes) return undefined;
    return ((bytes - before.bytes) * 8 * 1000) / (at - before.at);
  }
}
