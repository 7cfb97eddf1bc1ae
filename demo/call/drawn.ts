/** A picture that is drawn, and a quiet tone: for a call without a camera, in every browser. */

/** What a call sends. */
export interface Picture {
  stream: MediaStream;
  /** Something the person should know, such as a missing microphone. */
  note?: string;
  close(): void;
}

const [WIDTH, HEIGHT] = [1280, 720];
const FRAME_RATE = 30;
const BARS = 24;

const bars = (context: CanvasRenderingContext2D, frame: number): void => {
  const width = WIDTH / BARS;
  for (let bar = 0; bar < BARS; bar++) {
    context.fillStyle = `hsl(${(bar * 15 + frame) % 360} 62% ${38 + 14 * Math.sin(frame / 20 + bar)}%)`;
    const height = HEIGHT * (0.35 + 0.3 * Math.sin(frame / 31 + bar / 2));
    context.fillRect(bar * width, HEIGHT - height, width, height);
  }
};

/** Specks that are elsewhere in each frame: they cost bits, so that the bandwidth makes a difference. */
const specks = (context: CanvasRenderingContext2D): void => {
  context.fillStyle = '#ffffff59';
  for (let n = 0; n < 260; n++) context.fillRect(Math.random() * WIDTH, Math.random() * HEIGHT, 5, 5);
};

const clock = (context: CanvasRenderingContext2D, seconds: number): void => {
  const [x, y, radius] = [WIDTH - 170, 170, 96];
  context.fillStyle = '#10191acc';
  context.beginPath();
  context.arc(x, y, radius + 18, 0, 2 * Math.PI);
  context.fill();
  context.strokeStyle = '#5cc8bd';
  context.lineWidth = 16;
  context.beginPath();
  context.arc(x, y, radius, -Math.PI / 2, 2 * Math.PI * (seconds % 1) - Math.PI / 2);
  context.stroke();
  context.fillStyle = '#fff';
  context.textAlign = 'left';
  context.font = '600 120px system-ui, sans-serif';
  context.fillText(seconds.toFixed(1), 70, 200);
};

const draw = (context: CanvasRenderingContext2D, frame: number): void => {
  context.fillStyle = '#10191a';
  context.fillRect(0, 0, WIDTH, HEIGHT);
  bars(context, frame);
  specks(context);
  clock(context, frame / FRAME_RATE);
};

/** A chord that swells and fades; browsers play none of it before the person has pressed something. */
const sound = (context: AudioContext): MediaStreamTrack | undefined => {
  const out = context.createMediaStreamDestination();
  const volume = context.createGain();
  const swell = context.createOscillator();
  const depth = context.createGain();
  volume.gain.value = 0.06;
  swell.frequency.value = 0.4;
  depth.gain.value = 0.04;
  swell.connect(depth).connect(volume.gain);
  swell.start();
  for (const frequency of [220, 277.2, 329.6]) {
    const tone = context.createOscillator();
    tone.frequency.value = frequency;
    tone.connect(volume);
    tone.start();
  }
  volume.connect(out);
  return out.stream.getAudioTracks()[0];
};

/** Begins to draw. The tone needs a press of a button before it, by the rules of browsers. */
export const openDrawn = (): Picture => {
  const canvas = Object.assign(document.createElement('canvas'), { width: WIDTH, height: HEIGHT });
  const context = canvas.getContext('2d', { alpha: false });
  if (!context) throw new Error('This browser draws no pictures on a canvas.');
  let frame = 0;
  draw(context, frame);
  const timer = setInterval(() => draw(context, ++frame), 1000 / FRAME_RATE);
  const stream = canvas.captureStream(FRAME_RATE);
  const audio = new AudioContext();
  void audio.resume();
  const track = sound(audio);
  if (track) stream.addTrack(track);
  return {
    stream,
    close: () => {
      clearInterval(timer);
      void audio.close();
      for (const each of stream.getTracks()) each.stop();
    },
  };
};
