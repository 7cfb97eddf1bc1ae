/** The video codecs of calls in this browser, and how one of them is asked for. */
import { el } from '../app/dom.ts';

const NAMES: readonly [mimeType: string, name: string][] = [
  ['video/h264', 'H.264'],
  ['video/vp9', 'VP9'],
  ['video/av1', 'AV1'],
  ['video/vp8', 'VP8'],
];

type Codec = { mimeType: string };

const codecsOf = (): Codec[] => RTCRtpReceiver.getCapabilities('video')?.codecs ?? [];

/** What belongs to a codec of any kind: what was lost is sent again by it. */
const isHelper = ({ mimeType }: Codec): boolean => /\/(rtx|red|ulpfec|flexfec-03)$/i.test(mimeType);

/** Codecs that this browser can send as well as receive, the first of them chosen. */
export const fillCodecs = (select: HTMLSelectElement): void => {
  const sendable = RTCRtpSender.getCapabilities('video')?.codecs ?? [];
  const has = (list: readonly Codec[], type: string): boolean =>
    list.some(({ mimeType }) => mimeType.toLowerCase() === type);
  const found = NAMES.filter(([type]) => has(sendable, type) && has(codecsOf(), type));
  select.replaceChildren(...found.map(([type, name]) => el('option', { value: type }, name)));
};

/** The name of a codec as people know it. */
export const codecName = (mimeType: string): string =>
  NAMES.find(([type]) => type === mimeType.toLowerCase())?.[1] ?? mimeType.replace(/^\w+\//, '');

/** Makes a codec the only one of the call. */
export const prefer = (transceiver: RTCRtpTransceiver, mimeType: string): void => {
  const codecs = RTCRtpReceiver.getCapabilities('video')?.codecs ?? [];
  const wanted = codecs.filter(codec => codec.mimeType.toLowerCase() === mimeType);
  if (wanted.length > 0) transceiver.setCodecPreferences([...wanted, ...codecs.filter(isHelper)]);
};
