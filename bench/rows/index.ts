import { requestSync } from './1-request-sync.js';
import { request } from './2-request.js';
import { answering } from './3-answering.js';
import { oneWay } from './4-one-way.js';
import { broadcast } from './5-broadcast.js';
import { start } from './6-start.js';
import { codec } from './7-codec.js';
import { memzones } from './8-memzones.js';
import { inFlight } from './9-in-flight.js';
import type { Row } from './row.js';

export const ROWS: readonly Row[] = [
  requestSync,
  request,
  answering,
  oneWay,
  broadcast,
  start,
  codec,
  memzones,
  inFlight,
];
