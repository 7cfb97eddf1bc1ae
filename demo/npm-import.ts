import { Recorder, tus } from 'steadyreel';

const button = document.querySelector('button') as HTMLButtonElement;
const result = document.querySelector('pre') as HTMLPreElement;
const stream = await navigator.mediaDevices.getUserMedia({ video: true, audio: true });
const recorder = new Recorder(stream, { storage: tus({ endpoint: '/storage' }) });
recorder.on('state', ({ state }) => (button.textContent = state === 'recording' ? 'Stop' : 'Record'));
recorder.on('recording', ({ recording }) => (result.textContent = JSON.stringify(recording, null, 2)));
recorder.on('error', ({ error }) => (result.textContent = error.message));
button.onclick = () => (recorder.state === 'recording' ? recorder.stop() : recorder.start());
