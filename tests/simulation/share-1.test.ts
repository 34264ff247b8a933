import { depth } from '../support/depth';
import { testShare } from './share';

testShare(1, depth(120, 1_500));
