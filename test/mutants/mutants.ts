/**
 * Changes to the code that would each break a guarantee. The tests named beside a mutant are the ones that show the
 * guarantee; they must fail with it. A mutant that survives means that those tests assert less than their titles say.
 */
import type { Mutant } from './mutant.ts';
import { READING_MUTANTS } from './reading-mutants.ts';
import { RECOVERY_MUTANTS } from './recovery-mutants.ts';
import { WORKFLOW_MUTANTS } from './workflow-mutants.ts';

export const MUTANTS: readonly Mutant[] = [...READING_MUTANTS, ...WORKFLOW_MUTANTS, ...RECOVERY_MUTANTS];
