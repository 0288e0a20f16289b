/**
 * The credentials of a client, from the places in which AWS's own tools look for them, always up to date.
 *
 * The SDK requests credentials again when they are about to expire. Credentials from a file have no expiry, so the SDK
 * keeps them for as long as the process runs, and it reads each file once: a rotated key would never be noticed.
 *
 * Owns the credentials that were found last, and the time at which those without an expiry are looked up again.
 */
import { defaultProvider } from '@aws-sdk/credential-provider-node';

type DefaultProvider = ReturnType<typeof defaultProvider>;
type Credentials = Awaited<ReturnType<DefaultProvider>>;

/** How often credentials that do not expire are looked up. */
const LOOK_EVERY_MS = 60_000;
/** The SDK requests new credentials this long before the expiry. */
const SDK_MARGIN_MS = 5 * 60_000;

/** Error names of AWS for a key or a session that it does not know, or no longer knows. */
const REFUSED: ReadonlySet<string> = new Set([
  'ExpiredToken',
  'ExpiredTokenException',
  'InvalidAccessKeyId',
  'InvalidClientTokenId',
  'InvalidSignatureException',
  'InvalidToken',
  'SignatureDoesNotMatch',
  'UnrecognizedClientException',
]);

/** The part of a client that its middleware is added to; the types of inputs and outputs do not matter here. */
interface WatchedClient {
  readonly middlewareStack: {
    add(
      middleware: (next: (args: never) => Promise<never>) => (args: never) => Promise<never>,
      options: { readonly step: 'initialize'; readonly name: string },
    ): void;
  };
}

export class CurrentCredentials {
  readonly #look: (options: Parameters<DefaultProvider>[0]) => Promise<Credentials>;
  #found: { readonly own: Credentials; readonly given: Credentials & { readonly expiration: Date } } | undefined;

  /** @param look for tests; the provider chain of the SDK, with nothing remembered, otherwise */
  constructor(look = (options: Parameters<DefaultProvider>[0]) => defaultProvider({ ignoreCache: true })(options)) {
    this.#look = look;
  }

  /** For the client's `credentials`. */
  readonly provide: DefaultProvider = async (options) => {
    const own = await this.#current(options);
    const expiration = new Date(own.expiration?.getTime() ?? Date.now() + SDK_MARGIN_MS + LOOK_EVERY_MS);
    this.#found = { own, given: { ...own, expiration } };
    return this.#found.given;
  };

  /** Makes the client look up its credentials again once AWS rejects them. */
  watch(client: unknown): void {
    (client as WatchedClient).middlewareStack.add(
      (next) => async (args) => {
        try {
          return await next(args);
        } catch (error) {
          if (error instanceof Error && REFUSED.has(error.name)) this.#expire();
          throw error;
        }
      },
      { step: 'initialize', name: 'keylaneWatchCredentials' },
    );
  }

  /** A file that is being written may be empty for a moment: the last credentials are used meanwhile. */
  async #current(options: Parameters<DefaultProvider>[0]): Promise<Credentials> {
    try {
      return await this.#look(options);
    } catch (error) {
      const before = this.#found?.own;
      if (before === undefined || (before.expiration?.getTime() ?? Infinity) <= Date.now()) throw error;
      return before;
    }
  }

  /** Expires the credentials in the SDK, which holds this date object. */
  #expire(): void {
    this.#found?.given.expiration.setTime(0);
  }
}
