/** An answer of AWS that is an error. Thrown inside the fake, sent to the client by the server. */
export class AwsError extends Error {
  /** Without namespace, as the SDK shows it: `ResourceNotFoundException`. */
  override readonly name: string;
  readonly status: number;

  constructor(name: string, message: string, status = 400) {
    super(message);
    this.name = name;
    this.status = status;
  }
}
