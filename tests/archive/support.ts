import { decodeEvent } from '../../events/codec';
import { isTelemetry } from '../../events/event';
import { openExport, type Counts } from '../../services/archive/export';
import { openImport, type Imported } from '../../services/archive/import';
import { type EventLog } from '../../services/log/port';
import { linesOf, type History, type Settings } from '../support/history';
import { livePlaces } from '../support/live-log';
import { openMemoryLog, type MemoryLog } from './memory-log';

export async function exportOf(
  log: EventLog,
  settings: Settings,
): Promise<{ readonly lines: string[]; readonly counts: Counts }> {
  const exported = await openExport(log, { ...settings, asOfMs: null });
  if (exported.kind === 'unavailable') throw new Error(exported.detail);
  const lines: string[] = [];
  for await (const chunk of exported.lines()) lines.push(...chunk.map(({ line }) => line));
  return { lines, counts: exported.counts };
}

export async function importInto(
  log: EventLog,
  lines: readonly string[],
  settings: Settings,
  resume = false,
): Promise<Imported> {
  const opened = await openImport(log, { ...settings, asOfMs: null }, resume);
  if (opened.kind !== 'import') throw new Error(opened.detail);
  return opened.run(buffersOf(lines), () => undefined);
}

async function* buffersOf(lines: readonly string[]): AsyncGenerator<Buffer> {
  for (const line of lines) yield Buffer.from(line);
}

/** The history as it might stand on a live log; `appendTimesMs` never go back, as brokers' do. */
export function liveLogOf(history: History): MemoryLog {
  const log = openMemoryLog({ partitions: history.settings.partitions });
  const places = livePlaces(history);
  linesOf(history).forEach((line, i) => {
    const { partition = 0, appendTimeMs = 0 } = places[i] ?? {};
    const decoded = decodeEvent(Buffer.from(line));
    const topic = decoded.ok && isTelemetry(decoded.event) ? 'telemetry' : 'lifecycle';
    log.put(topic, partition, Buffer.from(line), appendTimeMs);
  });
  return log;
}
