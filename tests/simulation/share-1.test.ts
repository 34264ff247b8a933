import { depth } from '../support/depth';
import { testShare } from './share';

testShare(1, depth(60, 1_500));
