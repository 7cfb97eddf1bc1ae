/** How the bytes of a frame lie, by its pixel format: those that can be drawn into as they are. Pure. */

/** A plane of a frame's bytes, tightly packed. */
export interface Plane {
  offset: number;
  /** Bytes from one row to the next. */
  stride: number;
}

/** What one byte of a pixel says. */
export type Channel = 'r' | 'g' | 'b' | 'y' | 'u' | 'v';

/** Where the values of a channel lie. */
export interface ChannelPlace {
  channel: Channel;
  /** Of the first one, in bytes. */
  offset: number;
  /** Bytes from one to the next in a row. */
  step: number;
  stride: number;
  /** Pixels across and down that share one. */
  across: number;
  down: number;
}

export interface FrameLayout {
  bytes: number;
  planes: Plane[];
  channels: ChannelPlace[];
}

/** Pixels across and down that share chroma, and whether there is a plane of alpha, which encoders don't look at. */
const PLANAR: Record<string, readonly [across: number, down: number, alpha: boolean]> = {
  I420: [2, 2, false],
  I422: [2, 1, false],
  I444: [1, 1, false],
  I420A: [2, 2, true],
  I422A: [2, 1, true],
  I444A: [1, 1, true],
};

const PACKED: Record<string, readonly Channel[]> = {
  RGBA: ['r', 'g', 'b'],
  RGBX: ['r', 'g', 'b'],
  BGRA: ['b', 'g', 'r'],
  BGRX: ['b', 'g', 'r'],
};

const planar = (
  width: number,
  height: number,
  [across, down, alpha]: readonly [number, number, boolean],
): FrameLayout => {
  const chroma = { width: Math.ceil(width / across), height: Math.ceil(height / down) };
  const u = width * height;
  const v = u + chroma.width * chroma.height;
  const end = v + chroma.width * chroma.height;
  const planes = [
    { offset: 0, stride: width },
    { offset: u, stride: chroma.width },
    { offset: v, stride: chroma.width },
    ...(alpha ? [{ offset: end, stride: width }] : []),
  ];
  const shared = { step: 1, stride: chroma.width, across, down };
  return {
    bytes: end + (alpha ? width * height : 0),
    planes,
    channels: [
      { channel: 'y', offset: 0, step: 1, stride: width, across: 1, down: 1 },
      { ...shared, channel: 'u', offset: u },
      { ...shared, channel: 'v', offset: v },
    ],
  };
};

const biplanar = (width: number, height: number): FrameLayout => {
  const chroma = { width: Math.ceil(width / 2), height: Math.ceil(height / 2) };
  const offset = width * height;
  const shared = { step: 2, stride: chroma.width * 2, across: 2, down: 2 };
  return {
    bytes: offset + chroma.width * 2 * chroma.height,
    planes: [
      { offset: 0, stride: width },
      { offset, stride: chroma.width * 2 },
    ],
    channels: [
      { channel: 'y', offset: 0, step: 1, stride: width, across: 1, down: 1 },
      { ...shared, channel: 'u', offset },
      { ...shared, channel: 'v', offset: offset + 1 },
    ],
  };
};

const packed = (width: number, height: number, order: readonly Channel[]): FrameLayout => ({
  bytes: width * height * 4,
  planes: [{ offset: 0, stride: width * 4 }],
  channels: order.map((channel, offset) => ({
    channel,
    offset,
    step: 4,
    stride: width * 4,
    across: 1,
    down: 1,
  })),
});

/** `undefined` for what can't be drawn into byte by byte: more than 8 bits, and what never left the GPU. */
export const layoutOf = (format: string | null, width: number, height: number): FrameLayout | undefined => {
  if (format === 'NV12') return biplanar(width, height);
  const sharing = PLANAR[format ?? ''];
  if (sharing) return planar(width, height, sharing);
  const order = PACKED[format ?? ''];
  return order && packed(width, height, order);
};
