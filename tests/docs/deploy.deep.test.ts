/**
 * What Helm, Kubernetes' schemas and VictoriaMetrics say of the files under docs/deploy and docs/prometheus.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { goProgram } from '../support/go';
import { CHART, KUBERNETES, plainManifests, template } from '../support/helm';
import { kubernetesSchemas } from '../support/python';

const run = promisify(execFile);
const MANIFESTS = resolve(__dirname, '../../docs/deploy/kubernetes');
const BUILD_MS = 20 * 60_000;
/** All that can be turned on, and names that are none of the defaults'. */
const EVERYTHING = [
  'monitoring.enabled=true',
  'monitoring.shards=4',
  'monitoring.runbookUrl=https://wiki.example.org/runbooks/',
  'grafana.enabled=true',
  'tokens.scrapeSecret=scrape',
  'kafka.saslSecret=sasl',
  'kafka.tlsSecret=tls',
  'exporter.replicas=5',
].flatMap((value) => ['--set', value]);

let folder: string;
let helm: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fleetmeter-deploy-'));
  helm = await goProgram('helm');
}, BUILD_MS);
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('the chart', () => {
  test.each([
    ['as it is', []],
    ['with everything', EVERYTHING],
  ])('passes helm lint %s', async (_, options) => {
    await run(helm, ['lint', '--strict', CHART, ...options]);
  });

  test.each([
    ['kafka.brokers=kafka', 'kafka.brokers'],
    ['redis.urlSecret=', 'redis.urlSecret'],
    ['gateway.replicas=0', 'gateway.replicas'],
    ['gatway.replicas=2', 'gatway'],
    ['settings.PARTITIONS=8', 'PARTITIONS'],
  ])('refuses %s by name', async (value, named) => {
    const failed = await template(helm, '--set', value).catch(String);
    expect(failed).toContain("values don't meet the specifications");
    expect(failed.replaceAll('/', '.')).toContain(named);
  });

  test('makes the plain manifests', async () => {
    const committed = readdirSync(MANIFESTS).map(
      (name) => [name, readFileSync(join(MANIFESTS, name), 'utf8')] as const,
    );
    expect(new Map(committed)).toEqual(await plainManifests(helm));
  });

  test('puts the runbooks where it is told, and the scrape token everywhere', async () => {
    const text = await template(helm, ...EVERYTHING);
    expect(text).not.toContain('github.com');
    expect(text).toContain('runbook_url: https://wiki.example.org/runbooks/GpuXid.md');
    expect(text.match(/credentials: { name: scrape, key: token }/g)).toHaveLength(3);
  });
});

describe('Kubernetes', () => {
  /** Strictly: a field that it does not know is a mistake. */
  async function conform(text: string): Promise<unknown> {
    const file = join(folder, 'manifests.yaml');
    writeFileSync(file, text);
    const schemas = kubernetesSchemas(KUBERNETES, join(folder, 'schemas'));
    return run(await goProgram('kubeconform'), [
      '-strict',
      '-schema-location',
      join(schemas, '{{.ResourceKind}}{{.KindSuffix}}.json'),
      // The Prometheus operator's own kinds.
      '-skip',
      'ServiceMonitor,PrometheusRule,ScrapeConfig',
      file,
    ]);
  }

  test(
    'takes what the chart makes',
    async () => {
      await conform(await template(helm));
      await conform(await template(helm, ...EVERYTHING));
    },
    BUILD_MS,
  );

  test(
    'would not take a misspelt field',
    async () => {
      const text = (await template(helm)).replace('replicas: 2', 'replica: 2');
      await expect(conform(text)).rejects.toMatchObject({
        stdout: expect.stringContaining("additional properties 'replica' not allowed") as string,
      });
    },
    BUILD_MS,
  );
});
