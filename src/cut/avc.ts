/** The little of H.264 that cutting needs: reading an AVCDecoderConfigurationRecord (ISO/IEC 14496-15, 5.3.3.1). */

/** The sequence parameter sets in an `avcC`. */
export const avcParameterSets = (avcC: Uint8Array): Uint8Array[] => {
  const sets: Uint8Array[] = [];
  const count = (avcC[5] ?? 0) & 0x1f;
  let offset = 6;
  for (let i = 0; i < count; i++) {
    const length = ((avcC[offset] ?? 0) << 8) | (avcC[offset + 1] ?? 0);
    sets.push(avcC.subarray(offset + 2, offset + 2 + length));
    offset += 2 + length;
  }
  return sets;
};

/**
 * `avc1.` with profile, constraints and level as the stream has them. Encoders repeat the codec string that
 * they were asked for, although what they write may have another profile or level.
 */
export const avcCodecString = (codec: string, avcC: Uint8Array | undefined): string => {
  if (!/^avc[13]\./.test(codec) || avcC === undefined || avcC.length < 4) return codec;
  const hex = [...avcC.subarray(1, 4)].map(byte => byte.toString(16).padStart(2, '0')).join('');
  return `${codec.slice(0, 5)}${hex}`;
};
