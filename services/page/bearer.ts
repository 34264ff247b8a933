import type { EntityKind } from '../../events/kinds';
import { INSTANCE_LABELS } from '../catalogue/instance';
import { JOB_LABELS } from '../catalogue/job';
import type { Described } from '../catalogue/kinds';
import type { PageEntity } from './bucket';

/** What bears the GPU series that an exporter reports: a job, or an instance whose GPUs no job has. */
export interface Bearer {
  /** The key of its entry in its view. */
  readonly entry: string;
  readonly bucket: number;
  readonly kind: BearerKind;
  readonly project: string;
  readonly labels: readonly string[];
}

export type BearerKind = Extract<EntityKind, 'job' | 'instance'>;

export const BEARER_LABELS: Readonly<Record<BearerKind, readonly string[]>> = {
  job: JOB_LABELS,
  instance: INSTANCE_LABELS,
};

export function bearerOf({ entry, bucket, entity }: PageEntity<Described<BearerKind>>): Bearer {
  return { entry, bucket, kind: entity.kind, project: entity.project, labels: entity.labels };
}
