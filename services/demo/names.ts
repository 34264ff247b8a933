import type { Random } from './random';

const ADJECTIVES =
  'brave calm clever cold curious eager fancy fast gentle giant green happy honest hot kind lazy lucky mighty neat nice old polite proud quick quiet rare red shy silly slow smart strange strong sweet swift tasty tidy tiny warm weak wet wise witty young'.split(
    ' ',
  );
const ANIMALS =
  'ant badger bear bee bird cat catfish chicken cobra cow crab deer dog dolphin dragon eagle eel elephant emu falcon fish fly fox frog goose horse insect jellyfish kangaroo lion lizard mayfly mole monkey moose moth mouse mule newt octopus otter owl panda penguin pig puma quail rabbit rat robin seahorse shrimp skunk sloth snail swan termite tiger turkey turtle walrus wasp wolf yak zebra'.split(
    ' ',
  );

/** Names of runs of one project: free again when their run is over, as in dstack. */
export interface Names {
  /** One of `wanted`, or a made-up one; with a number if all of that name are taken. */
  take(wanted: readonly string[]): string;
  giveBack(name: string): void;
}

export function openNames(random: Random): Names {
  const taken = new Set<string>();

  function take(wanted: readonly string[]): string {
    const made =
      wanted.length > 0 ? random.pick(wanted) : `${random.pick(ADJECTIVES)}-${random.pick(ANIMALS)}-1`;
    const stem = wanted.length > 0 ? made : made.slice(0, -2);
    let name = made;
    for (let number = 2; taken.has(name); number++) name = `${stem}-${number}`;
    taken.add(name);
    return name;
  }

  return { take, giveBack: (name) => void taken.delete(name) };
}
