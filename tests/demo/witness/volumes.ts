import type { Fleet, Of } from './fleet';

export function watchVolumes(fleet: Fleet) {
  const must: Fleet['must'] = fleet.must;
  const { get, count } = fleet;
  const volumes = new Map<string, { price: number }>();
  return {
    created(event: Of<'fleetmeter.volume.created.v1'>): void {
      const { volume, price } = event.data;
      must(!volumes.has(volume.id), 'created twice');
      must(price != null && volume.size_bytes != null, 'incomplete');
      volumes.set(volume.id, { price: price.dollars_per_hour });
      count('volume created');
    },
    priceChanged(event: Of<'fleetmeter.volume.price_changed.v1'>): void {
      const volume = get(volumes, event.data.volume.id);
      must(event.data.price.dollars_per_hour !== volume.price, 'a price that does not change');
      volume.price = event.data.price.dollars_per_hour;
    },
    deleted(event: Of<'fleetmeter.volume.deleted.v1'>): void {
      get(volumes, event.data.volume.id);
      volumes.delete(event.data.volume.id);
      count('volume deleted');
    },
  };
}
