/** A call with both ends in this page, recorded as it was encoded. */
import { byId, chosen } from './app/dom.ts';
import { openLibrary } from './app/library.ts';
import { notify, notifyError } from './app/notices.ts';
import { SourceUnavailableError } from './app/sources.ts';
import { fillCodecs } from './call/codecs.ts';
import { bindEncoding, chosenEncoding } from './call/encoding.ts';
import { FactsTable } from './call/facts.ts';
import { Loopback } from './call/loopback.ts';
import { cover, openPicture, type Picture } from './call/picture.ts';
import { type Call, CallRecording } from './call/recording.ts';

const setup = byId('setup', HTMLFieldSetElement);
const advanced = byId('advanced', HTMLFieldSetElement);
const codec = byId('call-codec', HTMLSelectElement);
const button = byId('call', HTMLButtonElement);
const sent = byId('sent', HTMLVideoElement);
const received = byId('received', HTMLVideoElement);

const TITLES = { sent: 'A call, as it was sent', received: 'A call, as it was received' };

/** The call that goes on. */
let current: { loopback: Loopback; picture: Picture } | undefined;
let calling = false;

const end = (): 'sent' | 'received' => (chosen('end') === 'sent' ? 'sent' : 'received');

/** Marks the picture that is recorded. */
const markEnd = (): void => {
  for (const each of ['sent', 'received'] as const)
    byId(`${each}-stage`, HTMLElement).dataset.recorded = String(each === end());
};

const show = (text: string): void => {
  button.textContent = current ? 'Hang up' : 'Call';
  button.setAttribute('aria-busy', String(calling));
  for (const name of ['sent-empty', 'received-empty']) cover(name, text);
};

const hangUp = (text = 'No call yet'): void => {
  current?.loopback.close();
  current?.picture.close();
  current = undefined;
  sent.srcObject = received.srcObject = null;
  show(text);
};

/** The person has unplugged the camera: there is nothing left to send. */
const watchEnd = (picture: Picture): void => {
  for (const track of picture.stream.getTracks())
    track.addEventListener('ended', () => {
      const live = picture.stream.getTracks().some(each => each.readyState === 'live');
      if (!live && current?.picture === picture) hangUp('The camera is off');
    });
};

const connect = async (picture: Picture): Promise<void> => {
  const loopback = new Loopback(picture.stream, chosenEncoding());
  current = { loopback, picture };
  watchEnd(picture);
  sent.srcObject = picture.stream;
  received.srcObject = loopback.received;
  await loopback.use(codec.value);
};

/** @returns whether there is a call; why there is none is told. */
const call = async (): Promise<boolean> => {
  if (current) return true;
  if (calling) return false;
  calling = true;
  show('Calling…');
  let trouble = '';
  try {
    const picture = await openPicture();
    if (picture.note) notify({ kind: 'warning', code: 'source', message: picture.note });
    await connect(picture);
  } catch (error) {
    trouble = error instanceof SourceUnavailableError ? error.message : 'The call failed';
    if (!(error instanceof SourceUnavailableError)) notifyError(error);
    hangUp();
  } finally {
    calling = false;
    show(trouble);
  }
  return current !== undefined;
};

const callToRecord = async (): Promise<Call | undefined> => {
  if (!(await call()) || !current) return undefined;
  const { sender, receiver } = current.loopback;
  return { connection: end() === 'sent' ? sender : receiver, title: TITLES[end()] };
};

fillCodecs(codec);
bindEncoding(encoding => void current?.loopback.encode(encoding).catch(notifyError));
new FactsTable(byId('facts', HTMLTableElement), [
  { name: 'Sent', side: 'sent', connection: () => current?.loopback.sender },
  { name: 'Received', side: 'received', connection: () => current?.loopback.receiver },
]);
new CallRecording(openLibrary(), callToRecord, active => {
  setup.disabled = advanced.disabled = active;
});

button.addEventListener('click', () => {
  if (current) hangUp('The call has ended');
  else void call();
});
codec.addEventListener('change', () => void current?.loopback.use(codec.value).catch(notifyError));
for (const radio of document.querySelectorAll('input[name="source"]'))
  radio.addEventListener('change', () => {
    if (current) hangUp();
  });
for (const radio of document.querySelectorAll('input[name="end"]')) radio.addEventListener('change', markEnd);
markEnd();
show('No call yet');
