import type { EntityId, FleetEvent } from '../../events/event';
import { entityKey } from '../fold/fact';
import type { Scope } from '../http/access';

/**
 * The projects of the entities that are committed, by entityKey(); undefined: it can't be known now what is
 * committed.
 */
export type CommittedProjects = (
  keys: ReadonlySet<string>,
) => Promise<ReadonlyMap<string, string> | undefined>;

/**
 * Whether events may be sent with a token for some projects. What describes an entity names its project.
 * Everything else belongs to the project of its entity, or of the entity's run, as committed, or as this
 * process has recently let it through. What is not known is refused, since it could be anybody's.
 */
export interface Ownership {
  /** For each event why it is refused; undefined: it may be sent. Earlier ones count for later ones. */
  refusals(
    events: readonly FleetEvent[],
    scope: NonNullable<Scope>,
  ): Promise<readonly (string | undefined)[]>;
}

/** Entities are committed within a second or so of their first event. */
const REMEMBERED = 100_000;

export function openOwnership(committedProjects: CommittedProjects): Ownership {
  const lately = new Map<string, string>();

  function remember(key: string, project: string): void {
    lately.delete(key);
    lately.set(key, project);
    for (const oldest of lately.keys()) {
      if (lately.size <= REMEMBERED) break;
      lately.delete(oldest);
    }
  }

  return {
    async refusals(events, scope) {
      const committed = await committedProjects(new Set(events.flatMap(keysOf)));
      return events.map((event) => {
        const owners = keysOf(event).flatMap((key) => committed?.get(key) ?? lately.get(key) ?? []);
        if (!owners.every((owner) => scope.includes(owner)))
          return `its ${event.about.kind} is another project's`;
        const named = projectOf(event);
        if (named === undefined)
          return owners.length > 0 ? undefined : unknown(event, committed === undefined);
        if (!scope.includes(named))
          return `data.project: ${JSON.stringify(named.slice(0, 80))}, expected one of the token's projects`;
        remember(entityKey(event.about), named);
        return undefined;
      });
    },
  };
}

function unknown({ about }: FleetEvent, isAway: boolean): string {
  const why = isAway ? 'what is committed can not be read now' : 'send what describes it first';
  return `which project its ${about.kind} is of is not known: ${why}`;
}

/** Of the entity, and of the run that it is a part of. */
function keysOf({ about }: FleetEvent): string[] {
  const { within } = about;
  return [about, ...(within === undefined ? [] : [{ kind: 'run', id: within } satisfies EntityId])].map(
    entityKey,
  );
}

function projectOf({ data }: FleetEvent): string | undefined {
  return 'project' in data ? data.project : undefined;
}
