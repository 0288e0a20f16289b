/** What pools count themselves, on the endpoint of the process whose worker runs them. The rest is in worker/metrics/catalog.ts. */
export const POOL_METRICS = {
  outages: {
    name: 'keylane_outages_total',
    kind: 'counter',
    help: 'Batches of a pool with failed keys while most of its keys failed',
  },
  released: {
    name: 'keylane_outages_released_total',
    kind: 'counter',
    help: 'Times at which a pool stopped holding failing keys back, so that they move out and are blocked',
  },
  movedOut: {
    name: 'keylane_keys_moved_out_total',
    kind: 'counter',
    help: 'Times at which a key moved out of its pool into a lane of its own',
  },
} as const;
