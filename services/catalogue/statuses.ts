import type { KINDS, EntityKind, Status } from '../../events/kinds';
import { ONE, ZERO } from './family';
import type { SumFamily } from './family';

type Unfinished = (typeof KINDS)[EntityKind]['statuses']['unfinished'];

interface InStatus {
  readonly project: string;
  readonly status: Status;
}

/**
 * How many entities of a kind are in each unfinished status: an entity counts 1 in its own status and 0 in
 * the others, so that each status has a series once the project has an entity.
 */
export function statusFamily(name: string, help: string, statuses: Unfinished): SumFamily<InStatus> {
  return {
    name,
    type: 'gauge',
    help,
    labels: ['dstack_project_name', 'status'],
    per: 1,
    partsOf: ({ project, status: current }) =>
      statuses.map((status) => ({ labels: [project, status], amount: status === current ? ONE : ZERO })),
  };
}
