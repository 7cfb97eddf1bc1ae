/** What must hold of the sound of every recording. */
import type { SimulatedAudioEncoder } from '../support/simulated-encoders.ts';
import type { AudioTrace } from '../support/simulated-packets.ts';
import { ordered, type PlacedFile, type Sample } from './timeline-bytes.ts';
import { type Outcome, SECOND } from './timeline-scenario.ts';

interface PlacedPacket {
  file: PlacedFile;
  trace: AudioTrace;
  /** Microseconds on the timeline, as the file's bytes say. */
  time: number;
  duration: number;
}

function* audioOf(file: PlacedFile): Generator<string> {
  const { entry, audio } = file;
  const what = `audio of file ${entry.index}`;
  if (!entry.audio || !audio) {
    if (entry.audio || audio) yield `${what}: only the manifest or only the file has it`;
    return;
  }
  const { samples, timescale, descriptions, description, skipped } = audio;
  if (descriptions.length !== 1) yield `${what}: ${descriptions.length} sample descriptions`;
  if (samples.length !== entry.audio.packets)
    yield `${what}: ${samples.length} of ${entry.audio.packets} packets`;
  yield* ordered(what, timescale, samples);
  const { sampleRate, numberOfChannels } = entry.audio;
  if (description.readUInt16BE(16) !== numberOfChannels)
    yield `${what}: ${description.readUInt16BE(16)} channels in the file, ${numberOfChannels} in the manifest`;
  const odd = samples.find(
    ({ trace }) => trace.sampleRate !== sampleRate || trace.numberOfChannels !== numberOfChannels,
  );
  if (odd) yield `${what}: a packet of ${odd.trace.sampleRate} Hz, ${odd.trace.numberOfChannels} channels`;
  const [first] = samples;
  const start = first ? ((first.time - skipped) * SECOND) / timescale : 0;
  if (Math.abs(start - entry.audio.startTime * SECOND) > SECOND / timescale + 1)
    yield `${what}: begins at ${start} µs, the manifest says ${entry.audio.startTime} s`;
}

const placed = (files: readonly PlacedFile[]): PlacedPacket[] =>
  files.flatMap(file => {
    const { timescale = 1, skipped = 0, samples = [] } = file.audio ?? {};
    return samples.map(({ time, duration, trace }: Sample<AudioTrace>) => ({
      ...{ file, trace, time: file.start + ((time - skipped) * SECOND) / timescale },
      duration: (duration * SECOND) / timescale,
    }));
  });

/** Samples at the end that are the encoder's own, and those that are pushed after the sound to get it out. */
const soundIn = (encoder: SimulatedAudioEncoder): number =>
  encoder.flushed ? encoder.samples - encoder.lastPiece : encoder.samples;

/** Samples of sound that came out again: not those that were lost with it. */
export const takenBy = (encoder: SimulatedAudioEncoder): number =>
  encoder.dead ? Math.min(encoder.samples, encoder.emitted * encoder.packet) : soundIn(encoder);

/** The packets in the files are an encoder's output, in order, none lost, none twice. */
function* outputOf(encoder: SimulatedAudioEncoder, packets: readonly PlacedPacket[]): Generator<string> {
  const what = `audio encoder ${encoder.id}`;
  const wrong = packets.findIndex(({ trace }, i) => trace.index !== i);
  if (wrong >= 0) yield `${what}: packet ${packets[wrong]?.trace.index} lies where ${wrong} belongs`;
  const [first] = packets;
  const delay = first ? first.trace.timestamp - first.time : 0;
  if (delay < 0 || delay > 150_000) yield `${what}: a delay of ${delay} µs`;
  for (const [i, { trace, time, duration, file }] of packets.entries()) {
    const tick = SECOND / (file.audio?.timescale ?? SECOND) + 1.5;
    if (Math.abs(trace.timestamp - delay - time) > 2 * tick)
      yield `${what}: packet ${trace.index} of ${trace.timestamp - delay} lies at ${time}`;
    const next = packets[i + 1];
    if (next && Math.abs(time + duration - next.time) > 2 * tick)
      yield `${what}: packet ${i} ends at ${time + duration}, the next begins at ${next.time}`;
    if (next && next.file.entry.index < file.entry.index)
      yield `${what}: packets of file ${file.entry.index} go on in ${next.file.entry.index}`;
    if (i > 0 && packets[i - 1]?.file !== file && time < file.start - tick)
      yield `${what}: packet ${i} of ${time} lies in file ${file.entry.index}, which begins at ${file.start}`;
  }
  const missing = encoder.emitted - packets.length;
  // What lies behind the end of the sound is the encoder's filling.
  const filling = encoder.flushed
    ? Math.max(
        0,
        encoder.emitted -
          Math.ceil((soundIn(encoder) + (delay * encoder.sampleRate) / SECOND) / encoder.packet),
      )
    : 0;
  if (missing < 0 || missing > filling + 1)
    yield `${what}: ${missing} of ${encoder.emitted} packets are missing, ${filling} of them are filling`;
}

/** What came in, and what was put in between, is what was encoded. */
function* balanced({
  stats,
  scenario,
  audioEncoders,
  told,
  left,
  early,
  stopping,
}: Outcome): Generator<string> {
  const rates = new Set([
    ...(scenario.audio ? [scenario.audio.shape.sampleRate] : []),
    ...scenario.steps.flatMap(step =>
      step.do === 'change' && step.audio?.sampleRate ? [step.audio.sampleRate] : [],
    ),
    ...scenario.steps.flatMap(step =>
      step.do === 'replace' && typeof step.audio === 'object' ? [step.audio.shape.sampleRate] : [],
    ),
  ]);
  const [rate = 1] = rates;
  const { steps } = scenario;
  // What a clock that has jumped says of when a pause began is off by as much.
  const jumped = steps.some(s => s.do === 'jump' || s.do === 'nonsense' || s.do === 'still');
  if (jumped && steps.some(s => s.do === 'pause')) return;
  if (rates.size !== 1 || told.includes('waiting')) return;
  const { audioSamplesIn, audioSamplesFilled, audioSamplesDropped, audioSamplesStretched } = stats;
  const encoded = audioEncoders.reduce((sum, encoder) => sum + takenBy(encoder), 0);
  const expected = audioSamplesIn + audioSamplesFilled - audioSamplesDropped;
  const cuts = steps.filter(step => step.do === 'pause' || step.do === 'resume').length;
  const slack = audioSamplesStretched + audioEncoders.length * 64 + (0.05 * cuts + 0.001) * rate;
  // What was captured before the first frame, or while paused, is no part of the recording.
  const video = scenario.video || steps.some(s => s.do === 'replace' && typeof s.video === 'object');
  const paused = left === 0 ? 0 : left + stopping;
  const outside = (paused / SECOND) * rate + (video ? early + 0.3 * rate : 0);
  if (encoded > expected + slack || encoded < expected - slack - outside)
    yield `audio: ${audioSamplesIn} samples in + ${audioSamplesFilled} filled - ${audioSamplesDropped} dropped, ${encoded} encoded (${audioSamplesStretched} stretched)`;
}

/** The packets of each encoder from its first on, in order, none lost in between, none twice. */
export function* soundProblems(files: readonly PlacedFile[]): Generator<string> {
  for (const file of files) yield* audioOf(file);
  const next = new Map<number, number>();
  for (const { trace, file } of placed(files)) {
    const expected = next.get(trace.encoder) ?? 0;
    if (trace.index !== expected)
      yield `audio encoder ${trace.encoder}: packet ${trace.index} lies where ${expected} belongs, in file ${file.entry.index}`;
    next.set(trace.encoder, trace.index + 1);
  }
}

export function* audioProblems(outcome: Outcome, files: readonly PlacedFile[]): Generator<string> {
  for (const file of files) yield* audioOf(file);
  const packets = placed(files);
  const back = packets.findIndex(({ trace }, i) => trace.encoder < (packets[i - 1]?.trace.encoder ?? 0));
  if (back > 0)
    yield `audio: a packet of encoder ${packets[back]?.trace.encoder} comes after one of the next`;
  for (const encoder of outcome.audioEncoders)
    yield* outputOf(
      encoder,
      packets.filter(({ trace }) => trace.encoder === encoder.id),
    );
  yield* balanced(outcome);
}
