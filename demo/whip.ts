/** Streams of a media server, watched by WHEP or published by WHIP, and recorded as they were encoded. */
import { byId, chosen } from './app/dom.ts';
import { openLibrary } from './app/library.ts';
import { clearNotices, notify, notifyError } from './app/notices.ts';
import { fillCodecs } from './call/codecs.ts';
import { FactsTable } from './call/facts.ts';
import { cover, openPicture, type Picture } from './call/picture.ts';
import { type Call, CallRecording } from './call/recording.ts';
import { ServerStream, type Told } from './call/stream.ts';

type Mode = 'watch' | 'publish';

const form = byId('connection', HTMLFormElement);
const advanced = byId('advanced', HTMLFieldSetElement);
const url = byId('url', HTMLInputElement);
const token = byId('token', HTMLInputElement);
const codec = byId('call-codec', HTMLSelectElement);
const button = byId('connect', HTMLButtonElement);
const status = byId('connection-state', HTMLParagraphElement);
const video = byId('picture', HTMLVideoElement);
const sound = byId('sound', HTMLButtonElement);

const TITLES = { watch: 'A stream, watched by WHEP', publish: 'A stream, published by WHIP' };
const EMPTY = { watch: 'Nothing is received', publish: 'Nothing is sent' };
const EXAMPLES = {
  watch: 'https://media.example.org/whep/my-stream',
  publish: 'https://media.example.org/whip/my-stream',
};

let current: { stream: ServerStream; picture: Picture | undefined } | undefined;
/** The camera is being opened. */
let opening = false;

const mode = (): Mode => (chosen('mode') === 'publish' ? 'publish' : 'watch');

const setMuted = (muted: boolean): void => {
  video.muted = muted;
  sound.textContent = muted ? 'Sound on' : 'Sound off';
};

const show = (): void => {
  // What a connection was made with can't be changed while it is there.
  for (const input of form.querySelectorAll<HTMLInputElement | HTMLSelectElement>('input, #call-codec'))
    input.disabled = current !== undefined || opening;
  button.textContent = current || opening ? 'Disconnect' : 'Connect';
  button.classList.toggle('primary', !current && !opening);
  byId('publish-only', HTMLDivElement).hidden = mode() === 'watch';
  url.placeholder = EXAMPLES[mode()];
};

/** None, or one that is being made, or one that is connected. */
const connectionState = (): RTCPeerConnectionState | undefined => current?.stream.connection.connectionState;

const onTold = ({ text, state }: Told): void => {
  status.textContent = text;
  status.dataset.connection = state;
  cover('picture-empty', state === 'connected' ? '' : EMPTY[mode()]);
  // One's own voice is better not heard.
  sound.hidden = state !== 'connected' || mode() === 'publish';
  if (state !== 'over') return;
  current?.picture?.close();
  current = undefined;
  video.srcObject = null;
  setMuted(true);
  show();
};

const open = async (): Promise<void> => {
  const picture = mode() === 'publish' ? await openPicture() : undefined;
  if (picture?.note) notify({ kind: 'warning', code: 'source', message: picture.note });
  const stream = new ServerStream(picture && { stream: picture.stream, codec: codec.value }, onTold);
  current = { stream, picture };
  opening = false;
  video.srcObject = stream.media;
  show();
  await stream.open({ url: url.value, token: token.value });
};

/** @returns whether there is a connection; why there is none is told. */
const connect = async (): Promise<boolean> => {
  if (connectionState() === 'connected') return true;
  if (current || opening || !form.reportValidity()) return false;
  clearNotices();
  opening = true;
  show();
  try {
    await open();
  } catch (error) {
    notifyError(error);
  } finally {
    opening = false;
    show();
  }
  return connectionState() === 'connected';
};

const connectToRecord = async (): Promise<Call | undefined> => {
  const connected = await connect();
  return connected && current ? { connection: current.stream.connection, title: TITLES[mode()] } : undefined;
};

fillCodecs(codec);
new FactsTable(byId('facts', HTMLTableElement), [
  {
    name: 'Stream',
    side: () => (mode() === 'publish' ? 'sent' : 'received'),
    connection: () => current?.stream.connection,
  },
]);
new CallRecording(openLibrary(), connectToRecord, active => {
  advanced.disabled = active;
  byId('storage', HTMLSelectElement).disabled = active;
});

form.addEventListener('submit', event => {
  event.preventDefault();
  if (current) current.stream.close();
  else void connect();
});
for (const radio of document.querySelectorAll('input[name="mode"]'))
  radio.addEventListener('change', () => {
    onTold({ text: 'Not connected', state: 'over' });
  });
sound.addEventListener('click', () => setMuted(!video.muted));
addEventListener('pagehide', () => current?.stream.close('Not connected', true));
onTold({ text: 'Not connected', state: 'over' });
