import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, matchesGlob } from 'node:path';
import { promisify } from 'node:util';
import { Configuration, readConfiguration } from '@consent-ledger/platform';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { getMetadataStorage } from 'class-validator';
import { parse } from 'yaml';

const execFileAsync = promisify(execFile);
const ROOT = process.cwd();
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

interface Service {
  readonly image: string;
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string | number>>;
  readonly env_file?: readonly string[];
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly profiles?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
}

interface Composition {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, null>>;
}

/** Anchors and merges are resolved as an engine does; `${NAME:-default}` becomes its default. */
const composition = (file: string) =>
  parse(read(`docker/${file}`).replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1'), { merge: true }) as Composition;

const files = ['compose.yml', 'compose.standalone.yml'];
const services = files.flatMap((file) =>
  Object.entries(composition(file).services).map(([name, service]) => ({ file, name, service })),
);
const own = services.filter(({ service }) => service.build);
const others = services.filter(({ service }) => !service.build);

const dockerfile = read('docker/Dockerfile').replaceAll('\\\n', ' ');
const instructions = dockerfile.split('\n').flatMap((line) => {
  const [, name, rest] = /^([A-Z]+) +(.+)$/.exec(line) ?? [];
  return name === undefined ? [] : [{ name, rest: rest! }];
});
const all = (name: string) => instructions.filter((one) => one.name === name).map(({ rest }) => rest);
const fromContext = all('COPY')
  .filter((rest) => !rest.startsWith('--from'))
  .flatMap((rest) => rest.split(/ +/).slice(0, -1));

/** Whether a path is kept from the engine: the last line that matches it, or a folder above it, decides. */
function isIgnored(path: string): boolean {
  let ignored = false;
  for (const line of read('.dockerignore').split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    // For an engine a leading dot is a character like any other.
    const pattern = line.replace(/^!/, '').replaceAll('.', '_');
    const parts = path.replaceAll('.', '_').split('/');
    if (parts.some((_, end) => matchesGlob(parts.slice(0, end + 1).join('/'), pattern)))
      ignored = !line.startsWith('!');
  }
  return ignored;
}

describe('the image', () => {
  it('is of the Node that the service is tested on, and runs as nobody of weight', () => {
    const { devDependencies } = JSON.parse(read('package.json')) as { devDependencies: Record<string, string> };
    for (const from of all('FROM')) expect(from).toMatch(new RegExp(`^node:${devDependencies['node']}-[a-z]+-slim\\b`));
    expect(all('USER').at(-1)).toBe('node');
    expect(all('HEALTHCHECK')).toHaveLength(1);
  });

  it.each(fromContext)('copies %s, which is there and is given to the engine', (source) => {
    const path = source.replace(/^\.\//, '');
    expect(existsSync(join(ROOT, path))).toBe(true);
    expect(isIgnored(path)).toBe(false);
  });

  it.each([
    'data/secrets.json',
    'data/log.sqlite',
    'docker/secrets/ledger.env',
    '.git/config',
    'apps/a.spec.ts',
    '.env',
  ])('is given nothing of %s', (path) => expect(isIgnored(path)).toBe(true));

  it('can be built of what it is given, and answers to "ledger"', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'image-'));
    try {
      for (const source of fromContext)
        await cp(join(ROOT, source), join(folder, source), {
          recursive: true,
          filter: (path) => path === ROOT || !isIgnored(path.slice(ROOT.length + 1).replace(/^\.\//, '')),
        });
      await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
      await execFileAsync('npm', ['run', '--silent', 'build'], { cwd: folder });
      for (const { service } of own) {
        const main = mainOf(service);
        expect((await stat(join(folder, main))).isFile()).toBe(true);
      }
      const ledger = join(folder, 'dist/apps/cli/src/main.js');
      expect((await execFileAsync(process.execPath, [ledger, '--help'])).stdout).toContain('Usage: ledger');
      expect(all('RUN').join()).toContain('/app/dist/apps/cli/src/main.js');
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

/** The program that a service runs; what the image runs where it names none. */
function mainOf({ command = JSON.parse(all('CMD').at(-1)!) as string[] }: Service): string {
  return command.at(-1)!;
}

describe('the services of the compose files', () => {
  it.each(own)('$name of $file runs what an npm script runs', ({ service }) => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const programs = ['start', 'start:api', 'start:worker', 'start:mailer'].map((name) => scripts[name]!);
    const [, ...flags] = [...(service.command ?? (JSON.parse(all('CMD').at(-1)!) as string[]))].reverse();
    const script = programs.find((program) => program.endsWith(` ${mainOf(service)}`))!;
    expect(script).toBeDefined();
    for (const flag of flags) expect(script).toContain(flag);
    expect(service.build).toStrictEqual({ context: '..', dockerfile: 'docker/Dockerfile' });
  });

  it('are every process of the distributed profile, two of the api among them', () => {
    const programs = own.filter(({ file }) => file === 'compose.yml').map(({ service }) => mainOf(service));
    expect(programs.sort()).toStrictEqual(
      ['api', 'api', 'mailer', 'worker'].map((app) => `dist/apps/${app}/src/main.js`),
    );
  });

  it.each(others)('$name of $file is of one release, and says whether it is well', ({ service }) => {
    expect(service.image).toMatch(/^[a-z]+(\/[a-z]+)?:v?\d+\.\d+(\.\d+)?(-[a-z]+)?$/);
    expect(service.healthcheck!.test.length).toBeGreaterThan(1);
  });

  it.each(services)('$name of $file is published to this machine only', ({ service }) => {
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
  });

  it.each(services.filter(({ service }) => service.depends_on))(
    '$name of $file waits for services that say when they are well and start with it',
    ({ file, service }) => {
      for (const [name, { condition }] of Object.entries(service.depends_on!)) {
        expect(condition).toBe('service_healthy');
        expect(composition(file).services[name]?.healthcheck).toBeDefined();
        expect(composition(file).services[name]?.profiles).toBeUndefined();
      }
    },
  );

  it.each(files)('of %s each keep what they keep in a volume of their own', (file) => {
    const { services: its, volumes } = composition(file);
    const used = Object.values(its).flatMap((service) => service.volumes ?? []);
    expect(used.map((volume) => volume.split(':')[0]).sort()).toStrictEqual(Object.keys(volumes).sort());
    for (const service of Object.values(its))
      if (service.build) expect(service.volumes).toStrictEqual([expect.stringMatching(/^[\w-]+:\/data$/)]);
  });
});

describe('the environment of the services', () => {
  let folder: string;
  let secrets: Record<string, Record<string, string>>;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'docker-'));
    for (const name of ['make-secrets', 'up']) await cp(join(ROOT, 'docker', name), join(folder, name));
    await execFileAsync(join(folder, 'make-secrets'), []);
    secrets = Object.fromEntries(
      readdirSync(join(folder, 'secrets')).map((name) => [
        `secrets/${name}`,
        variablesOf(readFileSync(join(folder, 'secrets', name), 'utf8').split('\n')),
      ]),
    );
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const environmentOf = ({ environment = {}, env_file = [] }: Service): Record<string, string> => ({
    ...Object.assign({}, ...env_file.map((file) => secrets[file])),
    ...Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, `${value}`])),
  });

  it.each(own)('of $name of $file holds settings that exist, and with those of the image is one that starts', (one) => {
    const checks = getMetadataStorage().getTargetValidationMetadatas(Configuration, '', false, false);
    const settings = new Set(checks.map(({ propertyName }) => propertyName));
    const given = environmentOf(one.service);
    expect(Object.keys(given).filter((name) => !settings.has(name))).toStrictEqual([]);
    const ofImage = variablesOf(all('ENV').join(' ').split(/ +/));
    expect(() => readConfiguration({ ...ofImage, ...given })).not.toThrow();
    for (const file of one.service.env_file ?? []) expect(secrets[file]).toBeDefined();
  });

  it('has the password of the vault in both places, and each secret once for all processes', () => {
    const { KEY_VAULT_URL = '' } = secrets['secrets/ledger.env']!;
    const { password, username, pathname } = new URL(KEY_VAULT_URL);
    const { environment } = composition('compose.yml').services['postgres']!;
    expect(password).toBe(secrets['secrets/postgres.env']!['POSTGRES_PASSWORD']);
    expect({ username, database: pathname.slice(1) }).toStrictEqual({
      username: environment!['POSTGRES_USER'],
      database: environment!['POSTGRES_DB'],
    });
    const files = own.filter(({ file }) => file === 'compose.yml').map(({ service }) => service.env_file);
    expect(new Set(files.map((list) => JSON.stringify(list))).size).toBe(1);
  });

  it('keeps secrets that are there, for their owner alone, and leaves no half of them', async () => {
    const before = await readFile(join(folder, 'secrets/ledger.env'), 'utf8');
    expect((await execFileAsync(join(folder, 'make-secrets'), [])).stdout).toBe('');
    expect(await readFile(join(folder, 'secrets/ledger.env'), 'utf8')).toBe(before);
    expect(statSync(join(folder, 'secrets')).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, 'secrets/ledger.env')).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder).sort()).toStrictEqual(['make-secrets', 'secrets', 'up']);
  });

  it.each([
    [[], 'compose --file compose.yml up --build --detach --wait', '1'],
    [['cluster'], 'compose --file compose.yml --profile cluster up --build --detach --wait', '3'],
    [['standalone'], 'compose --file compose.standalone.yml up --build --detach --wait', '1'],
  ])('comes up with docker/up %j', async (args, called, nodes) => {
    const bin = join(folder, 'bin');
    await mkdir(bin, { recursive: true });
    await writeFile(join(bin, 'docker'), '#!/bin/sh\necho "$@"\necho "${EVENTSTORE_NODES:-1}"\n', { mode: 0o755 });
    const env = { PATH: `${bin}:${process.env['PATH']}` };
    const { stdout } = await execFileAsync(join(folder, 'up'), args, { env });
    await rm(bin, { recursive: true });
    expect(stdout).toBe(`${called}\n${nodes}\n`);
  });

  it('does not come up as something else', async () => {
    await expect(execFileAsync(join(folder, 'up'), ['somehow'])).rejects.toMatchObject({ code: 2 });
  });
});

function variablesOf(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    lines.filter((line) => line.includes('=')).map((line) => [line.split('=')[0]!, line.slice(line.indexOf('=') + 1)]),
  );
}
