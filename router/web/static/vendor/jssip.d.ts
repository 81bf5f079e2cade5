// What the phone in the browser uses of JsSIP (https://jssip.net/documentation/3.13.x/api/).

/** What SIP goes over; JsSIP sets the handlers, and answers pings (RFC 7118, section 6). */
export interface Socket {
  readonly url: string;
  readonly sip_uri: string;
  readonly via_transport: string;
  onconnect(): void;
  ondisconnect(error: boolean, code?: number, reason?: string): void;
  ondata(data: string | ArrayBuffer): void;
  connect(): void;
  disconnect(): void;
  send(message: string): boolean;
  isConnected(): boolean;
  isConnecting(): boolean;
}

export interface CallEvents {
  /** There is a connection for the sound, not yet described. */
  peerconnection: { peerconnection: RTCPeerConnection };
  /** An address was found at which we can be reached; `ready` answers with those found so far. */
  icecandidate: { candidate: RTCIceCandidate; ready: () => void };
  accepted: { originator: "local" | "remote" };
  confirmed: { originator: "local" | "remote" };
  ended: { originator: "local" | "remote" | "system"; cause: string };
  failed: { originator: "local" | "remote" | "system"; cause: string };
}

/** JsSIP's RTCSession. */
export interface Call {
  on<K extends keyof CallEvents>(event: K, listener: (told: CallEvents[K]) => void): this;
  answer(options: { mediaStream: MediaStream; pcConfig?: RTCConfiguration }): void;
  /** Rejects a call that is not answered, hangs up one that is. */
  terminate(options?: { status_code?: number }): void;
  isEnded(): boolean;
}

export interface PhoneEvents {
  connected: unknown;
  disconnected: { error: boolean; code?: number };
  registered: unknown;
  unregistered: unknown;
  registrationFailed: { response: { status_code: number } | null; cause: string };
  newRTCSession: { originator: "local" | "remote"; session: Call };
}

/** A phone. */
export class UA {
  constructor(configuration: {
    sockets: Socket[];
    uri: string;
    password: string;
    register: boolean;
    register_expires: number;
    session_timers: boolean;
    no_answer_timeout: number;
    connection_recovery_min_interval: number;
    connection_recovery_max_interval: number;
    user_agent: string;
  });
  on<K extends keyof PhoneEvents>(event: K, listener: (told: PhoneEvents[K]) => void): this;
  start(): void;
  stop(): void;
}
