/** What the charts are made of: a point each now and then, at no cost to what is followed. */
import { openPages } from '../../services/exporter/pages';
import { openTrend } from '../../services/exporter/trend';
import { openViews } from '../../services/exporter/views';
import { until } from '../support/server';
import { instanceStarted } from '../support/told';
import { SAMPLE_TTL_MS, openWorld } from './world';

test('however many points there are, a view has the one follower that its pages have', async () => {
  const atMs = Date.UTC(2026, 10, 24, 8);
  const world = await openWorld();
  await world.commit(atMs, [
    { ...instanceStarted('i', { price: { dollars_per_hour: 98.32 }, status: 'idle' }), atMs },
  ]);
  const pages = openPages(openViews(world.store), SAMPLE_TTL_MS);
  const trend = openTrend(pages, SAMPLE_TTL_MS, 5);
  try {
    await until(
      () => trend.points(undefined).length >= 5,
      30_000,
      () => 'there are no points',
    );
    expect(trend.points('p')[0]).toMatchObject({ dollarsPerHour: 98.32, idleDollarsPerHour: 98.32 });
    const followers = await pages.read((refreshed) =>
      refreshed.kind === 'ready' ? refreshed.views.map((view) => view.followers.size) : [],
    );
    expect(new Set(followers)).toEqual(new Set([1]));
  } finally {
    trend.stop();
    await world.close();
  }
});
