import { depth } from '../support/depth';
import { testShare } from './share';

testShare(3, depth(60, 1_500));
