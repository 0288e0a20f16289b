/**
 * Loaded once in each thread of a worker, before there is a workflow, and shared by all of them: a lane for a new key then
 * starts without evaluating a single module. What is shared must hold no state of a workflow: see
 * test/architecture/bundle.test.ts.
 *
 * For the query `__stack_trace` Temporal's worker also notes where each promise was made, through the source map: a third
 * of what a lane costs its worker. Nobody but us writes the code of these workflows, and a recorded history that is replayed
 * from the sources tells more (docs/adr/0018-what-a-lane-costs.md).
 */
// oxlint-disable-next-line import/no-unassigned-import -- loading it is the point
import './index.ts';

Object.assign(Error, { stackTraceLimit: 0 });
