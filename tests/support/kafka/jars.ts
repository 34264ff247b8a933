import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { alone } from '../alone';

const run = promisify(execFile);
const POM = join(__dirname, 'pom.xml');
const COPY = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';
const MIN_JAVA = 17;

/**
 * The class path of a Kafka: of an installed one where KAFKA_HOME names it, otherwise of jars that Maven
 * fetches once (about 40 MB) into ~/.cache/fleetmeter. Throws, saying what is missing, where there is
 * neither.
 */
export async function kafkaClassPath(): Promise<string> {
  await checkJava();
  const home = process.env['KAFKA_HOME'];
  if (home) return join(home, 'libs', '*');
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const version = createHash('sha256').update(readFileSync(POM)).digest('hex').slice(0, 12);
  const dir = join(cache, 'fleetmeter', `kafka-${version}`);
  mkdirSync(join(cache, 'fleetmeter'), { recursive: true });
  if (!existsSync(dir)) {
    await alone(`${dir}.lock`, async () => {
      if (!existsSync(dir)) await fetchJars(dir);
    });
  }
  return join(dir, '*');
}

async function checkJava(): Promise<void> {
  const printed = await run('java', ['-version']).catch(() => null);
  const version = Number(/version "(\d+)/.exec(printed?.stderr ?? '')?.[1] ?? 0);
  if (version < MIN_JAVA) {
    throw new Error(
      `tests against Kafka need Java ${MIN_JAVA} or newer on the PATH, found ${version || 'none'} ` +
        '(Debian: apt-get install openjdk-17-jre-headless maven)',
    );
  }
}

async function fetchJars(dir: string): Promise<void> {
  const partial = `${dir}.partial`;
  rmSync(partial, { recursive: true, force: true });
  const goal = [COPY, '-DincludeScope=runtime', `-DoutputDirectory=${partial}`];
  try {
    await run('mvn', ['-q', '-B', '-ntp', '-f', POM, ...goal]);
  } catch (error) {
    throw new Error(
      'tests against Kafka need its jars: set KAFKA_HOME to an installed Kafka, or have Maven (`mvn`) on the PATH to fetch them',
      { cause: error },
    );
  }
  renameSync(partial, dir);
}
