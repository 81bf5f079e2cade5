// What the service tells a desk; openapi.py describes the same.

export interface Named {
  id: string;
  name: string;
}

export interface Fiche {
  id: string;
  title: string;
  url: string | null;
}

export type AgentState =
  | "logged out"
  | "ready"
  | "reserved"
  | "ringing"
  | "talking"
  | "wrapping up"
  | "paused";

export type Door = "none" | "code" | "menu" | "no-key" | "callback";

export interface Call {
  state: string;
  sector: Named;
  door: Door;
  fiche: Fiche | null;
  waited_s: number;
  talked_s: number | null;
  held_s: number | null;
  attempts: number;
  passed_on: boolean;
  consulted: boolean;
  aside: { sector: Named | null; entry: Named | null; joined: boolean } | null;
}

export interface Desk {
  agent: string;
  state: AgentState;
  since_s: number | null;
  until: string | null;
  until_s: number | null;
  phone: string | null;
  present: boolean;
  absence: Named | null;
  reason: Named | null;
  misses: number;
  call: Call | null;
  watched_by: string | null;
  why: string | null;
  after_call: { do: "log-out" | "pause"; reason: Named | null } | null;
  noting: { sector: Named; fiche: Fiche | null; until_s: number } | null;
  /** Which supervisor has changed this desk's state, and what is said to all desks. */
  directed_by: string | null;
  message: { text: string; by: string; at: string } | null;
}

export interface Choices {
  reasons: (Named & { key: string; longest_s: number })[];
  sectors: (Named & { code: string })[];
  directory: (Named & { code: string; number: string | null })[];
  results: Named[];
  fiches: { id: string; title: string; sector: string }[];
}

export interface PastCall {
  ended: string;
  talked_s: number;
  sector: Named;
  fiche: Fiche | null;
  door: Door;
  result: Named | null;
}

/** What can be chosen in a list. */
export interface Option {
  id: string;
  name: string;
  /** What a desk phone's keys say for it. */
  code?: string;
  /** A few more words. */
  hint?: string;
}
