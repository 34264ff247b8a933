/** dstack's adapter against a stand-in: the contract, and what is dstack's own. */
import { depth } from '../support/depth';
import { testControlPlane } from './contract';
import { openDstackWorld } from './dstack-world';

jest.setTimeout(60_000);

testControlPlane('dstack', openDstackWorld, depth(2, 50));
