/** How a page asks Chromium's encoder for a key frame, without getting in the way of what the page asks of it. */

/** `setParameters()` as WebRTC Extensions has it ("setParameterOptions"): one entry for each encoding. */
interface KeyFrameSender {
  setParameters(
    parameters: RTCRtpSendParameters,
    options?: { encodingOptions?: { keyFrame: boolean }[] },
  ): Promise<void>;
}

/** Senders that are asked at this moment. */
const asked = new WeakSet<RTCRtpSender>();

/**
 * While one `setParameters()` is on its way, Chromium (156) refuses another one with an InvalidStateError: the first one, as
 * it ends, makes what `getParameters()` has returned meanwhile invalid. The page can't know of ours. So what it asks for in
 * that millisecond waits until ours is through, and is then asked for by what `getParameters()` returns by then.
 *
 * @returns takes it back.
 */
const letPageWait = (sender: RTCRtpSender, ours: Promise<void>): (() => void) => {
  const before = Object.getOwnPropertyDescriptor(sender, 'setParameters');
  const set = sender.setParameters.bind(sender);
  const waiting: typeof set = async (parameters, ...options) => {
    await ours.catch(() => undefined);
    const { transactionId } = sender.getParameters();
    return set({ ...parameters, transactionId }, ...options);
  };
  Object.defineProperty(sender, 'setParameters', { value: waiting, configurable: true, writable: true });
  return () => {
    // The page may have put its own in its place.
    if (sender.setParameters !== waiting) return;
    if (before) Object.defineProperty(sender, 'setParameters', before);
    else Reflect.deleteProperty(sender, 'setParameters');
  };
};

/**
 * Asks for a key frame of each layer. Whoever needs it asks again when none comes. Firefox heeds only the transform's own
 * way, and is never asked in this one.
 */
export const askEncoder = async (sender: RTCRtpSender): Promise<void> => {
  if (asked.has(sender)) return;
  asked.add(sender);
  let takeBack: (() => void) | undefined;
  try {
    const parameters = sender.getParameters();
    const encodingOptions = parameters.encodings.map(() => ({ keyFrame: true }));
    const ours = (sender as KeyFrameSender).setParameters(parameters, { encodingOptions });
    takeBack = letPageWait(sender, ours);
    await ours;
  } catch {
    // Not negotiated yet, or the page is changing the parameters itself.
  } finally {
    takeBack?.();
    asked.delete(sender);
  }
};
