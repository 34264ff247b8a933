import { openLayout } from '../../services/page/layout';
import type { Pages } from '../../services/exporter/pages';
import type { Refreshed } from '../../services/exporter/views';

/** Pages as the status page reads them: what is shown now, and no /metrics page. */
export function statusPages(shown: () => Refreshed): Pages {
  const layout = openLayout();
  return {
    get: () => Promise.reject(new Error('the status page asks for no /metrics page')),
    read: (reader) => Promise.resolve(reader(shown(), layout)),
  };
}
