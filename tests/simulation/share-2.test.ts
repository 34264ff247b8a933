import { depth } from '../support/depth';
import { testShare } from './share';

testShare(2, depth(60, 1_500));
