import { only } from '../query';
import type { Given } from '../query';
import type { Filter } from './running';

/** What part of the fleet a page shows, by its address. */
export interface Asked {
  readonly filter: Filter;
  /** The page of one job. */
  readonly job: { readonly runId: string; readonly jobId: string } | undefined;
}

export const WHOLE_FLEET: Asked = {
  filter: { project: undefined, user: undefined, backend: undefined },
  job: undefined,
};

/** Any address is a page: if what it names is gone, the page says so. */
export function readAsked(query: Given): Asked {
  const asked = (name: string): string | undefined => {
    const text = only(query[name]);
    return text === '' ? undefined : text;
  };
  const [runId, jobId] = [asked('run'), asked('job')];
  return {
    filter: { project: asked('project'), user: asked('user'), backend: asked('backend') },
    job: runId === undefined || jobId === undefined ? undefined : { runId, jobId },
  };
}

/** An address below the status page's own; a filter's empty members are left out. */
export function addressOf(members: Readonly<Record<string, string | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(members))
    if (value !== undefined && value !== '') query.set(name, value);
  const text = query.toString();
  return text === '' ? './' : `./?${text}`;
}
