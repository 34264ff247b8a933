import type { StateStore } from '../store/port';
import { refreshReplicas } from '../view/replica';
import type { Replica } from '../view/replica';
import { answered } from './stopped';

/**
 * Each partition at one version that was committed after this call began, updated in place from what was read
 * before; null if nothing was ever committed.
 */
export async function readSnapshots(
  store: StateStore,
  before: readonly (Replica | null)[],
): Promise<readonly (Replica | null)[]> {
  const replicas = [...before];
  answered(await refreshReplicas(store, replicas));
  return replicas;
}
