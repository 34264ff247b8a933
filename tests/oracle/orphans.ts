/** Jobs whose run or instance has ended, by the contract's sentence on `fleetmeter_orphaned_jobs`. */
import { latest, latestText, type Life } from './entity';
import { type Figures } from './figures';
import { instanceKey, runKey } from './read';

export interface Orphans {
  /** The next life of an entity, the earlier ones of an id first. */
  see(life: Life, key: string): void;
  seeJob(life: Life, isShown: boolean, pageTimeMs: number): void;
  /** Puts the series, once all entities are known. */
  write(figures: Figures): void;
}

export function openOrphans(): Orphans {
  const latestLives = new Map<string, Life>();
  const jobs: { life: Life; isShown: boolean; pageTimeMs: number }[] = [];

  function hasEnded(key: string, project: string | undefined, pageTimeMs: number): boolean {
    const life = latestLives.get(key);
    if (life?.finish === undefined || life.finish.timeMs >= pageTimeMs) return false;
    return project === undefined || latest(life.described, 'project') === project;
  }

  return {
    see(life, key) {
      const hasFacts =
        life.described.length + life.provisions.length + life.points.length + life.prices.length > 0;
      if (hasFacts) latestLives.set(key, life);
    },
    seeJob: (life, isShown, pageTimeMs) => void jobs.push({ life, isShown, pageTimeMs }),
    write(figures) {
      for (const { life, isShown, pageTimeMs } of jobs) {
        const project = latestText(life.described, 'project');
        const instanceId = latest(life.provisions, 'instance.id');
        const isOrphaned =
          hasEnded(runKey(latestText(life.described, 'run.id')), undefined, pageTimeMs) ||
          (typeof instanceId === 'string' && hasEnded(instanceKey(instanceId), project, pageTimeMs));
        const count = isShown && isOrphaned ? 1n : 0n;
        figures.add('fleetmeter_orphaned_jobs', [['dstack_project_name', project]], count, 0);
      }
    },
  };
}
