/** Hosting as a parameter of suites: guarantees hold for lanes of their own and for lanes in pools. */
export const POOLS = 2;

/** What the settings of a pipeline say for it. */
export const HOSTINGS = {
  own: {},
  pooled: { hosting: 'pooled', pools: { count: POOLS } },
} as const;

export type Hosting = keyof typeof HOSTINGS;

export const hostings = Object.keys(HOSTINGS) as readonly Hosting[];
