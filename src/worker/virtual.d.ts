/** The text of dist/worker.js; the build of the script-tag bundle fills it in. */
declare module 'virtual:steadyreel-worker' {
  const text: string;
  export default text;
}
