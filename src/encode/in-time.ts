/** Encoders that hang must not hang the recording. */

/** Longest that an encoder may take for what is in its queue; milliseconds. */
const PATIENCE = 15_000;

/** Rejects when a flush takes too long: a hardware encoder was lost, or the worker of one in WebAssembly was ended. */
export const inTime = async (flush: Promise<void>): Promise<void> => {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it did not finish within ${PATIENCE / 1000} s`)), PATIENCE);
  });
  try {
    await Promise.race([flush, late]);
  } finally {
    clearTimeout(timer);
  }
};
