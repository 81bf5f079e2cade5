// Durations and times of day in French.

import { filled, texts } from "./texts.js";

const { durations } = texts.shared;

/**
 * Return a duration as it is shown: "45 s", "2 min 05 s", "1 h 02 min".
 * @param {number} seconds
 */
export function duration(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes, rest] = [
    Math.floor(whole / 3600),
    Math.floor(whole / 60) % 60,
    whole % 60,
  ];
  const two = (/** @type {number} */ value) => String(value).padStart(2, "0");
  if (hours) return filled(durations.hours, { hours, minutes: two(minutes) });
  if (minutes) return filled(durations.minutes, { minutes, seconds: two(rest) });
  return filled(durations.seconds, { seconds: rest });
}

/**
 * Return the time of day of an instant with its offset, as the service wrote it: "10 h 05".
 * @param {string} instant
 */
export function timeOfDay(instant) {
  const [hours = "", minutes = ""] = instant.slice(11, 16).split(":");
  return filled(durations.timeOfDay, { hours: Number(hours), minutes });
}
