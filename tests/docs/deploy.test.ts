/** What is under docs/deploy, as far as it can be told without its tools: deploy.deep.test.ts asks those. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { SETTINGS } from '../../services/cli/settings-list';
import { provide } from '../support/provide';

const DEPLOY = resolve(__dirname, '../../docs/deploy');
const ROOT = resolve(__dirname, '../..');

interface Container {
  readonly image: string;
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: unknown }[];
  readonly securityContext: unknown;
  readonly livenessProbe?: { readonly httpGet: { readonly path: string } };
  readonly readinessProbe?: { readonly httpGet: { readonly path: string } };
  readonly volumeMounts: readonly { readonly name: string }[];
}
interface PodSpec {
  readonly automountServiceAccountToken: boolean;
  readonly securityContext: { readonly runAsNonRoot: boolean; readonly runAsUser: number };
  readonly containers: readonly [Container];
  readonly volumes: readonly { readonly name: string }[];
}
type Labels = Readonly<Record<string, string>>;
interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels: Labels };
  readonly spec: {
    readonly replicas?: number;
    readonly selector?: Labels & { readonly matchLabels?: Labels };
    readonly podSelector?: { readonly matchLabels: Labels };
    readonly template: { readonly metadata: { readonly labels: Labels }; readonly spec: PodSpec };
  };
}

const manifests = readdirSync(join(DEPLOY, 'kubernetes')).flatMap((name) =>
  parseAllDocuments(readFileSync(join(DEPLOY, 'kubernetes', name), 'utf8')).map(
    (document) => document.toJS() as Manifest,
  ),
);
const of = (kind: string) => manifests.filter((manifest) => manifest.kind === kind);
const workloads = [...of('Deployment'), ...of('Job')];

describe('the manifests', () => {
  test('run each role in more than one pod, and every pod has a budget', () => {
    const roles = of('Deployment').map(({ spec }) => {
      const { env } = spec.template.spec.containers[0];
      return [env.find(({ name }) => name === 'FLEETMETER_ROLES')?.value, (spec.replicas ?? 0) > 1];
    });
    expect(roles).toEqual([
      ['gateway', true],
      ['aggregator', true],
      ['exporter', true],
    ]);
    expect(of('PodDisruptionBudget').map(({ metadata }) => metadata.name)).toEqual(
      of('Deployment').map(({ metadata }) => metadata.name),
    );
  });

  test.each(workloads.map((workload) => [workload.metadata.name, workload] as const))(
    '%s may do nothing but run, and gets its secrets by reference',
    (_, { spec }) => {
      const pod = spec.template.spec;
      const [container] = pod.containers;
      expect(pod.automountServiceAccountToken).toBe(false);
      expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 1000 });
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      const secret = container.env.filter(({ name }) => /TOKEN$|PASSWORD$|REDIS_URL$/.test(name));
      expect(secret.filter(({ value }) => value !== undefined)).toEqual([]);
      expect(container.volumeMounts.map(({ name }) => name)).toEqual(pod.volumes.map(({ name }) => name));
    },
  );

  test('set what is a setting', () => {
    const known = new Set<string>(SETTINGS.map(({ name }) => name));
    const set = workloads.flatMap(({ spec }) => spec.template.spec.containers[0].env.map(({ name }) => name));
    expect(set.length).toBeGreaterThan(0);
    expect(set.filter((name) => !known.has(name))).toEqual([]);
  });

  test('what selects pods selects some', () => {
    const pods = workloads.map(({ spec }) => spec.template.metadata.labels);
    const matches = (wanted: Labels) =>
      pods.some((labels) => Object.entries(wanted).every(([name, value]) => labels[name] === value));
    const selectors = manifests.flatMap(({ kind, metadata, spec }) => {
      if (kind === 'ServiceMonitor') return [];
      const wanted = spec.podSelector?.matchLabels ?? spec.selector?.matchLabels ?? spec.selector;
      return wanted === undefined ? [] : [{ name: `${kind} ${metadata.name}`, wanted }];
    });
    expect(selectors.length).toBeGreaterThan(8);
    expect(selectors.filter(({ wanted }) => !matches(wanted))).toEqual([]);
    const services = of('Service').map(({ metadata }) => metadata.labels);
    for (const { spec } of of('ServiceMonitor')) {
      expect(services).toContainEqual(expect.objectContaining(spec.selector?.matchLabels));
    }
  });

  test('ask for readiness of the role, and restart what is not alive alone', () => {
    for (const { metadata, spec } of of('Deployment')) {
      const [{ livenessProbe, readinessProbe }] = spec.template.spec.containers;
      const role = metadata.labels['app.kubernetes.io/component'] ?? '';
      expect(livenessProbe?.httpGet.path).toBe('/-/healthy');
      expect(readinessProbe?.httpGet.path).toBe(`/-/ready?role=${role}`);
    }
  });
});

test('the PrometheusRule has the rules; where they change, `npm run manifests`', () => {
  const rules = join(ROOT, 'docs/prometheus/rules');
  const groups = readdirSync(rules).flatMap(
    (name) => (parse(readFileSync(join(rules, name), 'utf8')) as { groups: unknown[] }).groups,
  );
  expect(of('PrometheusRule').map(({ spec }) => spec)).toEqual([{ groups }]);
});

test('the chart, the manifests and the package are of one version', () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  const chart = parse(readFileSync(join(DEPLOY, 'helm/fleetmeter/Chart.yaml'), 'utf8')) as {
    version: string;
    appVersion: string;
  };
  expect(chart).toMatchObject({ version, appVersion: version });
  expect(workloads.map(({ spec }) => spec.template.spec.containers[0].image)).toEqual(
    workloads.map(() => `fleetmeter:${version}`),
  );
});

describe('the systemd unit', () => {
  const unit = readFileSync(join(DEPLOY, 'systemd/fleetmeter.service'), 'utf8');
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'fleetmeter-systemd-'));
    // Where it is put in place stands node; what is verified is the rest of the line.
    writeFileSync(join(folder, 'fleetmeter.service'), unit.replace('/usr/bin/node', process.execPath));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  async function analyze(...args: string[]) {
    const [command, ...first] = (await provide('systemd-analyze')).argv;
    const { status, stdout, stderr } = spawnSync(
      command,
      [...first, ...args, join(folder, 'fleetmeter.service')],
      {
        encoding: 'utf8',
      },
    );
    return { status, output: stdout + stderr };
  }

  test('is one that systemd takes', async () => {
    expect(await analyze('verify')).toEqual({ status: 0, output: '' });
  }, 120_000);

  test('leaves little open', async () => {
    // In tenths of a point: of 10, it has 1.3.
    const { status, output } = await analyze('security', '--offline=true', '--threshold=15');
    expect(output).toContain('Overall exposure level for fleetmeter.service: 1.3 OK');
    expect(status).toBe(0);
  }, 120_000);

  test('sets what is a setting', () => {
    const known = new Set<string>(SETTINGS.map(({ name }) => name));
    const names = [...unit.matchAll(/Environment=(FLEETMETER_\w+)/g)].map((match) => match[1] ?? '');
    expect(names.length).toBeGreaterThan(0);
    expect(names.filter((name) => !known.has(name))).toEqual([]);
  });
});
