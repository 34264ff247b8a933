/** What a Prometheus sees of counters: each series' last value, whichever replica it came from. */
export interface CounterWatch {
  /**
   * Takes a page in the text format; answers the counters of ours that have fallen since the pages before, a
   * line each.
   */
  see(page: string): string[];
}

/** CPU time and what is made of an exporter's counters do as their source does. */
export function isPassedThrough(name: string): boolean {
  return name === 'dstack_job_cpu_time_seconds_total' || name.startsWith('fleetmeter_gpu_');
}

export function watchCounters(): CounterWatch {
  const seen = new Map<string, number>();
  return {
    see(page) {
      const fallen: string[] = [];
      let isCounter = false;
      for (const line of page.split('\n')) {
        if (line.startsWith('#')) {
          const [, name = '', type = ''] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
          const isOurs = /^(?:dstack|fleetmeter)_/.test(name) && !isPassedThrough(name);
          isCounter = isOurs && (type === 'counter' || type === 'histogram');
          continue;
        }
        if (!isCounter) continue;
        const gap = line.lastIndexOf(' ');
        const key = line.slice(0, gap);
        const value = Number(line.slice(gap + 1));
        const before = seen.get(key);
        if (before !== undefined && value < before)
          fallen.push(`${key}: ${String(before)} -> ${String(value)}`);
        seen.set(key, value);
      }
      return fallen;
    },
  };
}

/** `fleetmeter_page_timestamp_seconds` of a page. */
export function pageTimeOf(page: string): number {
  return Number(/^fleetmeter_page_timestamp_seconds (\S+)$/m.exec(page)?.[1]);
}
