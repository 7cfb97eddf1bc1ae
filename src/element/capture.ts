/** What the element's own button captures when the page has not given it a stream. */
import { BrowserUnsupportedError, OptionInvalidError, SteadyreelError } from '../errors.ts';

/** What the element can capture by itself. */
export type CaptureSource = 'camera' | 'screen';

/** `capture-denied`: the person, or the page's permissions policy, did not allow the capture. */
export class CaptureDeniedError extends SteadyreelError {
  readonly code = 'capture-denied';
  constructor(source: CaptureSource, cause: unknown) {
    super(`The ${source} was not shared with this page. Allow it in the browser and try again.`, { cause });
  }
}

/** `capture-failed`: there is no such device, or another program holds it. */
export class CaptureFailedError extends SteadyreelError {
  readonly code = 'capture-failed';
  constructor(source: CaptureSource, cause: unknown) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    super(`The ${source} could not be opened (${detail}). Check that it is connected and not in use.`, {
      cause,
    });
  }
}

/**
 * Asks for the camera with the microphone, or for the screen with its sound.
 *
 * @throws OptionInvalidError (`option-invalid`), BrowserUnsupportedError (`browser-unsupported`),
 * CaptureDeniedError (`capture-denied`), CaptureFailedError (`capture-failed`).
 */
export const capture = async (source: string): Promise<MediaStream> => {
  if (source !== 'camera' && source !== 'screen') {
    throw new OptionInvalidError('source', '"camera" or "screen"', source);
  }
  // Absent on pages that are neither https:// nor localhost.
  const devices = (navigator as { mediaDevices?: MediaDevices }).mediaDevices;
  if (!devices) throw new BrowserUnsupportedError(['navigator.mediaDevices']);
  const constraints = { video: true, audio: true };
  try {
    return await (source === 'screen'
      ? devices.getDisplayMedia(constraints)
      : devices.getUserMedia(constraints));
  } catch (error) {
    const denied = error instanceof DOMException && error.name === 'NotAllowedError';
    throw denied ? new CaptureDeniedError(source, error) : new CaptureFailedError(source, error);
  }
};
