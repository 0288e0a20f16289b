import type { Backend } from './backend.ts';
import { postgres } from './postgres.ts';
import { temporal } from './temporal.ts';

export const SERVERS = ['dev', 'postgres'] as const;
/** Which of Temporal's servers. */
export type ServerName = (typeof SERVERS)[number];

export async function serverNamed(name: ServerName): Promise<Backend> {
  return name === 'dev' ? await temporal() : await postgres();
}
