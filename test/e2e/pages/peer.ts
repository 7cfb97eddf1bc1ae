/** A page that calls `test/support/rtc-peer.ts`: what `test/e2e/rtc-peer.spec.ts` drives. */

/** Of what it receives. */
export interface PageReceived {
  packets: number;
  /** Decoded. */
  frames: number;
  width: number;
  height: number;
  lost: number;
  nacks: number;
  plis: number;
  codec: string;
  audioPackets: number;
}

const connection = new RTCPeerConnection();

const peerCalls = {
  /** @param sends camera and microphone as well. */
  async start(sends: boolean): Promise<void> {
    connection.ontrack = ({ track }) => {
      const player = document.createElement(track.kind === 'video' ? 'video' : 'audio');
      player.autoplay = true;
      if (track.kind === 'video') player.muted = true;
      player.srcObject = new MediaStream([track]);
      document.body.append(player);
    };
    await connection.setRemoteDescription(await (await fetch('/peer/offer')).json());
    if (sends) {
      const camera = await navigator.mediaDevices.getUserMedia({ video: true, audio: true });
      for (const track of camera.getTracks()) connection.addTrack(track, camera);
    }
    await connection.setLocalDescription();
    while (connection.iceGatheringState !== 'complete')
      await new Promise(resolve =>
        connection.addEventListener('icegatheringstatechange', resolve, { once: true }),
      );
    await fetch('/peer/answer', { method: 'POST', body: JSON.stringify(connection.localDescription) });
  },

  /** Width and height at which the video is shown: turned as the sender has it. */
  shown(): [number, number] {
    const { videoWidth = 0, videoHeight = 0 } = document.querySelector('video') ?? {};
    return [videoWidth, videoHeight];
  },

  state: (): string => connection.connectionState,

  async received(): Promise<PageReceived> {
    const stats = new Map<string, Record<string, unknown>>(await connection.getStats());
    const inbound = (wanted: string): Record<string, unknown> =>
      [...stats.values()].find(({ type, kind }) => type === 'inbound-rtp' && kind === wanted) ?? {};
    const [video, audio] = [inbound('video'), inbound('audio')];
    const number = (value: unknown): number => Number(value ?? 0);
    return {
      packets: number(video.packetsReceived),
      frames: number(video.framesDecoded),
      width: number(video.frameWidth),
      height: number(video.frameHeight),
      lost: number(video.packetsLost) + number(audio.packetsLost),
      nacks: number(video.nackCount),
      plis: number(video.pliCount),
      codec: String(stats.get(String(video.codecId))?.mimeType),
      audioPackets: number(audio.packetsReceived),
    };
  },
};

export type PeerPage = typeof peerCalls;
Object.assign(globalThis, { peerCalls });
