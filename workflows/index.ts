/** What the workflow bundle is made of. */
export { lane } from './lane.ts';
export { pipeline } from './pipeline.ts';
export { pool } from './pool.ts';
export { quarantine } from './quarantine.ts';
export { segment } from './segment.ts';
