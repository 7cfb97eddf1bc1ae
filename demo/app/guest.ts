/** Somebody to show in the picture, without a second camera: a dot that goes round. */
const [WIDTH, HEIGHT] = [320, 180];
const FRAME_RATE = 30;

const draw = (context: CanvasRenderingContext2D, turn: number): void => {
  context.fillStyle = '#12353a';
  context.fillRect(0, 0, WIDTH, HEIGHT);
  context.fillStyle = '#f4b860';
  context.beginPath();
  context.arc(WIDTH / 2 + 60 * Math.cos(turn), HEIGHT / 2 + 60 * Math.sin(turn), 18, 0, 2 * Math.PI);
  context.fill();
  context.fillStyle = '#fff';
  context.font = '600 22px system-ui, sans-serif';
  context.textAlign = 'center';
  context.fillText('Guest', WIDTH / 2, HEIGHT / 2 + 8);
};

/** Drawn for as long as the page is open. */
export const openGuest = (): MediaStream => {
  const canvas = Object.assign(document.createElement('canvas'), { width: WIDTH, height: HEIGHT });
  const context = canvas.getContext('2d', { alpha: false });
  if (!context) throw new Error('This browser draws no pictures on a canvas.');
  draw(context, 0);
  setInterval(() => draw(context, performance.now() / 600), 1000 / FRAME_RATE);
  return canvas.captureStream(FRAME_RATE);
};
