import type { Target } from '../exposition/page-event';
import type { HttpRefusal } from '../http/refusal';

type TargetRead =
  | { readonly kind: 'target'; readonly target: Target }
  | { readonly kind: 'refused'; readonly refusal: HttpRefusal };

const KNOWN: ReadonlySet<string> = new Set(['job', 'run', 'instance']);

/** Reads `job=&run=` or `instance=` from a query, each once, and nothing else. */
export function targetOf(query: string): TargetRead {
  const parameters = new URLSearchParams(query);
  for (const name of parameters.keys()) {
    if (!KNOWN.has(name)) return refused(`${JSON.stringify(name.slice(0, 64))} is unknown`);
    if (parameters.getAll(name).length > 1) return refused(`${name} is there several times`);
  }
  const [job, run, instance] = ['job', 'run', 'instance'].map((name) => parameters.get(name) ?? '');
  if (instance && !job && !run) return { kind: 'target', target: { instance: { id: instance } } };
  if (job && run && !instance) return { kind: 'target', target: { job: { id: job }, run: { id: run } } };
  if (instance) return refused('instance is there together with job or run');
  return refused(job ? 'run is absent or empty' : run ? 'job is absent or empty' : 'all are absent or empty');
}

function refused(problem: string): TargetRead {
  const detail = `query: ${problem}, expected job=ID&run=ID or instance=ID`;
  return { kind: 'refused', refusal: { status: 400, reason: 'invalid_parameters', detail } };
}
