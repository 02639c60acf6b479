// How long who comes now would wait, and how far such estimates were off lately.

import { DASH, duration } from "./figures.js";

export function expectedWait(queue, withError = false) {
  if (queue.expected_wait_s === null || queue.expected_wait_s === undefined) return DASH;
  const wait = duration(queue.expected_wait_s);
  const error = queue.expected_wait_error_s;
  return withError && error !== null ? `${wait} ± ${duration(error)}` : wait;
}
