import { depth } from '../support/depth';
import { testShare } from './share';

testShare(0, depth(60, 1_500));
