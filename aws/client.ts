import { CurrentCredentials } from './credentials.ts';
import { HttpHandler, type HttpHandlerOptions } from './http-handler.ts';

export interface Place {
  readonly region?: string;
  readonly endpoint?: string;
}

/**
 * Creates a client of the AWS SDK, for a service with HTTP/1.1. Region and endpoint default to AWS's environment and
 * profile.
 */
export function awsClient<Client>(
  create: (options: ReturnType<typeof optionsOf>) => Client,
  place: Place,
  handler: HttpHandlerOptions,
): Client {
  const credentials = new CurrentCredentials();
  const client = create(optionsOf(place, credentials, new HttpHandler(handler)));
  credentials.watch(client);
  return client;
}

function optionsOf({ region, endpoint }: Place, credentials: CurrentCredentials, requestHandler: HttpHandler) {
  return {
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    credentials: credentials.provide,
    requestHandler,
  };
}
