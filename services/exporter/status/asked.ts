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

type Given = Readonly<Record<string, string | string[] | undefined>>;

/** Any address is a page: if what it names is gone, the page says so. */
export function readAsked(query: Given): Asked {
  const only = (name: string): string | undefined => {
    const given = query[name];
    const text = Array.isArray(given) ? given.at(-1) : given;
    return text === '' ? undefined : text;
  };
  const [runId, jobId] = [only('run'), only('job')];
  return {
    filter: { project: only('project'), user: only('user'), backend: only('backend') },
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
