/** Two peer connections in one page that call each other: what `test/e2e/lossy-path.spec.ts` drives. */

/** Of what one of them receives. */
export interface Received {
  packets: number;
  lost: number;
  nacks: number;
  frames: number;
  audioPackets: number;
  /** Where the packets come from, as the side that receives them sees it. */
  remotePort: number;
}

const relayed = async (candidate: RTCIceCandidate): Promise<RTCIceCandidateInit | undefined> => {
  const body = JSON.stringify({ candidate: candidate.candidate });
  const answer = await fetch('/relay', { method: 'POST', body });
  const rewritten = ((await answer.json()) as { candidate?: string }).candidate;
  return rewritten === undefined ? undefined : { ...candidate.toJSON(), candidate: rewritten };
};

/** Tells a connection of another's candidates, once it can be told. */
const introduce = (from: RTCPeerConnection, to: RTCPeerConnection): void => {
  from.onicecandidate = async ({ candidate }) => {
    const told = candidate ? await relayed(candidate) : undefined;
    if (told) await to.addIceCandidate(told);
  };
};

const statsOf = async (connection: RTCPeerConnection): Promise<Map<string, Record<string, unknown>>> =>
  new Map(await connection.getStats());

const caller = new RTCPeerConnection();
const callee = new RTCPeerConnection();

const calls = {
  /** Camera and microphone of one to the other, through the relay. */
  async start(): Promise<void> {
    introduce(caller, callee);
    introduce(callee, caller);
    callee.ontrack = ({ streams: [stream] }) => {
      const video = document.createElement('video');
      video.muted = true;
      video.autoplay = true;
      video.srcObject = stream ?? null;
      document.body.append(video);
    };
    const camera = await navigator.mediaDevices.getUserMedia({ video: true, audio: true });
    for (const track of camera.getTracks()) caller.addTrack(track, camera);
    const offer = await caller.createOffer();
    // The other first, so that no candidate comes before the description that it belongs to.
    await callee.setRemoteDescription(offer);
    await caller.setLocalDescription(offer);
    const answer = await callee.createAnswer();
    await caller.setRemoteDescription(answer);
    await callee.setLocalDescription(answer);
  },

  state: (): string => callee.connectionState,

  async received(): Promise<Received> {
    const stats = await statsOf(callee);
    const all = [...stats.values()];
    const video = all.find(({ type, kind }) => type === 'inbound-rtp' && kind === 'video');
    const audio = all.find(({ type, kind }) => type === 'inbound-rtp' && kind === 'audio');
    // Chromium names the selected pair at the transport, Firefox marks it.
    const transport = all.find(({ type }) => type === 'transport');
    const pair =
      stats.get(String(transport?.selectedCandidatePairId)) ??
      all.find(({ type, selected }) => type === 'candidate-pair' && selected === true);
    const number = (value: unknown): number => Number(value ?? 0);
    return {
      packets: number(video?.packetsReceived),
      lost: number(video?.packetsLost) + number(audio?.packetsLost),
      nacks: number(video?.nackCount),
      frames: number(video?.framesDecoded),
      audioPackets: number(audio?.packetsReceived),
      remotePort: number(stats.get(String(pair?.remoteCandidateId))?.port),
    };
  },
};

export type CallPage = typeof calls;
Object.assign(globalThis, { calls });
