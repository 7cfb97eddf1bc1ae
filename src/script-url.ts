/** Where the script-tag build is. */

// Only while the script runs for the first time does the document know which one it is.
const script = document.currentScript;

export const scriptUrl =
  script instanceof HTMLScriptElement && script.src !== '' ? script.src : document.baseURI;
