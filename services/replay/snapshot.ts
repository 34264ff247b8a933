import type { StateStore } from '../store/port';
import { refreshReplicas } from '../view/replica';
import type { Replica } from '../view/replica';
import { answered } from './stopped';

/**
 * Each partition at one version that was committed after this call began, brought on in place from what was
 * read of it before; null where nothing was ever committed.
 */
export async function readSnapshots(
  store: StateStore,
  before: readonly (Replica | null)[],
): Promise<readonly (Replica | null)[]> {
  const replicas = [...before];
  answered(await refreshReplicas(store, replicas));
  return replicas;
}
