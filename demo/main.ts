/** The demo: wires the page's parts to one `Recorder` after another. */
import { Recorder, type RecorderState } from 'steadyreel';
import { byId, chosen } from './app/dom.ts';
import { openLibrary } from './app/library.ts';
import { Live } from './app/live.ts';
import { clearNotices, notify, notifyError } from './app/notices.ts';
import { chosenOptions, chosenStorage } from './app/options.ts';
import { applyOverlays, bindOverlays } from './app/overlays.ts';
import { applyPatternControls, bindPatternControls } from './app/pattern-controls.ts';
import { type Source, SourceUnavailableError } from './app/sources.ts';
import { Stage } from './app/stage.ts';

const ACTIVE: readonly RecorderState[] = ['starting', 'recording', 'paused', 'waiting', 'stopping'];
const NAMES = { pattern: 'Test pattern', camera: 'Camera', screen: 'Screen' };

const button = byId('record', HTMLButtonElement);
const label = byId('record-label', HTMLSpanElement);
const setup = byId('setup', HTMLFieldSetElement);
const advanced = byId('advanced', HTMLFieldSetElement);
const closeSource = byId('close-source', HTMLButtonElement);

const live = new Live();
const library = openLibrary();
let recorder: Recorder | undefined;
/** Also true while the source is being opened for a recording. */
let busy = false;

const onOpen = (source: Source): void => {
  if (source.note) notify({ kind: 'warning', code: 'source', message: source.note });
  if (source.pattern) applyPatternControls(source.pattern);
};
const stage = new Stage(onOpen);

const show = (state: RecorderState): void => {
  const active = ACTIVE.includes(state);
  const stoppable = active && state !== 'starting' && state !== 'stopping';
  setup.disabled = advanced.disabled = closeSource.disabled = active;
  label.textContent = stoppable ? 'Stop' : 'Record';
  button.ariaDisabled = String(active && !stoppable);
  live.state(state);
};

const listen = (next: Recorder): void => {
  next.on('state', ({ state }) => {
    show(state);
    if (!ACTIVE.includes(state)) library.refresh();
    // What the storage did not take can be stored later.
    if (state === 'failed') library.look();
  });
  next.on('progress', event => live.progress(event));
  next.on('recording', ({ recording }) => live.recording(recording));
  next.on('warning', ({ code, message, count }) =>
    notify({ kind: 'warning', code, message: count > 1 ? `${message} (${count} so far)` : message }),
  );
  next.on('error', ({ error }) => notifyError(error));
};

const start = async (): Promise<void> => {
  clearNotices();
  live.reset();
  show('starting');
  const source = await stage.open();
  recorder = new Recorder(source.stream, chosenOptions(chosenStorage().storage, NAMES[source.kind]));
  listen(recorder);
  await applyOverlays(recorder);
  await recorder.start();
};

/** What the recorder rejects with, it has also told by its `error` event; the notice is shown once. */
const toggle = async (): Promise<void> => {
  if (busy || button.ariaDisabled === 'true') return;
  busy = true;
  try {
    if (recorder && ACTIVE.includes(recorder.state)) await recorder.stop();
    else await start();
  } catch (error) {
    // Its message is on the stage, where the source would be.
    if (!(error instanceof SourceUnavailableError)) notifyError(error);
    if (!recorder || !ACTIVE.includes(recorder.state))
      show(error instanceof SourceUnavailableError ? 'idle' : 'failed');
  } finally {
    busy = false;
  }
};

const onSource = (): void => {
  const kind = chosen('source');
  stage.choose(kind === 'camera' || kind === 'screen' ? kind : 'pattern');
  byId('pattern-card', HTMLElement).hidden = kind !== 'pattern';
  // Only the test pattern opens by itself: the others ask the person something.
  if (kind === 'pattern') void stage.open().catch(() => undefined);
};

button.addEventListener('click', () => void toggle());
for (const input of document.querySelectorAll('input[name="source"]'))
  input.addEventListener('change', onSource);
addEventListener('beforeunload', event => {
  if (recorder && ACTIVE.includes(recorder.state)) event.preventDefault();
});

bindOverlays(() => recorder);
bindPatternControls(() => stage.source?.pattern);
show('idle');
onSource();
