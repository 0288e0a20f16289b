/** What the workflow bundle is made of. */
export { lane } from './lane/workflow.ts';
export { pipeline } from './pipeline/workflow.ts';
export { pool } from './pool/workflow.ts';
export { quarantine } from './quarantine/workflow.ts';
export { segment } from './segment/workflow.ts';
