/**
 * docker-compose.yml can't be run where there is no container engine; what it points at can be checked
 * anyway.
 */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse } from 'yaml';
import { readPage } from './pages';

const ROOT = resolve(__dirname, '../..');

interface Service {
  environment?: Record<string, string | number>;
  depends_on?: Record<string, { condition: string }>;
  volumes?: string[];
  healthcheck?: unknown;
}
interface Compose {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
}

const compose = parse(readFileSync(resolve(ROOT, 'docker-compose.yml'), 'utf8'), { merge: true }) as Compose;
const services = Object.entries(compose.services);

test('what is mounted exists', () => {
  const sources = services.flatMap(([, { volumes = [] }]) =>
    volumes.map((volume) => volume.split(':')[0] ?? ''),
  );
  const missing = sources.filter((source) =>
    source.startsWith('.') ? !existsSync(resolve(ROOT, source)) : !(source in compose.volumes),
  );
  expect(sources.length).toBeGreaterThan(0);
  expect(missing).toEqual([]);
});

test('what is waited for exists, and can become healthy', () => {
  const waits = services.flatMap(([, { depends_on = {} }]) => Object.entries(depends_on));
  const hopeless = waits.filter(([name, { condition }]) => {
    const service = compose.services[name];
    return service === undefined || (condition === 'service_healthy' && service.healthcheck === undefined);
  });
  expect(waits.length).toBeGreaterThan(0);
  expect(hopeless).toEqual([]);
});

test('its settings are documented', () => {
  const names = services.flatMap(([, { environment = {} }]) =>
    Object.keys(environment).filter((name) => name.startsWith('FLEETMETER_')),
  );
  const settings = readPage('docs/reference/settings.md').text;
  expect(names.length).toBeGreaterThan(0);
  expect(names.filter((name) => !settings.includes(`\`${name}\``))).toEqual([]);
});

test.each(['docs/deploy/haproxy.cfg', 'docs/prometheus/prometheus.yml'])(
  '%s points at services of it',
  (file) => {
    const hosts = [
      ...readFileSync(resolve(ROOT, file), 'utf8').matchAll(/[\s[](fleetmeter[\w-]*):19464/g),
    ].map((match) => match[1] ?? '');
    expect(hosts.length).toBeGreaterThan(1);
    expect(hosts.filter((host) => !(host in compose.services))).toEqual([]);
  },
);
