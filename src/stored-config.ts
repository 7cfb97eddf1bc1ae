/** Decoder configurations as plain data: for journals, and from one worker to another. Pure. */

/** A decoder configuration, with its description in base64. */
export type StoredConfig<Config> = Omit<Config, 'description'> & { description?: string };

const toBase64 = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes));
const fromBase64 = (text: string): Uint8Array =>
  Uint8Array.from(atob(text), character => character.charCodeAt(0));

const bytesOf = (description: AllowSharedBufferSource): Uint8Array =>
  ArrayBuffer.isView(description)
    ? new Uint8Array(description.buffer, description.byteOffset, description.byteLength)
    : new Uint8Array(description);

/** What of a configuration goes into the journal; browsers give objects whose fields are not their own. */
export const storeConfig = <Config extends VideoDecoderConfig | AudioDecoderConfig>(
  config: Config,
): StoredConfig<Config> => {
  const { description, colorSpace, ...rest } = config as VideoDecoderConfig;
  const space = colorSpace && {
    primaries: colorSpace.primaries ?? null,
    transfer: colorSpace.transfer ?? null,
    matrix: colorSpace.matrix ?? null,
    fullRange: colorSpace.fullRange ?? null,
  };
  return {
    ...rest,
    ...(space ? { colorSpace: space } : {}),
    ...(description ? { description: toBase64(bytesOf(description)) } : {}),
  } as unknown as StoredConfig<Config>;
};

/** A configuration out of the journal. */
export const restoreConfig = <Config>({ description, ...rest }: StoredConfig<Config>): Config =>
  ({ ...rest, ...(description === undefined ? {} : { description: fromBase64(description) }) }) as Config;
