/**
 * The house of libs and apps, as rules: who may import whom, and why. Each rule has a fixture that breaks it in
 * test/architecture/fixtures/<rule>, and the spec beside them proves that it does.
 */

/** What each lib may import of ours; its comment says why no more. */
const house = {
  consent: {
    mayImport: [],
    why: 'The domain is a pure function of events, policy and moment; it knows nothing of the rest of the house.',
  },
  'event-store': {
    mayImport: ['platform'],
    why: 'The log stores any event: what an event means is for others to know, or the log could not outlive them.',
  },
  privacy: {
    mayImport: ['platform'],
    why: 'Sealing and keys stand alone, so that who handles personal data can be read in one small place.',
  },
  application: {
    mayImport: ['consent', 'event-store', 'privacy', 'projections', 'links', 'platform'],
    why: 'Commands and queries know the domain and the ports; how mail and messages travel is plugged in by the apps.',
  },
  projections: {
    mayImport: ['consent', 'event-store', 'privacy', 'platform'],
    why: 'Read models are built from the log alone; were they to call commands, a rebuild would act again.',
  },
  links: {
    mayImport: ['platform'],
    why: 'A signed link is judged by its own text: what it means must not depend on a look-up.',
  },
  mail: {
    mayImport: ['consent', 'links', 'platform'],
    why: 'Mail renders and sends what it is given; whether it may be sent is decided before, in the application.',
  },
  messaging: {
    mayImport: ['consent', 'event-store', 'projections', 'platform'],
    why: 'Messages are published from the log by a processor; they never read or write personal data.',
  },
  process: {
    mayImport: ['application', 'mail', 'projections', 'platform'],
    why: 'What every process of the service has alike: the ledger with its templates, health, signals. What it does is its app.',
  },
  platform: {
    mayImport: [],
    why: 'Everything stands on the platform, so it can stand on nothing of ours.',
  },
  client: {
    mayImport: [],
    why: 'A marketing tool installs the client without the service: the OpenAPI document is all they share.',
  },
};

/** Code that only tests run: specs, the suites that adapters share, and what they are fed. */
const testCode = '\\.(spec|contract|fixture)\\.ts$';
const npm = ['npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-bundled', 'npm-no-pkg', 'npm-unknown'];

/** The package, installed or not. */
function packageNamed(name) {
  return `(^|node_modules/)${name}(/|$)`;
}

function houseRule([lib, { mayImport, why }]) {
  const own = [lib, ...mayImport, 'testing'].join('|');
  return {
    name: `${lib}-imports-only-its-own`,
    comment: `${why} It may import: ${mayImport.join(', ') || 'nothing of ours'}.`,
    severity: 'error',
    from: { path: `^libs/${lib}/` },
    to: { path: '^libs/', pathNot: `^libs/(${own})/` },
  };
}

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...Object.entries(house).map(houseRule),
    {
      name: 'consent-uses-no-node',
      comment: 'The domain has no clock, no files and no chance: what Node offers comes in as an argument.',
      severity: 'error',
      from: { path: '^libs/consent/', pathNot: testCode },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'consent-uses-no-package',
      comment: 'The domain outlives frameworks: of all packages it needs only a calendar, for the dates of P5.',
      severity: 'error',
      from: { path: '^libs/consent/', pathNot: testCode },
      to: { dependencyTypes: [...npm, 'unknown'], pathNot: packageNamed('temporal-polyfill') },
    },
    {
      name: 'libs-import-no-app',
      comment: 'Apps are composition and transport: a lib that knows an app cannot be composed into another.',
      severity: 'error',
      from: { path: '^libs/' },
      to: { path: '^apps/' },
    },
    {
      name: 'only-standalone-imports-apps',
      comment: 'Each app can be run by itself; standalone is the one that puts the others into one process.',
      severity: 'error',
      from: { path: '^apps/([^/]+)/', pathNot: '^apps/standalone/' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    {
      name: 'only-tests-import-testing',
      comment: 'Builders and fake servers are not made to run in production.',
      severity: 'error',
      from: { pathNot: [testCode, '^test/', '^libs/testing/'] },
      to: { path: '^libs/testing/' },
    },
    {
      name: 'only-tests-import-test-code',
      comment: 'Specs, contract suites and fixtures are left out of what is shipped.',
      severity: 'error',
      from: { path: '^(libs|apps)/', pathNot: [testCode, '^libs/testing/'] },
      to: { path: testCode },
    },
    {
      name: 'no-deep-imports-of-libs',
      comment:
        'A lib is what its src/index.ts exports; the rest may change without asking anybody. The server that stands in for EventStoreDB is also run by the benchmark, where the rest of testing, which needs Jest, does not load.',
      severity: 'error',
      from: { path: '^(libs/[^/]+|apps|test)/' },
      to: {
        path: '^libs/',
        pathNot: ['^$1/', '^libs/[^/]+/src/index\\.ts$', '^libs/testing/src/eventstoredb/start-server\\.ts$'],
      },
    },
    {
      name: 'no-deep-imports-of-apps',
      comment: 'Standalone takes the modules of other apps as they are offered, and nothing from behind them.',
      severity: 'error',
      from: { path: '^(apps/[^/]+)/' },
      to: { path: '^apps/', pathNot: ['^$1/', '^apps/[^/]+/src/index\\.ts$'] },
    },
    {
      name: 'no-cycles',
      comment: 'Modules in a cycle can only be understood, tested and loaded together.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'event-store-client-in-one-folder',
      comment:
        'The client of EventStoreDB has a successor and many traps: both are kept behind the port, in one folder; only the server that tests put in its place speaks its protocol too, and the benchmark measures it alone.',
      severity: 'error',
      from: { pathNot: '^(libs/(event-store|testing)/src/eventstoredb|test/bench/processes)/' },
      to: { path: [packageNamed('@eventstore/db-client'), packageNamed('@kurrent/kurrentdb-client')] },
    },
    {
      name: 'kafka-client-in-one-folder',
      comment:
        'kafkajs has no maintainer: it is kept behind our own port, so that it can be replaced; the benchmark measures it alone.',
      severity: 'error',
      from: { pathNot: '^(libs/messaging/src/kafka|test/services/kafka|test/bench/processes)/' },
      to: { path: packageNamed('kafkajs') },
    },
    {
      name: 'nothing-unresolved',
      comment: 'An import that leads nowhere is one that no rule above can judge.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, path: '^(\\.|@consent-ledger/)' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist/|test/architecture/fixtures/)' },
    // Importing a type is knowing about it, also when nothing of it is left at run time.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
  },
};
