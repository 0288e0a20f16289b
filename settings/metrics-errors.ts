/** Thrown when metrics cannot be served at the address of the settings. Nothing was started. */
export class MetricsEndpointError extends Error {
  override readonly name = 'MetricsEndpointError';
  readonly address: string;

  constructor(address: string, reason: string, options?: ErrorOptions) {
    super(
      `Metrics cannot be served at ${address}: ${reason} Name another address by --metrics-address, or by ` +
        'metrics.address in the settings; each process on a machine needs its own.',
      options,
    );
    this.address = address;
  }
}
