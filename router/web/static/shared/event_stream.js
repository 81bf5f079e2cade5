// Server-sent events, followed with a token: EventSource can present none.

/** Between two attempts to connect: at first, and at most. */
const [SOONEST_MS, LATEST_MS] = [250, 4000];
/** A service that has not begun to answer within this is tried again. */
const CONNECT_MS = 10_000;

/**
 * @typedef {object} Follower
 * @property {(name: string, data: string) => void} told an event has come
 * @property {() => void} connected
 * @property {(status: number) => void} lost the connection is lost, and will be tried again; for
 *   good if the service has refused with this status, 0 otherwise
 */

/**
 * Follow the events at `path` until `close`. A connection that breaks, or is silent for longer than
 * `silence_ms`, is made anew, and names the last event's id.
 * @param {string} path
 * @param {() => string} token
 * @param {Follower} follower
 * @param {number} silence_ms
 */
export function follow(path, token, follower, silence_ms) {
  let closed = false;
  let last = "";
  let attempt = new AbortController();
  let wake = () => {};

  /** @param {string} block */
  function take(block) {
    let [name, id] = ["message", last];
    /** @type {string[]} */
    const data = [];
    for (const line of block.split("\n")) {
      const colon = line.indexOf(":");
      const [field, value] = [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, "")];
      if (field === "event") name = value;
      else if (field === "data") data.push(value);
      else if (field === "id") id = value;
    }
    if (!data.length) return; // a comment: the service is still there
    last = id;
    follower.told(name, data.join("\n"));
  }

  /** Read until the connection ends; return the status of a refusal, 0 if there was none. */
  async function connect() {
    attempt = new AbortController();
    let guard = setTimeout(() => attempt.abort(), CONNECT_MS);
    try {
      const answer = await fetch(path, {
        headers: { Authorization: `Bearer ${token()}`, ...(last && { "Last-Event-ID": last }) },
        cache: "no-store",
        signal: attempt.signal,
      });
      if (!answer.ok || !answer.body) return answer.status < 500 ? answer.status : 0;
      follower.connected();
      let rest = "";
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        clearTimeout(guard);
        guard = setTimeout(() => attempt.abort(), silence_ms);
        const { done, value } = await reader.read();
        if (done) return 0;
        const blocks = (rest + value).split("\n\n");
        rest = blocks.pop() ?? "";
        if (!closed) blocks.forEach(take);
      }
    } catch {
      return 0; // the network, or we ourselves
    } finally {
      clearTimeout(guard);
    }
  }

  async function run() {
    let wait_ms = SOONEST_MS;
    while (!closed) {
      const begun = performance.now();
      const status = await connect();
      if (closed) return;
      follower.lost(status);
      if (status) return;
      if (performance.now() - begun > LATEST_MS) wait_ms = SOONEST_MS;
      // Whoever lost the same service must not come back at the same instant.
      const pause_ms = wait_ms * (0.5 + Math.random());
      await new Promise((done) => {
        wake = () => done(undefined);
        setTimeout(wake, pause_ms);
      });
      wait_ms = Math.min(wait_ms * 2, LATEST_MS);
    }
  }

  /** The network may be back: try now. */
  function hurry() {
    if (document.visibilityState === "visible") wake();
  }
  /** The network is gone: nobody else will say that the connection is. */
  function drop() {
    attempt.abort();
  }
  addEventListener("online", hurry);
  addEventListener("offline", drop);
  document.addEventListener("visibilitychange", hurry);
  void run();

  return {
    close() {
      closed = true;
      attempt.abort();
      wake();
      removeEventListener("online", hurry);
      removeEventListener("offline", drop);
      document.removeEventListener("visibilitychange", hurry);
    },
  };
}
