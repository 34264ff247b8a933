import { LAST } from '../fact';
import type { Fact, Micros } from '../fact';
import type { VolumeRow } from './answers';
import type { Cursor } from './book';
import type { From, Page } from './client';
import type { Context } from './context';
import { isDeletedName } from './describe';
import { unsent } from './learn';
import { PAGE } from './read';
import { at } from './times';
import { VANISHED } from './vanished';

type Filter = Readonly<Record<string, unknown>>;

/**
 * What dstack knows about volumes. There are few, and no way to ask for one by id: those that exist, those
 * created since the newest known, and the ends of known ones that are among neither.
 */
export async function readVolumes(context: Context): Promise<void> {
  const { book, facts } = context;
  const readMicros = context.nowMicros();
  const known = (book.volumes ??= {});
  const rows = await listVolumes(context, aliveOf(known));
  for (const row of rows.values()) {
    const volume = (known[row.id] ??= { sent: [], seenMicros: readMicros });
    const end = volumeDeleted(row);
    facts.push(...unsent(volume, volumeCreated(row)), ...unsent(volume, end));
    volume.seenMicros = readMicros;
    if (end !== undefined) volume.endMicros = end.atMicros;
  }
  const gone = [...aliveOf(known)].filter((id) => !rows.has(id));
  const areGone = gone.length > 0 && (await context.client.seesAll());
  if (areGone) facts.push(...gone.map((id) => deleted(id, known[id]?.seenMicros ?? readMicros, VANISHED)));
  const isKept = (id: string): boolean => rows.has(id) || (!areGone && gone.includes(id));
  book.volumes = Object.fromEntries(Object.entries(known).filter(([id]) => isKept(id)));
}

function aliveOf(known: Readonly<Record<string, { readonly endMicros?: Micros }>>): Set<string> {
  return new Set(Object.keys(known).filter((id) => known[id]?.endMicros === undefined));
}

/**
 * @param left ids of those known to exist, which are looked for among all volumes if they are no longer
 * listed as existing
 */
async function listVolumes(
  { book, client }: Context,
  left: Set<string>,
): Promise<ReadonlyMap<string, VolumeRow>> {
  const rows = new Map<string, VolumeRow>();
  const list = async (filter: Filter, from: From | undefined, isEnough = () => false) => {
    let next: Cursor | undefined = undefined;
    for (let after = from; ; after = next) {
      const page: Page<VolumeRow> = await client.volumes({ limit: PAGE, ...filter }, after);
      for (const row of page.rows) {
        rows.set(row.id, row);
        left.delete(row.id);
      }
      next = page.next ?? next;
      if (page.count < PAGE || page.next === undefined || isEnough()) return next;
    }
  };
  await list({ ascending: true, only_active: true }, undefined);
  const newest = await list({ ascending: true }, book.newestVolume);
  if (newest !== undefined) book.newestVolume = newest;
  if (left.size > 0) await list({}, undefined, () => left.size === 0);
  return rows;
}

const GIB = 1024 ** 3;
/** dstack's prices are per month of 30 days. */
const HOURS_A_MONTH = 30 * 24;

function volumeCreated(row: VolumeRow): Fact {
  const { configuration, provisioning_data: provisioned, user } = row;
  const told = {
    ...(provisioned?.size_gb == null ? {} : { size_bytes: provisioned.size_gb * GIB }),
    ...(configuration.region == null ? {} : { region: configuration.region }),
  };
  const price = provisioned?.price == null ? undefined : provisioned.price / HOURS_A_MONTH;
  return {
    type: 'fleetmeter.volume.created.v1',
    atMicros: at(row.created_at),
    // Size and price are known once it is provisioned; the fuller description is the later one, and so is the
    // one with the user's real name.
    detail: Object.keys(told).length + (price === undefined ? 0 : 1) + (isDeletedName(user) ? 0 : 10),
    data: {
      project: row.project_name,
      user,
      volume: { id: row.id, name: row.name, backend: configuration.backend, ...told },
      ...(price === undefined ? {} : { price: { dollars_per_hour: price } }),
      snapshot: true,
    },
  };
}

/** Undefined for a volume that exists. One that could not be created costs until then, as in dstack. */
function volumeDeleted(row: VolumeRow): Fact | undefined {
  const isFailed = row.status === 'failed';
  if (!row.deleted && !isFailed) return undefined;
  const atMicros = at(isFailed ? row.last_processed_at : (row.deleted_at ?? row.last_processed_at));
  return deleted(row.id, atMicros, isFailed ? 'failed' : undefined);
}

function deleted(id: string, atMicros: Micros, reason: string | undefined): Fact {
  const data = { volume: { id }, ...(reason === undefined ? {} : { reason }) };
  return { type: 'fleetmeter.volume.deleted.v1', atMicros, detail: LAST, data };
}
