/** What must hold of every recording, whatever happened to it: read from the bytes, the manifest and the counts. */
import { avcParameterSets } from '../../src/cut/avc.ts';
import { findBoxes } from '../support/boxes.ts';
import { colorIndex, type VideoTrace } from '../support/simulated-packets.ts';
import { ordered, type PlacedFile, readFile } from './timeline-bytes.ts';
import { audioProblems, soundProblems, takenBy } from './timeline-checks-audio.ts';
import { type Outcome, SECOND } from './timeline-scenario.ts';

const microseconds = (seconds: number): number => Math.round(seconds * SECOND);

/** Everything was closed once, nothing went wrong behind the scenes, and it came to its end. */
function* orderly({ ledger, stopping, failures }: Outcome): Generator<string> {
  for (const fault of new Set(ledger.faults)) yield fault;
  if (ledger.left > 0) yield `${ledger.left} frames or pieces of audio were never closed`;
  if (stopping > 30 * SECOND) yield `stop() took ${stopping / SECOND} s`;
  for (const error of failures) yield `it failed: ${String(error)}`;
}

/** Each file begins where the one before ends, and lasts as long as it says. */
function* contiguous(files: readonly PlacedFile[]): Generator<string> {
  for (const [i, { entry, start, end }] of files.entries()) {
    const next = files[i + 1];
    if (next && next.start !== end)
      yield `file ${entry.index} ends at ${end}, the next begins at ${next.start}`;
    if (end <= start) yield `file ${entry.index} lasts ${end - start} µs`;
    if (next && next.entry.index <= entry.index) yield `file ${next.entry.index} comes after ${entry.index}`;
  }
  const [first] = files;
  if (first?.entry.index === 1 && first.entry.reason !== 'start')
    yield `the first file begins by ${first.entry.reason}`;
}

function* videoOf(file: PlacedFile, next: PlacedFile | undefined): Generator<string> {
  const { entry, video, start, end } = file;
  const what = `video of file ${entry.index}`;
  if (!entry.video || !video) {
    if (entry.video || video) yield `${what}: only the manifest or only the file has it`;
    return;
  }
  const { samples, timescale, descriptions } = video;
  if (descriptions.length !== 1) yield `${what}: ${descriptions.length} sample descriptions`;
  if (samples.length !== entry.video.frames)
    yield `${what}: ${samples.length} of ${entry.video.frames} frames`;
  yield* ordered(what, timescale, samples);
  const [first, last] = [samples[0], samples.at(-1)];
  if (!first || !last) return yield `${what}: no samples`;
  if (first.time !== 0 || !first.key) yield `${what}: begins at ${first.time}, key: ${first.key}`;
  const ticks = ((end - start) * timescale) / SECOND;
  // The time of a file of which everything was lost belongs to the one before it, and that in which no track was there.
  const bridges = next && (next.entry.index > entry.index + 1 || next.entry.reason === 'track-added');
  const short = ticks - last.time - last.duration;
  if (short < -1 || (short > 1 && !bridges))
    yield `${what}: ends at ${last.time + last.duration} of ${ticks} ticks`;
  for (const { time, trace } of samples)
    if (Math.abs(time - ((trace.timestamp - start) * timescale) / SECOND) > 1)
      yield `${what}: the frame of ${trace.timestamp - start} µs is at ${time} (of ${timescale})`;
  yield* parametersOf(
    file,
    samples.map(sample => sample.trace),
  );
}

/** The file says the same in the manifest, in its sample description, and in each sample. */
function* parametersOf({ entry, video }: PlacedFile, traces: readonly VideoTrace[]): Generator<string> {
  const told = entry.video;
  if (!told || !video) return;
  const what = `video of file ${entry.index}`;
  const { description, descriptions } = video;
  const [width, height] = [description.readUInt16BE(24), description.readUInt16BE(26)];
  if (width !== told.codedWidth || height !== told.codedHeight)
    yield `${what}: ${width}x${height} in the file, ${told.codedWidth}x${told.codedHeight} in the manifest`;
  if (descriptions[0] !== (told.codec === 'vp8' ? 'vp08' : told.codec.slice(0, 4)))
    yield `${what}: ${descriptions[0]} in the file, ${told.codec} in the manifest`;
  for (const avcC of findBoxes(description.subarray(78), ['avcC']))
    if (avcParameterSets(avcC).length !== 1) yield `${what}: ${avcParameterSets(avcC).length} SPS`;
  const color = colorIndex(told.colorSpace);
  const odd = traces.find(
    trace =>
      trace.width !== told.codedWidth ||
      trace.height !== told.codedHeight ||
      trace.rotation !== told.rotation ||
      trace.flip !== told.flip ||
      trace.color !== color,
  );
  if (odd) yield `${what}: a frame of other parameters: ${JSON.stringify(odd)}, not ${JSON.stringify(told)}`;
  const [first] = traces;
  const mixed = traces.find(t => t.encoder !== first?.encoder || t.version !== first.version);
  if (mixed) yield `${what}: packets of two encoders, or of one that has changed`;
}

/** No frame is lost without a count, none comes twice but for those that were repeated, all in order. */
function* counted(
  { stats, manifest, handed, told, left }: Outcome,
  files: readonly PlacedFile[],
): Generator<string> {
  const { framesIn, framesRepeated, framesDropped, framesEncoded } = stats;
  const traces = files.flatMap(file => file.video?.samples.map(sample => sample.trace) ?? []);
  const listed = manifest.files.reduce((sum, file) => sum + (file.video?.frames ?? 0), 0);
  if (framesIn + framesRepeated - framesDropped !== framesEncoded)
    yield `frames: ${framesIn} in + ${framesRepeated} repeated - ${framesDropped} dropped, ${framesEncoded} encoded`;
  if (listed !== framesEncoded) yield `frames: ${framesEncoded} encoded, ${listed} in the manifest`;
  if (traces.length !== listed) yield `frames: ${listed} in the manifest, ${traces.length} in the files`;
  const back = traces.findIndex((trace, i) => trace.picture < (traces[i - 1]?.picture ?? 0));
  if (back > 0) yield `frames: picture ${traces[back]?.picture} comes after ${traces[back - 1]?.picture}`;
  const pictures = new Set(traces.map(trace => trace.picture)).size;
  if (pictures > framesIn) yield `frames: ${pictures} pictures of ${framesIn}`;
  if (framesDropped === 0 && pictures !== framesIn)
    yield `frames: ${framesIn} in, ${pictures} pictures in the files`;
  if (framesDropped === 0 && traces.length - pictures !== framesRepeated)
    yield `frames: ${framesRepeated} repeated, ${traces.length - pictures} in the files`;
  if (framesIn > handed.video) yield `frames: ${framesIn} in of ${handed.video}`;
  if (left === 0 && told.length === 0 && handed.video - framesIn > 10)
    yield `frames: ${handed.video} were given, ${framesIn} taken`;
}

/** A constant rate has a frame at each of its places, but where none was for a long time. */
function* steady(
  { options, stats, videoEncoders }: Outcome,
  files: readonly PlacedFile[],
): Generator<string> {
  const { frameRate } = options.video;
  if (frameRate === 'source') return;
  const failed = videoEncoders.some(encoder => encoder.dead);
  let before: number | undefined;
  let index: number | undefined;
  for (const { entry, video } of files) {
    // Behind a file of which everything was lost, and with a new track, the grid begins anew.
    if (!video || entry.index !== (index ?? 0) + 1 || entry.reason === 'track-added') before = undefined;
    index = entry.index;
    for (const { trace } of video?.samples ?? []) {
      const places = before === undefined ? 1 : ((trace.timestamp - before) * frameRate) / SECOND;
      const off = Math.abs(places - Math.round(places)) * (SECOND / frameRate);
      if (off > 2)
        yield `file ${entry.index}: a frame at ${trace.timestamp} lies ${places} places after the last`;
      else if (Math.round(places) !== 1 && places / frameRate < 10 && !failed)
        yield `file ${entry.index}: ${Math.round(places) - 1} places before ${trace.timestamp} are empty`;
      before = trace.timestamp;
    }
  }
  void stats;
}

/** Files are cut when they are old enough, and not larger or longer than they may be. */
function* limited({ options }: Outcome, files: readonly PlacedFile[]): Generator<string> {
  const { minFileDuration, maxFileDuration } = options.cut;
  const ofSource = ['video-size', 'video-rotation', 'video-color', 'audio-sample-rate', 'audio-channels'];
  for (const [i, { entry, start, video }] of files.entries()) {
    const next = files[i + 1];
    if (
      next &&
      ofSource.includes(next.entry.reason) &&
      next.start - start < microseconds(minFileDuration) - 500
    )
      yield `file ${entry.index} is cut by ${next.entry.reason} after ${next.start - start} µs`;
    for (const { trace } of video?.samples ?? [])
      if (trace.timestamp - start > maxFileDuration * SECOND + 500)
        yield `file ${entry.index} has a frame at ${trace.timestamp - start}`;
  }
}

/** Sleeps of so long are noticed; microseconds. */
const ASLEEP = 10 * SECOND;

/** The timeline runs no further than time has. */
function* plausible({ elapsed, left, manifest, scenario, stats, audioEncoders }: Outcome): Generator<string> {
  let slack = 3 * SECOND;
  // A new source goes on where its first frame comes, as one does after a sleep; when that was held up, so is the timeline.
  const replaced = scenario.steps.some(
    step => step.do === 'replace' || (step.do === 'sleep' && step.for >= ASLEEP),
  );
  for (const step of scenario.steps) {
    if (replaced && (step.do === 'hold-up' || step.do === 'sleep')) slack += Math.min(step.for, ASLEEP);
    if (step.do === 'jump' && step.by > 0) slack += Math.min(step.by, 2 * SECOND);
    if (step.do === 'nonsense') slack += 2 * SECOND * step.count;
  }
  const most = elapsed - left + slack;
  const duration = manifest.duration * SECOND;
  if (duration > most) yield `${duration / SECOND} s of timeline in ${(elapsed - left) / SECOND} s`;
  const encoded = audioEncoders.reduce((sum, encoder) => sum + takenBy(encoder) / encoder.sampleRate, 0);
  if (encoded * SECOND > most + audioEncoders.length * SECOND)
    yield `${encoded} s of audio in ${(elapsed - left) / SECOND} s`;
  if (stats.framesRepeated > Math.max(1, most / SECOND) * 240)
    yield `${stats.framesRepeated} frames are repeated`;
}

/** Reads all files back. */
export const readAll = ({ manifest, files }: Pick<Outcome, 'manifest' | 'files'>): PlacedFile[] =>
  manifest.files.map((entry, i) => {
    const start = microseconds(entry.startTime);
    const end = microseconds(entry.startTime + entry.duration);
    return { ...readFile(files[i] ?? Buffer.alloc(0)), entry, start, end };
  });

/** All that is wrong with files and what a manifest says of them, however the recording ended. */
export const problemsOfFiles = (given: Pick<Outcome, 'manifest' | 'files'>): string[] => {
  try {
    const files = readAll(given);
    const pictures = files.flatMap((file, i) => [...videoOf(file, files[i + 1])]);
    return [...contiguous(files), ...pictures, ...soundProblems(files)];
  } catch (error) {
    return [`a file can't be read: ${String(error)}`];
  }
};

/** All that is wrong with a recording. */
export const problemsOf = (outcome: Outcome): string[] => {
  const problems = [...orderly(outcome)];
  if (outcome.cancelled) return problems;
  let files: PlacedFile[];
  try {
    files = readAll(outcome);
  } catch (error) {
    return [...problems, `a file can't be read: ${String(error)}`];
  }
  problems.push(
    ...contiguous(files),
    ...counted(outcome, files),
    ...files.flatMap((file, i) => [...videoOf(file, files[i + 1])]),
  );
  problems.push(...audioProblems(outcome, files), ...steady(outcome, files));
  problems.push(...limited(outcome, files), ...plausible(outcome));
  return problems;
};
