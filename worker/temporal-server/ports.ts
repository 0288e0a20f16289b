import { createServer, type AddressInfo } from 'node:net';

/** `preferred` if it is free, else any free port. Another process may take it before it is used. */
export async function freePort(ip: string, preferred?: number): Promise<number> {
  const port = preferred === undefined ? undefined : await tryListen(ip, preferred);
  const found = port ?? (await tryListen(ip, 0));
  if (found === undefined) throw new Error(`No free port on ${ip}`);
  return found;
}

async function tryListen(ip: string, port: number): Promise<number | undefined> {
  const server = createServer();
  return await new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(undefined);
      else reject(error);
    });
    server.listen({ host: ip, port, exclusive: true }, () => {
      const { port: taken } = server.address() as AddressInfo;
      server.close(() => resolve(taken));
    });
  });
}
