import { figuresOf } from '../catalogue/figures';
import { ENTITY } from '../view/entries';
import type { Pages } from './pages';

/**
 * The projects of those of the entities that are committed and live, by entity key; undefined: that can't be
 * known now.
 */
export function committedProjects(pages: Pages) {
  return (keys: ReadonlySet<string>): Promise<ReadonlyMap<string, string> | undefined> =>
    pages.read((refreshed) => {
      if (refreshed.kind !== 'ready') return undefined;
      const projects = new Map<string, string>();
      for (const { entities } of refreshed.views) {
        for (const key of keys) {
          const entity = entities.get(ENTITY.prefix + key);
          const project = entity === undefined ? undefined : figuresOf(entity)?.entity.project;
          if (project !== undefined) projects.set(key, project);
        }
      }
      return projects;
    });
}
