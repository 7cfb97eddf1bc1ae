/** Where the stream comes from: camera, screen or the built-in test pattern. */
import { createTestPattern, type TestPattern } from '../test-pattern/index.ts';

export type SourceKind = 'pattern' | 'camera' | 'screen';

/** An open source. */
export interface Source {
  kind: SourceKind;
  stream: MediaStream;
  /** Only for the test pattern. */
  pattern?: TestPattern;
  /** Something the person should know, such as a missing microphone. */
  note?: string;
  close(): void;
}

/** A source that did not open; the message says in plain words what to do. */
export class SourceUnavailableError extends Error {
  readonly code = 'source-unavailable';
}

const HELP: Record<'camera' | 'screen', Record<string, string>> = {
  camera: {
    NotAllowedError:
      'The browser did not let this page use the camera. Allow it beside the address, then try again. The test pattern needs no permission.',
    NotFoundError: 'No camera was found. Connect one and try again, or use the test pattern.',
    NotReadableError: 'The camera is in use by another program. Close it there and try again.',
  },
  screen: {
    NotAllowedError: 'No screen or window was shared. Choose one in the dialog of the browser.',
    NotFoundError: 'The browser found no screen that it can share.',
  },
};

const explain = (kind: 'camera' | 'screen', error: unknown): SourceUnavailableError => {
  const name = error instanceof DOMException ? error.name : '';
  const fallback = `The ${kind} did not open (${error instanceof Error ? error.message : String(error)}).`;
  return new SourceUnavailableError(HELP[kind][name] ?? fallback, { cause: error });
};

const devices = (): MediaDevices => {
  const found = (navigator as { mediaDevices?: MediaDevices }).mediaDevices;
  if (found) return found;
  throw new SourceUnavailableError(
    'Cameras and screens can only be used on https:// pages and on localhost.',
  );
};

const close = (stream: MediaStream) => (): void => {
  for (const track of stream.getTracks()) track.stop();
};

const openCamera = async (): Promise<Source> => {
  const video = { width: { ideal: 1280 }, height: { ideal: 720 } };
  try {
    const stream = await devices().getUserMedia({ video, audio: true });
    return { kind: 'camera', stream, close: close(stream) };
  } catch (error) {
    // A computer with a camera but without a microphone gives this for the pair.
    if (!(error instanceof DOMException && error.name === 'NotFoundError')) throw error;
    const stream = await devices().getUserMedia({ video });
    return {
      kind: 'camera',
      stream,
      note: 'No microphone was found: there will be no sound.',
      close: close(stream),
    };
  }
};

const openScreen = async (): Promise<Source> => {
  const stream = await devices().getDisplayMedia({ video: true, audio: true });
  return { kind: 'screen', stream, close: close(stream) };
};

const openPattern = (): Source => {
  try {
    const pattern = createTestPattern({ width: 640, height: 360 });
    return { kind: 'pattern', stream: pattern.stream, pattern, close: () => pattern.stop() };
  } catch (error) {
    throw new SourceUnavailableError(error instanceof Error ? error.message : String(error), {
      cause: error,
    });
  }
};

/**
 * Opens a source.
 *
 * @throws SourceUnavailableError (`source-unavailable`) whose message can be shown as it is.
 */
export const openSource = async (kind: SourceKind): Promise<Source> => {
  if (kind === 'pattern') return openPattern();
  try {
    return await (kind === 'camera' ? openCamera() : openScreen());
  } catch (error) {
    throw error instanceof SourceUnavailableError ? error : explain(kind, error);
  }
};
