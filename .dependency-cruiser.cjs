'use strict';

/**
 * The layers: events <- fold <- catalogue <- view <- page and partition <- the services.
 *
 * Services never import each other's insides. What they may import of one another are the two ports and the
 * libraries; which adapter stands behind a port is decided in services/cli alone.
 */
const LIBRARIES = '(?:http|process|exposition|history|page|view|catalogue|fold)';
const PORTS = ['^services/log/port\\.ts$', '^services/store/port\\.ts$'];
const ADAPTERS = '^services/(?:log/(?:kafka|embedded)|store/(?:redis|embedded)|bridge/dstack)/';

/** A package that one place alone may know. */
const onlyIn = (name, packages, places, why) => ({
  name,
  comment: why,
  severity: 'error',
  from: { path: '^(?:events|services)/', pathNot: places },
  to: { path: `^node_modules/(?:@types/)?(?:${packages})/` },
});

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'events-know-no-service',
      comment: 'events/ says what can happen; everything else stands on it.',
      severity: 'error',
      from: { path: '^events/' },
      to: { path: '^(?:services|tests)/' },
    },
    {
      name: 'fold-knows-events-only',
      comment: 'The fold is a pure function of events.',
      severity: 'error',
      from: { path: '^services/fold/' },
      to: { path: '^(?:services|tests)/', pathNot: '^services/fold/' },
    },
    {
      name: 'catalogue-knows-fold-and-events-only',
      comment:
        'The catalogue declares figures of the fold; how they are written or served is not its business.',
      severity: 'error',
      from: { path: '^services/catalogue/' },
      to: { path: '^(?:services|tests)/', pathNot: '^services/(?:catalogue|fold)/' },
    },
    {
      name: 'view-knows-what-it-is-made-of',
      comment:
        'What is committed and how it is kept in memory: who writes a page of it, or folds it, is not its business.',
      severity: 'error',
      from: { path: '^services/view/' },
      to: {
        path: '^(?:services|tests)/',
        pathNot: ['^services/(?:view|catalogue|fold)/', '^services/store/port\\.ts$'],
      },
    },
    {
      name: 'page-knows-what-it-is-made-of',
      comment:
        'A page is made of figures and written as an exposition; who stores or serves it is not its business.',
      severity: 'error',
      from: { path: '^services/page/' },
      to: { path: '^(?:services|tests)/', pathNot: '^services/(?:page|view|exposition|catalogue|fold)/' },
    },
    {
      name: 'partition-knows-what-it-is-made-of',
      comment: 'What is folded of a partition is the same whoever folds it: live, or a rebuild from the log.',
      severity: 'error',
      from: { path: '^services/partition/' },
      to: {
        path: '^(?:services|tests)/',
        pathNot: ['^services/(?:partition|view|catalogue|fold)/', ...PORTS],
      },
    },
    {
      name: 'pure-without-io',
      comment:
        'events, fold, catalogue, view, page and partition do no I/O: replay must give what live gave.',
      severity: 'error',
      from: { path: '^(?:events|services/(?:fold|catalogue|view|page|partition))/' },
      to: { dependencyTypes: ['core'], pathNot: '^crypto$' },
    },
    {
      name: 'libraries-know-no-service',
      comment: 'What every service may import must not pull a service in.',
      severity: 'error',
      from: { path: '^services/(http|process|exposition)/' },
      to: { path: '^(?:services|tests)/', pathNot: ['^services/$1/', `^services/${LIBRARIES}/`] },
    },
    {
      name: 'services-meet-at-ports',
      comment: "A service imports another's port or a library, never its inside.",
      severity: 'error',
      from: { path: '^services/([^/]+)/', pathNot: '^services/cli/' },
      to: {
        path: '^services/',
        pathNot: ['^services/$1/', `^services/${LIBRARIES}/`, '^services/partition/', ...PORTS],
      },
    },
    {
      name: 'adapters-are-chosen-in-cli',
      comment: 'Beside an adapter itself, only the composition (and tests) may import it.',
      severity: 'error',
      from: { path: '^(?:events|services)/', pathNot: ['^services/cli/', ADAPTERS] },
      to: { path: ADAPTERS },
    },
    {
      name: 'adapters-are-strangers',
      comment: 'An adapter must be replaceable without touching another one.',
      severity: 'error',
      from: { path: '^services/((?:log|store)/(?:kafka|redis|embedded))/' },
      to: { path: ADAPTERS, pathNot: '^services/$1/' },
    },
    {
      name: 'nothing-imports-cli',
      comment: 'The composition stands on top.',
      severity: 'error',
      from: { path: '^(?:events|services)/', pathNot: '^services/cli/' },
      to: { path: '^services/cli/' },
    },
    {
      name: 'nothing-imports-tests',
      severity: 'error',
      from: { path: '^(?:events|services)/' },
      to: { path: '^tests/' },
    },
    onlyIn(
      'kafkajs-in-its-adapter',
      'kafkajs|snappyjs|fzstd',
      '^services/log/kafka/',
      'kafkajs (and the codecs that it needs) is looked after by nobody; a second client must fit in its place.',
    ),
    onlyIn(
      'ioredis-in-its-adapter',
      'ioredis',
      '^services/store/redis/',
      'Redis stands behind the StateStore port.',
    ),
    onlyIn(
      'lmdb-in-its-adapters',
      'lmdb',
      '^services/(?:log|store)/embedded/',
      'LMDB stands behind the two ports.',
    ),
    onlyIn(
      'koa-at-the-edge',
      'koa|@koa/[^/]+|koa__[^/]+',
      '^services/(?:http|gateway|exporter|cli)/',
      'Only what serves HTTP knows the HTTP framework.',
    ),
    onlyIn('commander-in-cli', 'commander', '^services/cli/', 'Only the command line knows its parser.'),
    {
      name: 'no-cycles',
      comment: 'A cycle means that two files are one noun, or that a third is missing. Types count too.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-orphans',
      comment: 'A file that nothing imports and that imports nothing is dead.',
      severity: 'error',
      from: { orphan: true, path: '^(?:events|services)/', pathNot: '\\.d\\.ts$' },
      to: {},
    },
    {
      name: 'resolvable',
      comment: 'An import that leads nowhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-dev-packages-in-the-build',
      comment: 'npm ci --omit=dev must give all that runs.',
      severity: 'error',
      from: { path: '^(?:events|services)/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      mainFields: ['main', 'types', 'typings'],
    },
    exoticRequireStrings: [],
  },
};
