/** What a browser calls the codec of an encoded frame. Pure. */

/** A call has few names, and one comes with each of its frames. */
const types = new Map<string, string>();

/** `video/vp9` of `video/VP9; profile-id=0`: what lies behind a semicolon are parameters. */
export const mediaType = (name: string): string => {
  const known = types.get(name);
  if (known !== undefined) return known;
  const type = name.split(';')[0]?.trim().toLowerCase() ?? '';
  types.set(name, type);
  return type;
};
