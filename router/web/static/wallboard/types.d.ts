// What the service tells the wallboard: docs/wallboard.md.

import type { texts } from "../shared/texts.js";

export type Doing = keyof typeof texts.shared.doing;

/** A member that is missing does not apply. Times are UTC epoch seconds. */
export interface Figure {
  value?: number;
  /** Both numbers of a rate. */
  part?: number;
  of?: number;
  /** Of a duration that still runs. */
  since_at?: number;
  /** Of a duration that is only known between bounds, in seconds. */
  low?: number;
  high?: number;
}

export interface Definition {
  name: string;
  short: string;
  sentence: string;
  unit: "count" | "share" | "seconds" | "number";
  source: "engine" | "day";
  at_least?: number;
  at_most?: number;
}

export type Figures = Record<string, Figure>;

export interface Sector {
  place: number;
  name: string;
  figures: Figures;
}

export interface Named {
  id: string;
  name: string;
}

export interface Tile {
  place: number;
  doing: Doing;
  since_at?: number;
  limit_s?: number;
  reason?: Named;
  absence?: Named;
  sector?: string;
  watched_by?: string;
  directed_by?: string;
  skills?: Record<string, number>;
  moved?: true;
}

export interface Message {
  text: string;
  by: string;
  at: number;
}

export interface Board {
  service: {
    name: string;
    number: string;
    zone: string;
    open: boolean;
    closes_at?: number;
    opens_at?: number;
    draining?: true;
    closed_early?: true;
    message?: Message;
  };
  telephony: { connected: boolean };
  day: { since_at: number };
  definitions: Record<string, Definition>;
  figures: Figures;
  sectors: Record<string, Sector>;
  informateurs: Record<string, Tile>;
}

export interface AsOf {
  engine?: number;
  day: number;
  compared?: number;
}

/** What a supervisor may choose from. */
export interface Choices {
  reasons: Named[];
  sectors: string[];
  phones: string[];
  levels: number;
}
